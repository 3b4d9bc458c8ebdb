/// Zero points of frames from an ensemble of comparison stars.
public struct EnsembleSolution: Sendable, Equatable, Codable {
    /// Frames in order of mid-exposure; one without a usable comparison star has no zero point and is not here.
    public var zeroPoints: [FrameZeroPoint]
    /// Stars in order of their id.
    public var stars: [EnsembleStar]
    /// Scatter that a comparison star has beyond its quoted errors, the median of those used [mag]. The target,
    /// measured in the same way, has it too: flat-field errors, drift over the detector, unknown gain.
    public var commonScatterMagnitudes: Double
    /// Whether magnitudes are in the catalogue's system; otherwise the plain mean of the comparison stars that are used
    /// is magnitude 0.
    public var isAbsolute: Bool
    /// Scatter of the comparison stars about their catalogue magnitudes [mag]; `nil` below two of them.
    public var catalogueScatterMagnitudes: Double?
    /// Error of the level that the catalogue magnitudes give, common to all frames: that of their mean, and how far a
    /// single star, as the target is, may be off [mag]; `nil` for a differential solution.
    public var levelErrorMagnitudes: Double?

    public init(
        zeroPoints: [FrameZeroPoint], stars: [EnsembleStar], commonScatterMagnitudes: Double, isAbsolute: Bool,
        catalogueScatterMagnitudes: Double?, levelErrorMagnitudes: Double? = nil
    ) {
        self.zeroPoints = zeroPoints
        self.stars = stars
        self.commonScatterMagnitudes = commonScatterMagnitudes
        self.isAbsolute = isAbsolute
        self.catalogueScatterMagnitudes = catalogueScatterMagnitudes
        self.levelErrorMagnitudes = levelErrorMagnitudes
    }

    /// The zero point of a frame.
    public func zeroPoint(of frameID: String) -> FrameZeroPoint? { zeroPoints.first { $0.frameID == frameID } }
}

/// magnitude = zeroPoint - 2.5 log10(flux [e-])
public struct FrameZeroPoint: Sendable, Equatable, Codable {
    public var frameID: String
    public var midExposureMJD: Double
    public var magnitudes: Double
    /// Standard error of the zero point, the frame's excess scatter included [mag].
    public var error: Double
    /// Scatter of the comparison stars on this frame beyond all that is expected of them [mag], for example through
    /// broken cloud; 0 unless significant.
    public var excessScatterMagnitudes: Double
    public var starsUsed: Int

    public init(
        frameID: String, midExposureMJD: Double, magnitudes: Double, error: Double, excessScatterMagnitudes: Double,
        starsUsed: Int
    ) {
        self.frameID = frameID
        self.midExposureMJD = midExposureMJD
        self.magnitudes = magnitudes
        self.error = error
        self.excessScatterMagnitudes = excessScatterMagnitudes
        self.starsUsed = starsUsed
    }
}

/// A comparison star's part in a solution.
public struct EnsembleStar: Sendable, Equatable, Codable {
    public enum Role: String, Sendable, Equatable, Codable, CaseIterable {
        case used
        /// Measured on fewer than half of the frames.
        case tooFewMeasurements
        /// It varies more than the others and more than its errors say.
        case variable
    }

    public var id: String
    public var role: Role
    /// Mean magnitude in the solution's system; `nil` when it was never measured.
    public var magnitude: Double?
    /// Robust scatter about the mean over the frames [mag].
    public var scatterMagnitudes: Double?
    /// Scatter beyond photon noise and scintillation [mag].
    public var intrinsicScatterMagnitudes: Double?
    /// Share in the zero points, 0 ... 1, all stars together 1.
    public var weight: Double
    /// Frames on which it was measured, and those of them left out as outliers.
    public var measurements: Int
    public var outliers: Int
}

/// Why there is no solution.
public enum EnsembleError: Error, Sendable, Equatable, CustomStringConvertible {
    case noComparisonStars
    case noFrames
    /// No comparison star has a usable flux on any frame.
    case nothingMeasured(stars: Int, frames: Int)
    case duplicateFrame(String)

    public var description: String {
        switch self {
        case .noComparisonStars: "the ensemble has no comparison star"
        case .noFrames: "the ensemble has no frame"
        case .nothingMeasured(let stars, let frames):
            "none of \(stars) comparison stars has a flux of signal to noise 5 on any of \(frames) frames"
        case .duplicateFrame(let id): "frame \(id) is in the ensemble twice"
        }
    }
}
