/// What a reader must know about a master or a calibrated frame. A published registry: bits are never reused.
///
/// These are findings, not errors: the frame goes on and says what was missing.
public struct CalibrationFlags: OptionSet, Sendable, Hashable, Codable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let noBias = CalibrationFlags(rawValue: 1 << 0)
    public static let noDark = CalibrationFlags(rawValue: 1 << 1)
    public static let noFlat = CalibrationFlags(rawValue: 1 << 2)
    public static let singleFrame = CalibrationFlags(rawValue: 1 << 3)
    public static let containsBias = CalibrationFlags(rawValue: 1 << 4)
    public static let darkScaled = CalibrationFlags(rawValue: 1 << 5)
    public static let temperatureUnknown = CalibrationFlags(rawValue: 1 << 6)
    public static let gainUnknown = CalibrationFlags(rawValue: 1 << 7)
    public static let readNoiseUnknown = CalibrationFlags(rawValue: 1 << 8)
    public static let readNoiseFromBias = CalibrationFlags(rawValue: 1 << 9)
    public static let saturationUnknown = CalibrationFlags(rawValue: 1 << 10)
    public static let pedestalUnknown = CalibrationFlags(rawValue: 1 << 11)
    public static let noiseFromScatter = CalibrationFlags(rawValue: 1 << 12)
    public static let noiseDisagrees = CalibrationFlags(rawValue: 1 << 13)
    public static let masterOfOtherNight = CalibrationFlags(rawValue: 1 << 14)
    public static let externalMaster = CalibrationFlags(rawValue: 1 << 15)

    public static let noiseCorrelated = CalibrationFlags(rawValue: 1 << 16)
    public static let overscanUsed = CalibrationFlags(rawValue: 1 << 17)
    public static let crosstalkCorrected = CalibrationFlags(rawValue: 1 << 18)
    public static let linearised = CalibrationFlags(rawValue: 1 << 19)
    public static let rowNoiseRemoved = CalibrationFlags(rawValue: 1 << 20)
    public static let darkInterpolated = CalibrationFlags(rawValue: 1 << 21)
    public static let fringeSubtracted = CalibrationFlags(rawValue: 1 << 22)
    public static let fringeNotFitted = CalibrationFlags(rawValue: 1 << 23)
    public static let gainDisagrees = CalibrationFlags(rawValue: 1 << 24)
    public static let comparedWithPrevious = CalibrationFlags(rawValue: 1 << 25)

    public static let trail = CalibrationFlags(rawValue: 1 << 28)

    /// Every named bit with its text, in bit order.
    public static let registry: [(flag: CalibrationFlags, name: String, text: String)] = [
        (.noBias, "noBias", "no master bias was subtracted"),
        (.noDark, "noDark", "no master dark was subtracted"),
        (.noFlat, "noFlat", "not divided by a master flat"),
        (.singleFrame, "singleFrame", "a master made of one frame: its outliers could not be clipped"),
        (.containsBias, "containsBias", "the master dark still contains the bias and fits its own exposure time only"),
        (.darkScaled, "darkScaled", "the master dark was scaled to another exposure time"),
        (
            .temperatureUnknown, "temperatureUnknown",
            "detector temperature unknown: matched with frames of unknown temperature"
        ),
        (.gainUnknown, "gainUnknown", "gain unknown: the signal is in ADU, as if one electron made one ADU"),
        (.readNoiseUnknown, "readNoiseUnknown", "read noise unknown"),
        (.readNoiseFromBias, "readNoiseFromBias", "read noise taken from the scatter of the bias frames"),
        (.saturationUnknown, "saturationUnknown", "saturation level unknown: no pixel is marked as saturated"),
        (
            .pedestalUnknown, "pedestalUnknown",
            "the sky level includes the electronic pedestal, or a dark level nobody measured"
        ),
        (
            .noiseFromScatter, "noiseFromScatter",
            "variance from the local scatter of the frame, not from gain, sky and read noise"
        ),
        (
            .noiseDisagrees, "noiseDisagrees",
            "scatter of the sky and noise model differ by more than a quarter: check gain and read noise"
        ),
        (.masterOfOtherNight, "masterOfOtherNight", "a master of another night was used"),
        (.externalMaster, "externalMaster", "a master that was combined elsewhere"),
        (
            .noiseCorrelated, "noiseCorrelated",
            "the sky scatters over 4 x 4 px by a quarter more than its pixels promise"
        ),
        (
            .overscanUsed, "overscanUsed",
            "the overscan's level was subtracted and the frame trimmed to its data sections"
        ),
        (
            .crosstalkCorrected, "crosstalkCorrected",
            "what other amplifiers leave in a pixel was subtracted"
        ),
        (
            .linearised, "linearised",
            "counts were corrected by the instrument's linearity polynomial"
        ),
        (
            .rowNoiseRemoved, "rowNoiseRemoved",
            "the level of each row was brought to that of its surroundings"
        ),
        (
            .darkInterpolated, "darkInterpolated",
            "the dark comes from two masters of other temperatures or exposure times"
        ),
        (
            .fringeSubtracted, "fringeSubtracted",
            "a master fringe, scaled to this frame, was subtracted"
        ),
        (
            .fringeNotFitted, "fringeNotFitted",
            "there is a master fringe, but its strength in this frame could not be measured"
        ),
        (
            .gainDisagrees, "gainDisagrees",
            "the gain differs by more than 20 % from photon transfer or from the frame's own noise"
        ),
        (
            .comparedWithPrevious, "comparedWithPrevious",
            "each frame of the master was compared with the master before it"
        ),
        (.trail, "trail", "a satellite or an aeroplane left its trail on the frame"),
    ]

    /// Names of the bits that are set, in bit order.
    public var names: [String] { Self.registry.filter { contains($0.flag) }.map(\.name) }
}
