/// One target, one frame, one version. From the archiver's outbox.
public struct PhotometryMeasured: EventPayload {
    public static let type = EventType("photometry.measured")
    /// Digest of target, frame and version: this version of this point.
    public var measurementID: String
    public var target: String
    /// The frame, or for harvested points the identity of the source's point.
    public var frameID: String
    /// Counts up for one target and frame; the highest is current.
    public var version: Int
    /// True until the night is closed.
    public var provisional: Bool
    /// True when this version says that the point is no longer believed: it has neither magnitude nor limit.
    public var withdrawn: Bool
    public var filter: String
    /// `AB`, `Vega`, or `differential` where neither a comparison star nor a catalogue gives the level.
    public var magnitudeSystem: String
    public var midpointMJDUTC: Double
    public var midpointBJDTDB: Double?
    public var magnitude: Double?
    /// Independent from point to point: photons, sky, scintillation, the frame's ensemble or zero point [mag].
    public var magnitudeError: Double?
    /// Error of the level, common to all points of one target, filter, instrument and night [mag]; nil where the level
    /// is nobody's scale. The magnitude's error as a whole is the root of the sum of both squares.
    public var levelError: Double?
    /// Upper limit: the source was fainter than this with `limitSigma`.
    public var limitMagnitude: Double?
    public var limitSigma: Double?
    public var fluxNanojansky: Double?
    /// Independent from point to point, like `magnitudeError`.
    public var fluxErrorNanojansky: Double?
    public var airmass: Double?
    /// Nil for harvested points and targets without a place on the sky.
    public var circumstances: ObservingCircumstances?
    public var fwhmPixels: Double?
    /// Source flags, the published registry.
    public var flags: UInt32
    /// Names of the frame's calibration flags: `noFlat`, ...; nil for harvested points.
    public var calibrationFlags: [String]?
    public var instrument: String
    public var field: String
    public var ensemble: String?
    /// Which zero points of frames gave the level, by a digest of them; nil where comparison stars did, or nothing.
    public var zeroPoint: String?
    /// The reference catalogue that the zero points are from.
    public var catalogue: String?
    /// The band that the magnitude is in: "Johnson-Cousins V".
    public var band: String?
    /// The zero point of the frame by the catalogue, its transparency and the choice of its band; nil for harvested
    /// points, and where the frame has none.
    public var frameZeroPoint: FrameZeroPointFacts?
    /// Of the target's comparison sequence; nil without one, or where the frame does not show it well.
    public var checkStar: CheckStarFacts?
    /// `nightjar`, or who measured it.
    public var source: String

    public var key: String { target }
    public var subject: String { "\(target)/\(frameID)" }
    public var identity: String { measurementID }

    public init(
        measurementID: String, target: String, frameID: String, version: Int, provisional: Bool, filter: String,
        magnitudeSystem: String, midpointMJDUTC: Double, flags: UInt32, instrument: String, field: String,
        source: String
    ) {
        self.measurementID = measurementID
        self.target = target
        self.frameID = frameID
        self.version = version
        self.provisional = provisional
        withdrawn = false
        self.filter = filter
        self.magnitudeSystem = magnitudeSystem
        self.midpointMJDUTC = midpointMJDUTC
        self.flags = flags
        self.instrument = instrument
        self.field = field
        self.source = source
    }
}

/// One point of somebody else's light curve.
public struct HarvestedPoint: Codable, Sendable, Equatable {
    /// The same for the same point in whatever format it comes.
    public var pointID: String
    public var filter: String
    public var magnitudeSystem: String
    public var midpointMJDUTC: Double
    public var midpointBJDTDB: Double?
    public var magnitude: Double?
    /// Independent from point to point, where `levelError` is known; else what the source calls its error.
    public var magnitudeError: Double?
    /// Error of the level that the points of one source share [mag].
    public var levelError: Double?
    public var limitMagnitude: Double?
    /// Significance of the limit, where the source says it.
    public var limitSigma: Double?
    public var observer: String?
    /// What it was observed with, as the source names it.
    public var instrument: String?
    /// Where in the source it stands: `file.txt line 12`.
    public var provenance: String

    public init(pointID: String, filter: String, magnitudeSystem: String, midpointMJDUTC: Double, provenance: String) {
        self.pointID = pointID
        self.filter = filter
        self.magnitudeSystem = magnitudeSystem
        self.midpointMJDUTC = midpointMJDUTC
        self.provenance = provenance
    }
}

/// Photometry of others for one target. From the harvester.
public struct PhotometryHarvested: EventPayload {
    public static let type = EventType("photometry.harvested")
    public var target: String
    /// Who or what it comes from: `aavso`, `csv`, ...
    public var source: String
    /// Digest of the points: a batch sent twice is the same event.
    public var batchID: String
    public var points: [HarvestedPoint]

    public var key: String { target }
    public var subject: String { target }
    public var identity: String { batchID }

    public init(target: String, source: String, batchID: String, points: [HarvestedPoint]) {
        self.target = target
        self.source = source
        self.batchID = batchID
        self.points = points
    }
}

public enum AlertType: String, Codable, Sendable {
    case initial, update, retraction
}

/// A rule holds for a target. From the alerter, to the world.
public struct AlertRaised: EventPayload {
    public static let type = EventType("alert.raised")
    /// One event in the sky: the same for its updates and its retraction.
    public var alertID: String
    public var alertType: AlertType
    /// 0 for the initial alert, then counting up.
    public var sequence: Int
    public var rule: String
    public var ruleRevision: Int
    public var target: String
    public var filter: String
    /// What the rule found, in words.
    public var text: String
    /// The point that carries the alert.
    public var measurementID: String?
    public var midpointMJDUTC: Double?
    public var midpointBJDTDB: Double?
    public var magnitude: Double?
    /// The point's own, and the error of the level that all points share.
    public var magnitudeError: Double?
    public var levelError: Double?
    public var magnitudeSystem: String?
    public var baselineMagnitude: Double?
    public var baselineSigma: Double?
    /// Points that confirm it.
    public var confirmations: Int
    public var raDegrees: Double?
    public var decDegrees: Double?
    /// The data were older than the rule's `maxAgeHours` when the alert was raised.
    public var historical: Bool

    public var key: String { target }
    public var subject: String { alertID }
    public var identity: String { "\(alertType.rawValue)|\(sequence)" }

    public init(
        alertID: String, alertType: AlertType, sequence: Int, rule: String, ruleRevision: Int, target: String,
        filter: String, text: String, confirmations: Int, historical: Bool
    ) {
        self.alertID = alertID
        self.alertType = alertType
        self.sequence = sequence
        self.rule = rule
        self.ruleRevision = ruleRevision
        self.target = target
        self.filter = filter
        self.text = text
        self.confirmations = confirmations
        self.historical = historical
    }
}
