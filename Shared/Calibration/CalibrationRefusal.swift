/// Why a calibration frame cannot go into a master. `code` is stable; the description is for people.
public enum CalibrationRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    case wrongKind(expected: FrameKind, found: FrameKind)
    case wrongShape(expectedPixels: Int, foundPixels: Int)
    case notANumber(fraction: Double)
    case noVariance(valueADU: Double)
    case saturated(fraction: Double, saturationADU: Double)
    case tooFaint(signalADU: Double, noiseADU: Double)
    /// What was made of it and the others carries no measurement in any pixel.
    case noUsablePixel
    /// The share of pixels that are more than `sigmas` away from the master before.
    case differsFromPrevious(master: String, fraction: Double, sigmas: Double)

    public var code: String {
        switch self {
        case .wrongKind: "calibration.wrongKind"
        case .wrongShape: "calibration.wrongShape"
        case .notANumber: "calibration.notANumber"
        case .noVariance: "calibration.noVariance"
        case .saturated: "calibration.saturated"
        case .tooFaint: "calibration.tooFaint"
        case .noUsablePixel: "calibration.noUsablePixel"
        case .differsFromPrevious: "calibration.differsFromPrevious"
        }
    }

    public var description: String {
        switch self {
        case .wrongKind(let expected, let found): "a \(found.rawValue) among \(expected.rawValue) frames"
        case .wrongShape(let expected, let found): "\(found) pixels where the group has \(expected)"
        case .notANumber(let fraction): "\(percent(fraction)) of the pixels are not numbers"
        case .noVariance(let value): "every pixel is \(value) ADU"
        case .saturated(let fraction, let level): "\(percent(fraction)) of the pixels are at or above \(level) ADU"
        case .tooFaint(let signal, let noise):
            "the flat has \(rounded(signal)) ADU above bias and dark, with a pixel noise of \(rounded(noise)) ADU"
        case .noUsablePixel: "no pixel of the master that it would go into can be used: all are bad or not numbers"
        case .differsFromPrevious(let master, let fraction, let sigmas):
            "\(percent(fraction)) of the pixels are more than \(rounded(sigmas)) sigma away from the master before, "
                + "\(master)"
        }
    }

    private func percent(_ fraction: Double) -> String { "\((fraction * 1000).rounded() / 10) %" }
    private func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }
}

/// A frame that was left out of a master, and why.
public struct RefusedFrame: Sendable, Equatable {
    public let id: String
    public let refusal: CalibrationRefusal
}

/// Why no master, or no calibrated light, could be made.
public enum CalibrationError: Error, Sendable, Equatable, CustomStringConvertible {
    case noUsableFrame(group: String, refused: [RefusedFrame])
    /// A master of another shape than the frame.
    case shapeMismatch(master: String, expected: String, found: String)
    /// A dark with the bias still inside, for another exposure time.
    case darkNotScalable(master: String, darkSeconds: Double, exposureSeconds: Double)
    /// Darks that cannot be interpolated.
    case darksNotInterpolable(first: String, second: String, reason: String)
    /// A section of the instrument document outside the frame.
    case sectionOutsideFrame(name: String, section: String, frame: String)
    /// A master fringe with nothing to measure its strength by, or of another filter.
    case fringeNotUsable(master: String, reason: String)
    /// Rows of a master that is read while a light is calibrated.
    case masterNotReadable(master: String, reason: String)

    public var description: String {
        switch self {
        case .noUsableFrame(let group, let refused):
            "no usable frame for the master \(group): "
                + refused.map { "\($0.id): \($0.refusal)" }.joined(separator: "; ")
        case .shapeMismatch(let master, let expected, let found):
            "master \(master) is \(found), the frame is \(expected)"
        case .darkNotScalable(let master, let darkSeconds, let exposureSeconds):
            "master dark \(master) of \(darkSeconds) s contains the bias and cannot be scaled to \(exposureSeconds) s"
        case .darksNotInterpolable(let first, let second, let reason):
            "master darks \(first) and \(second) cannot be interpolated: \(reason)"
        case .sectionOutsideFrame(let name, let section, let frame):
            "the section \(section) (\(name)) of the instrument does not lie in a frame of \(frame)"
        case .fringeNotUsable(let master, let reason):
            "the master fringe \(master) cannot be used: \(reason)"
        case .masterNotReadable(let master, let reason): "master \(master) cannot be read: \(reason)"
        }
    }
}

/// What a calibration frame must be like to be combined.
public struct CalibrationFrameLimits: Sendable, Equatable {
    /// Largest share of pixels that are not numbers.
    public var notANumberFraction = 0.01
    /// Largest share of saturated pixels (hot pixels in a long dark saturate too).
    public var saturatedFraction = 0.01
    /// Least signal of a flat above bias and dark, in units of its pixel noise.
    public var flatSignalToNoise = 5.0
    /// Largest share of pixels that may be more than `previousSigmas` away from the master before.
    public var previousFraction = 0.05
    public var previousSigmas = 6.0

    public init() {}

    /// The first thing that is wrong with a raw frame, whatever its kind.
    func refusal(of pixels: [Float], expectedPixels: Int, saturationADU: Double?) -> CalibrationRefusal? {
        guard pixels.count == expectedPixels else {
            return .wrongShape(expectedPixels: expectedPixels, foundPixels: pixels.count)
        }
        let extent = Extent(of: pixels)
        let (lowest, highest) = (extent.lowest, extent.highest)
        let missing = 1 - Double(extent.numbers) / Double(pixels.count)
        if extent.numbers == 0 || missing > notANumberFraction { return .notANumber(fraction: missing) }
        let level = saturationADU.map { Float($0) } ?? highest
        let saturated = Extent.count(of: pixels, atLeast: level)
        if lowest == highest, lowest < level || saturationADU == nil {
            return .noVariance(valueADU: Double(lowest))
        }
        // Without a known level a tenth of all pixels on the very same maximum is a clipped frame.
        let limit = saturationADU == nil ? 0.1 : saturatedFraction
        let fraction = Double(saturated) / Double(pixels.count)
        let isClipped = fraction > limit && (saturationADU != nil || Double(highest - lowest) > 100)
        return isClipped ? .saturated(fraction: fraction, saturationADU: Double(level)) : nil
    }
}
