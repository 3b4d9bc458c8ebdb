/// What a frame was taken for.
public enum FrameKind: String, Sendable, Hashable, Codable, CaseIterable {
    case bias, dark, flat, light
    /// A master fringe; no single frame is one.
    case fringe

    /// Whether a master of this kind serves the lights of its own filter alone.
    var isOfOneFilter: Bool { self == .flat || self == .fringe }
}

/// How a detector was read out: frames calibrate each other only when all of this is equal.
public struct DetectorMode: Sendable, Hashable, Codable {
    public var instrument: String
    /// Size as stored [px].
    public var width: Int
    public var height: Int
    public var binningX: Int
    public var binningY: Int
    /// Whatever else changes the response: the channel of a colour camera; empty where there is nothing.
    public var readout: String

    public init(
        instrument: String, width: Int, height: Int, binningX: Int = 1, binningY: Int = 1, readout: String = ""
    ) {
        self.instrument = instrument
        self.width = width
        self.height = height
        self.binningX = binningX
        self.binningY = binningY
        self.readout = readout
    }

    /// For people and for keys: "cam 1024x1024 bin 1x1".
    public var text: String {
        "\(instrument) \(width)x\(height) bin \(binningX)x\(binningY)" + (readout.isEmpty ? "" : " \(readout)")
    }
}

/// What calibration needs to know of a frame without looking at its pixels.
public struct CalibrationFrameFacts: Sendable, Equatable, Codable {
    public var id: String
    public var kind: FrameKind
    public var mode: DetectorMode
    /// Canonical filter name; nil where the instrument has none.
    public var filter: String?
    /// Shutter-open time [s].
    public var exposureSeconds: Double
    public var temperatureCelsius: Double?
    /// Middle of the exposure, MJD UTC [d].
    public var midpointMJD: Double
    /// Observing night at the site, e.g. "2026-03-14".
    public var night: String
    /// Revision of the instrument document; frames of another are not compared with each other.
    public var instrumentRevision: Int?

    public init(
        id: String, kind: FrameKind, mode: DetectorMode, filter: String? = nil, exposureSeconds: Double,
        temperatureCelsius: Double? = nil, midpointMJD: Double, night: String
    ) {
        self.id = id
        self.kind = kind
        self.mode = mode
        self.filter = filter
        self.exposureSeconds = exposureSeconds
        self.temperatureCelsius = temperatureCelsius
        self.midpointMJD = midpointMJD
        self.night = night
    }
}

/// Gain, read noise and saturation of a detector in one mode; nil is "nobody knows", never a silent default.
public struct DetectorFacts: Sendable, Equatable, Codable {
    /// [e-/ADU]
    public var gain: Double?
    /// Per read [e-].
    public var readNoiseElectrons: Double?
    /// First level that is no longer to be trusted [ADU].
    public var saturationADU: Double?
    /// Numbers of the converter in a pixel: 2 where it is the mean of two, which halves the variance of their rounding
    /// to 1/12 ADU^2 each.
    public var pixelsAveraged = 1

    /// Variance of the rounding of a pixel to whole numbers [ADU^2].
    var roundingVariance: Double { 1 / (12 * Double(max(pixelsAveraged, 1))) }

    public init(gain: Double?, readNoiseElectrons: Double?, saturationADU: Double?) {
        self.gain = gain.flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
        self.readNoiseElectrons = readNoiseElectrons.flatMap { $0 >= 0 && $0.isFinite ? $0 : nil }
        self.saturationADU = saturationADU.flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
    }
}
