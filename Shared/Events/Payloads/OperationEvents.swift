/// A night's frames are all in: compute it again as a pure function of them. From the archiver.
public struct NightClosed: EventPayload {
    public static let type = EventType("night.closed")
    public var instrument: String
    public var night: String
    /// Counts the closings of this night: it can be opened by late frames and closed again.
    public var revision: Int
    /// Frames of the night in the ledger, all kinds.
    public var frames: Int

    public var key: String { instrument }
    public var subject: String { "\(instrument)/\(night)" }
    public var identity: String { String(revision) }

    public init(instrument: String, night: String, revision: Int, frames: Int) {
        self.instrument = instrument
        self.night = night
        self.revision = revision
        self.frames = frames
    }
}

/// The masters of a closed night are final; these lights were calibrated again with them. From the calibrator.
public struct NightRecalibrated: EventPayload {
    public static let type = EventType("night.recalibrated")
    public var instrument: String
    public var night: String
    public var revision: Int
    /// Recipe of every light of the night now: frame id to recipe.
    public var recipes: [String: String]

    public var key: String { instrument }
    public var subject: String { "\(instrument)/\(night)" }
    public var identity: String { String(revision) }

    public init(instrument: String, night: String, revision: Int, recipes: [String: String]) {
        self.instrument = instrument
        self.night = night
        self.revision = revision
        self.recipes = recipes
    }
}

/// The ledger of a closed night adds up. From the archiver.
public struct LedgerReconciled: EventPayload {
    public static let type = EventType("ledger.reconciled")
    public var instrument: String
    public var night: String
    public var revision: Int
    public var received: Int
    public var measured: Int
    public var calibration: Int
    public var rejected: Int
    public var deadLettered: Int

    public var key: String { instrument }
    public var subject: String { "\(instrument)/\(night)" }
    public var identity: String { String(revision) }

    public init(
        instrument: String, night: String, revision: Int, received: Int, measured: Int, calibration: Int, rejected: Int,
        deadLettered: Int
    ) {
        self.instrument = instrument
        self.night = night
        self.revision = revision
        self.received = received
        self.measured = measured
        self.calibration = calibration
        self.rejected = rejected
        self.deadLettered = deadLettered
    }
}

/// A message that failed three times, the third time alone in a child process. From any service.
public struct MessageDeadLettered: EventPayload {
    public static let type = EventType("message.deadlettered")
    public var service: String
    public var originalTopic: String
    public var originalPartition: Int
    public var originalOffset: Int
    public var originalKey: String
    public var originalHeaders: [Message.Header]
    /// The message's bytes, base64.
    public var originalValueBase64: String
    public var error: String
    public var attempts: Int
    /// The frame it was about, when it can be told.
    public var frameID: String?
    /// Counts replays of one message.
    public var sequence: Int

    public var key: String { originalKey }
    public var subject: String { "\(originalTopic)/\(originalPartition)/\(originalOffset)" }
    public var identity: String { "\(service)|\(sequence)" }

    public init(
        service: String, originalTopic: String, originalPartition: Int, originalOffset: Int, originalKey: String,
        originalHeaders: [Message.Header], originalValueBase64: String, error: String, attempts: Int, frameID: String?,
        sequence: Int
    ) {
        self.service = service
        self.originalTopic = originalTopic
        self.originalPartition = originalPartition
        self.originalOffset = originalOffset
        self.originalKey = originalKey
        self.originalHeaders = originalHeaders
        self.originalValueBase64 = originalValueBase64
        self.error = error
        self.attempts = attempts
        self.frameID = frameID
        self.sequence = sequence
    }
}

/// A service is alive. From all of them, every few seconds.
public struct ServiceHeartbeat: EventPayload {
    public static let type = EventType("service.heartbeat", partitions: 1, retentionHours: 1)
    public var service: String
    /// Host and process: one instance of the service.
    public var instance: String
    public var sequence: Int
    public var version: String
    /// `running`, or what it waits for.
    public var state: String
    /// Messages done since it started.
    public var handled: Int
    /// From the archiver only: frames of the ledger that have no fate yet.
    public var pendingFrames: Int?
    /// From the archiver only: frames in the ledger.
    public var receivedFrames: Int?

    public var key: String { instance }
    public var subject: String { instance }
    public var identity: String { String(sequence) }

    public init(service: String, instance: String, sequence: Int, version: String, state: String, handled: Int) {
        self.service = service
        self.instance = instance
        self.sequence = sequence
        self.version = version
        self.state = state
        self.handled = handled
    }
}
