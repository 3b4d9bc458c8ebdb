public import Imaging
public import Sky

/// Calibration steps that a header says were already applied.
public struct AppliedSteps: OptionSet, Sendable, Hashable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }

    public static let bias = AppliedSteps(rawValue: 1 << 0)
    public static let dark = AppliedSteps(rawValue: 1 << 1)
    public static let flat = AppliedSteps(rawValue: 1 << 2)
}

/// What a header says about one exposure, in one spelling whatever program wrote it.
public struct ExposureFacts: Sendable, Equatable {
    public var instrument: InstrumentFacts
    public var kind: FrameKind
    /// OBJECT, trimmed, inner blanks collapsed; `nil` for "None", "Unknown" and the like.
    public var object: String?
    /// `object` in lower case: equal keys are the same object.
    public var objectKey: String?
    /// After the document's aliases; `nil` for frames that need none.
    public var filter: String?
    /// Shutter-open time [s], >= 0.
    public var exposureSeconds: Double
    /// Shutter-open time as the header wrote it.
    public var exposureText: String
    /// Beginning, middle and end of the exposure, MJD UTC [d].
    public var startMJDUTC: Double
    public var midpointMJDUTC: Double
    public var endMJDUTC: Double
    /// The keyword the times come from.
    public var timeKeyword: String
    /// The night at the site; noon to noon UTC where the site is not known.
    public var night: ObservingNight
    public var width: Int
    public var height: Int
    public var binningX: Int
    public var binningY: Int
    /// Sensor temperature [C].
    public var temperatureCelsius: Double?
    /// Cooler set point [C].
    public var setTemperatureCelsius: Double?
    /// Where the telescope pointed, ICRS as far as the header says [deg].
    public var raDegrees: Double?
    public var decDegrees: Double?
    /// As the header says; >= 1.
    public var airmass: Double?
    /// Of a file whose pixels see one colour each: it is measured as the channels it is made of.
    public var mosaic: BayerMosaic?
    /// Of one channel of a mosaic; sizes and instrument are the channel's.
    public var channel: BayerChannel?
    /// Constant the program added to the pixels, in its own convention (MaxIm DL: the value to add to undo it) [ADU].
    public var pedestalADU: Double?
    /// Calibration that was done before the frame came here.
    public var appliedSteps: AppliedSteps = []
    /// Exposures combined into this frame, where the header says so and there are several.
    public var stackCount: Int?
    /// Names of the built-in presets that were used.
    public var software: [String]
    /// What was missing, assumed or contradictory, in the order of `HeaderNote.Code`.
    public var notes: [HeaderNote]
}
