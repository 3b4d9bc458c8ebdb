/// The model of a frame's star images.
public struct PointSpreadFacts: Codable, Sendable, Equatable {
    /// In the layout of PSFEx.
    public var file: StoredFile
    /// Full width at half maximum in the middle of the frame, pixel included [px].
    public var fwhmPixels: Double
    /// Stars that it was made from.
    public var starCount: Int
    /// Their chi^2 per degree of freedom.
    public var chiSquaredPerDegree: Double?

    public init(file: StoredFile, fwhmPixels: Double, starCount: Int, chiSquaredPerDegree: Double?) {
        self.file = file
        self.fwhmPixels = fwhmPixels
        self.starCount = starCount
        self.chiSquaredPerDegree = chiSquaredPerDegree
    }
}

/// A frame has been measured: its detections are in the store. From the photometer.
public struct FrameMeasured: EventPayload {
    public static let type = EventType("frame.measured")
    /// What was measured, with all its facts.
    public var frame: FrameCalibrated
    /// Digest of software version, parameters and the calibrated frame's recipe.
    public var recipe: String
    public var field: String
    public var detections: StoredFile
    public var detectionCount: Int
    /// Background level, median over the frame [e-/px].
    public var backgroundElectrons: Double?
    /// Background noise [e-/px].
    public var backgroundRMSElectrons: Double?
    public var fwhmPixels: Double?
    public var ellipticity: Double?
    public var apertureRadiusPixels: Double
    /// Instrumental magnitude of a 5-sigma source: -2.5 log10(flux / exposure) [mag].
    public var limitingMagnitudeInstrumental: Double?
    /// By artificial stars; absent where none were asked for.
    public var completeness: CompletenessFacts?
    /// Whether the detections carry sky positions.
    public var hasWorldCoordinates: Bool
    /// Where the frame lies by a reference catalogue; absent: there is none, or `notSolved` says why.
    public var solution: SkySolution?
    /// Why a frame that was compared with a reference catalogue was not found there.
    public var notSolved: String?
    /// The model of the frame's star images, by which `flux_psf` was fitted; absent: nobody asked for one, or a flag
    /// says why there is none.
    public var psf: PointSpreadFacts?
    /// Names of frame flags.
    public var flags: [String]

    public var key: String { field }
    public var subject: String { frame.frameID }
    public var identity: String { "\(recipe)|\(frame.masterRank)" }

    public init(
        frame: FrameCalibrated, recipe: String, field: String, detections: StoredFile, detectionCount: Int,
        apertureRadiusPixels: Double, hasWorldCoordinates: Bool, flags: [String]
    ) {
        self.frame = frame
        self.recipe = recipe
        self.field = field
        self.detections = detections
        self.detectionCount = detectionCount
        self.apertureRadiusPixels = apertureRadiusPixels
        self.hasWorldCoordinates = hasWorldCoordinates
        self.flags = flags
    }
}

/// A place on a frame where flux is wanted.
public struct RequestedPosition: Codable, Sendable, Equatable {
    /// Star the position belongs to: `target` or a comparison star's id.
    public var star: String
    /// 0-based pixel centre.
    public var x: Double
    public var y: Double

    public init(star: String, x: Double, y: Double) {
        self.star = star
        self.x = x
        self.y = y
    }
}

/// Forced photometry wanted at given positions on one calibrated frame. From the archiver.
public struct MeasurementRequested: EventPayload {
    public static let type = EventType("measurement.requested", partitions: 32)
    public var requestID: String
    public var frame: FrameCalibrated
    public var field: String
    public var apertureRadiusPixels: Double
    public var positions: [RequestedPosition]

    public var key: String { frame.frameID }
    public var subject: String { frame.frameID }
    public var identity: String { requestID }

    public init(
        requestID: String, frame: FrameCalibrated, field: String, apertureRadiusPixels: Double,
        positions: [RequestedPosition]
    ) {
        self.requestID = requestID
        self.frame = frame
        self.field = field
        self.apertureRadiusPixels = apertureRadiusPixels
        self.positions = positions
    }
}

/// Flux at one requested position. A position without usable pixels has no flux and a flag that says why.
public struct ForcedMeasurement: Codable, Sendable, Equatable {
    public var star: String
    public var x: Double
    public var y: Double
    /// Background-subtracted; negative where the sky was above the star [e-].
    public var fluxElectrons: Double?
    public var fluxErrorElectrons: Double?
    public var backgroundElectrons: Double?
    /// Source flags, the published registry.
    public var flags: UInt32

    public init(
        star: String, x: Double, y: Double, fluxElectrons: Double?, fluxErrorElectrons: Double?,
        backgroundElectrons: Double?, flags: UInt32
    ) {
        self.star = star
        self.x = x
        self.y = y
        self.fluxElectrons = fluxElectrons
        self.fluxErrorElectrons = fluxErrorElectrons
        self.backgroundElectrons = backgroundElectrons
        self.flags = flags
    }
}

/// The answer to `measurement.requested`. From the photometer.
public struct MeasurementMade: EventPayload {
    public static let type = EventType("measurement.made")
    public var requestID: String
    public var frameID: String
    public var field: String
    /// Recipe of the calibrated frame that was measured.
    public var calibratedRecipe: String
    public var measurements: [ForcedMeasurement]

    public var key: String { field }
    public var subject: String { frameID }
    public var identity: String { requestID }

    public init(
        requestID: String, frameID: String, field: String, calibratedRecipe: String, measurements: [ForcedMeasurement]
    ) {
        self.requestID = requestID
        self.frameID = frameID
        self.field = field
        self.calibratedRecipe = calibratedRecipe
        self.measurements = measurements
    }
}
