/// A raw frame is in the store and usable. From ingest.
public struct FrameReceived: EventPayload {
    public static let type = EventType("frame.received")
    /// First 128 bits of the SHA-256 of the file's bytes, 32 hexadecimal digits; of a channel, see `FrameName`.
    public var frameID: String
    public var raw: StoredFile
    /// The name the user gave it, without its folder.
    public var originalName: String
    /// SHA-256 of the decompressed pixels and DATE-OBS: the same for a compressed twin.
    public var contentSHA256: String
    /// Observing night at the site, the evening's date: `2017-12-19`.
    public var night: String
    public var instrument: InstrumentFacts
    public var exposure: ExposureFacts
    /// What was missing or odd in the header, in words.
    public var notes: [String]

    public var key: String { instrument.id }
    public var subject: String { frameID }
    public var identity: String { "\(instrument.id)#\(instrument.revision)" }

    public init(
        frameID: String, raw: StoredFile, originalName: String, contentSHA256: String, night: String,
        instrument: InstrumentFacts, exposure: ExposureFacts, notes: [String]
    ) {
        self.frameID = frameID
        self.raw = raw
        self.originalName = originalName
        self.contentSHA256 = contentSHA256
        self.night = night
        self.instrument = instrument
        self.exposure = exposure
        self.notes = notes
    }
}

/// A frame that can never be used, and why. From any stage.
public struct FrameRejected: EventPayload {
    public static let type = EventType("frame.rejected")
    public var frameID: String
    public var originalName: String
    public var instrument: String
    /// Where the bytes are kept, when they are.
    public var raw: StoredFile?
    /// Which service refused it.
    public var stage: String
    /// From the published registry of rejection reasons (docs/registries.md).
    public var code: String
    public var reason: String

    public var key: String { instrument }
    public var subject: String { frameID }
    public var identity: String { "\(stage)|\(code)" }

    public init(
        frameID: String, originalName: String, instrument: String, raw: StoredFile?, stage: String, code: String,
        reason: String
    ) {
        self.frameID = frameID
        self.originalName = originalName
        self.instrument = instrument
        self.raw = raw
        self.stage = stage
        self.code = code
        self.reason = reason
    }
}

/// A master bias, dark, flat or fringe is in the store. From the calibrator.
public struct MasterBuilt: EventPayload {
    public static let type = EventType("master.built")
    /// Digest of kind, inputs and recipe.
    public var masterID: String
    public var kind: MasterKind
    public var instrument: String
    public var night: String
    public var file: StoredFile
    public var filter: String?
    /// `TR`, `TG` or `TB`: of a colour camera; it serves that channel alone.
    public var channel: String?
    public var exposureSeconds: Double
    public var temperatureCelsius: Double?
    public var binningX: Int
    public var binningY: Int
    public var width: Int
    public var height: Int
    /// Mean mid-exposure of the inputs.
    public var midpointMJDUTC: Double
    /// Frames that went in, in order of mid-exposure.
    public var inputs: [String]
    /// Masters that were used to make it: the bias of a dark, bias and dark of a flat.
    public var parents: [String]
    /// Names of calibration flags: `singleFrame`, `containsBias`, ...
    public var flags: [String]
    /// Flats: gain by photon transfer of their pairs, and its standard error [e-/ADU].
    public var measuredGainElectronsPerADU: Double?
    public var measuredGainError: Double?

    public var key: String { instrument }
    public var subject: String { masterID }
    public var identity: String { masterID }

    public init(
        masterID: String, kind: MasterKind, instrument: String, night: String, file: StoredFile,
        exposureSeconds: Double,
        binningX: Int, binningY: Int, width: Int, height: Int, midpointMJDUTC: Double, inputs: [String],
        parents: [String], flags: [String]
    ) {
        self.masterID = masterID
        self.kind = kind
        self.instrument = instrument
        self.night = night
        self.file = file
        self.exposureSeconds = exposureSeconds
        self.binningX = binningX
        self.binningY = binningY
        self.width = width
        self.height = height
        self.midpointMJDUTC = midpointMJDUTC
        self.inputs = inputs
        self.parents = parents
        self.flags = flags
    }
}

/// A master as one light used it.
public struct MasterChoice: Codable, Sendable, Equatable {
    public var masterID: String
    public var kind: MasterKind
    /// Why this one: "same mode, 60 s dark scaled to 30 s, 2 nights older".
    public var reason: String

    public init(masterID: String, kind: MasterKind, reason: String) {
        self.masterID = masterID
        self.kind = kind
        self.reason = reason
    }
}

/// Signal [e-], variance [e-^2] and mask of a light are in the store. From the calibrator.
public struct FrameCalibrated: EventPayload {
    public static let type = EventType("frame.calibrated", partitions: 32)
    public var frameID: String
    /// Digest of software version, configuration, instrument revision and masters.
    public var recipe: String
    /// Rank of the masters in order of the night's close: 0 while the night is open, then counting up.
    public var masterRank: Int
    public var raw: StoredFile
    public var calibrated: StoredFile
    public var originalName: String
    public var night: String
    public var instrument: InstrumentFacts
    public var exposure: ExposureFacts
    public var masters: [MasterChoice]
    /// Names of calibration flags: `noDark`, `gainUnknown`, ...
    public var flags: [String]
    /// Gain by photon transfer of the flats that were used, and by the scatter of this frame's own sky [e-/ADU].
    public var flatGainElectronsPerADU: Double?
    public var frameGainElectronsPerADU: Double?
    /// What the master fringe, which is relative to the sky, was multiplied by, and its error [e-]; absent where none
    /// was subtracted.
    public var fringeScaleElectrons: Double?
    public var fringeScaleErrorElectrons: Double?

    public var key: String { frameID }
    public var subject: String { frameID }
    public var identity: String { "\(recipe)|\(masterRank)" }

    public init(
        received: FrameReceived, recipe: String, masterRank: Int, calibrated: StoredFile, masters: [MasterChoice],
        flags: [String]
    ) {
        frameID = received.frameID
        self.recipe = recipe
        self.masterRank = masterRank
        raw = received.raw
        self.calibrated = calibrated
        originalName = received.originalName
        night = received.night
        instrument = received.instrument
        exposure = received.exposure
        self.masters = masters
        self.flags = flags
    }
}

/// A file that is a frame we already have: the same bytes, or the same pixels compressed otherwise. From ingest.
public struct FrameDuplicated: EventPayload {
    public static let type = EventType("frame.duplicated")
    /// Digest of the place and time of this copy, so that handing it in once counts once.
    public var duplicateID: String
    /// The frame it repeats.
    public var frameID: String
    public var originalName: String
    public var instrument: String
    /// "the same bytes as HATP-1.fits" or "the same pixels as HATP-1.fits, compressed otherwise".
    public var reason: String

    public var key: String { instrument }
    public var subject: String { frameID }
    public var identity: String { duplicateID }

    public init(duplicateID: String, frameID: String, originalName: String, instrument: String, reason: String) {
        self.duplicateID = duplicateID
        self.frameID = frameID
        self.originalName = originalName
        self.instrument = instrument
        self.reason = reason
    }
}
