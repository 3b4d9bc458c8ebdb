public import Imaging
internal import Sky

/// Patterns with `*` and `?`, without case. Every list given must match; of one list any may.
public struct MatchPatterns: Codable, Sendable, Equatable {
    /// Against INSTRUME.
    public var camera: [String]?
    /// Against TELESCOP.
    public var telescope: [String]?
    /// Against the name of the file.
    public var fileName: [String]?

    var isEmpty: Bool { [camera, telescope, fileName].allSatisfy { $0?.isEmpty ?? true } }

    public init(camera: [String]? = nil, telescope: [String]? = nil, fileName: [String]? = nil) {
        self.camera = camera
        self.telescope = telescope
        self.fileName = fileName
    }
}

/// File name pattern (`*`, `?`, without case) to kind.
public struct KindPattern: Codable, Sendable, Equatable {
    public var pattern: String
    public var kind: FrameKind

    public init(pattern: String, kind: FrameKind) {
        self.pattern = pattern
        self.kind = kind
    }
}

/// File name pattern to filter.
public struct FilterPattern: Codable, Sendable, Equatable {
    public var pattern: String
    public var filter: String

    public init(pattern: String, filter: String) {
        self.pattern = pattern
        self.filter = filter
    }
}

/// File name pattern to object.
public struct ObjectPattern: Codable, Sendable, Equatable {
    public var pattern: String
    public var object: String

    public init(pattern: String, object: String) {
        self.pattern = pattern
        self.object = object
    }
}

/// What holds when the header says nothing.
public struct Defaults: Codable, Sendable, Equatable {
    public var kind: FrameKind?
    public var filter: String?
    public var object: String?
    /// [s]
    public var exposureSeconds: Double?
    public init() {}
}

/// The gain: a number, or what GAIN in the header means. With neither, only EGAIN is believed.
public struct GainRule: Codable, Sendable, Equatable {
    /// [e-/ADU]
    public var electronsPerADU: Double?
    /// GAIN is e-/ADU with this camera, not a setting.
    public var headerGainIsElectronsPerADU: Bool?
    public init() {}
}

/// What is believed of the colour filter array of a camera.
public enum BayerRule: String, Codable, Sendable, CaseIterable {
    /// The header: BAYERPAT with XBAYROFF, YBAYROFF and ROWORDER.
    case auto
    /// There is none, whatever the header says.
    case ignore
    /// Colours of the first two pixels of the first two rows of the file; the header is not asked.
    case rggb = "RGGB"
    case bggr = "BGGR"
    case grbg = "GRBG"
    case gbrg = "GBRG"

    /// Nil where the header or nobody is to be asked.
    public var pattern: BayerPattern? { BayerPattern(rawValue: rawValue) }
}

public enum ExposureUnit: String, Codable, Sendable, CaseIterable {
    case seconds = "s"
    case milliseconds = "ms"
}

/// Which moment of the exposure a date in the header means.
public enum Timestamp: String, Codable, Sendable, CaseIterable {
    case start, middle, end
}

/// How headers of this instrument tell the time.
public struct TimeRule: Codable, Sendable, Equatable {
    /// Keywords with date (and time), best first; replaces the built-in order.
    public var dateKeywords: [String]?
    /// Keywords with a time of day for dates without one.
    public var timeKeywords: [String]?
    /// Offset from UTC of times without one, "+05:30", "-0700", "Z". Replaces nothing that the header says itself.
    public var utcOffset: String?
    /// For DATE-OBS and its like. Keywords that say it in their name (DATE-BEG, DATE-AVG, DATE-END) keep their meaning.
    public var timestamp: Timestamp?
    public init() {}
}

/// A place: numbers in degrees or sexagesimal text.
public struct SiteDocument: Codable, Sendable, Equatable {
    /// Geodetic latitude, north positive.
    public var latitude: AngleValue
    /// Longitude, east positive.
    public var longitude: AngleValue
    /// Height above the ellipsoid [m]; 0 when not given.
    public var elevationMeters: Double?

    public init(latitude: AngleValue, longitude: AngleValue, elevationMeters: Double? = nil) {
        self.latitude = latitude
        self.longitude = longitude
        self.elevationMeters = elevationMeters
    }

    func site() throws(SkyError) -> Site {
        try Site(
            latitudeDegrees: latitude.degrees(hours: false, quantity: "latitude"),
            longitudeDegrees: longitude.degrees(hours: false, quantity: "longitude"),
            elevationMeters: elevationMeters ?? 0)
    }
}

public enum LongitudeSign: String, Codable, Sendable, CaseIterable { case eastPositive, westPositive }
public enum PointingUnits: String, Codable, Sendable, CaseIterable { case degrees, hours }
public enum TemperatureUnit: String, Codable, Sendable, CaseIterable {
    case celsius = "C"
    case kelvin = "K"
}

public struct TelescopeDocument: Codable, Sendable, Equatable {
    public var name: String?
    /// Diameter of the entrance pupil [m]: what scintillation depends on.
    public var apertureMeters: Double?
    /// Gives the pixel scale with the header's pixel size where nothing else does [mm].
    public var focalLengthMillimeters: Double?

    public init(name: String? = nil, apertureMeters: Double? = nil, focalLengthMillimeters: Double? = nil) {
        self.name = name
        self.apertureMeters = apertureMeters
        self.focalLengthMillimeters = focalLengthMillimeters
    }
}

/// Frames outside are rejected with the reason.
public struct AcceptanceRule: Codable, Sendable, Equatable {
    public var minimumTemperatureCelsius: Double?
    public var maximumTemperatureCelsius: Double?
    public var maximumExposureSeconds: Double?
    public var sizes: [FrameSize]?
    public init() {}
}

public struct FrameSize: Codable, Sendable, Equatable {
    public var width: Int
    public var height: Int

    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }
}

/// How big an aperture fits this instrument.
public struct ApertureHints: Codable, Sendable, Equatable {
    /// [px]
    public var apertureRadiusPixels: Double?
    /// In units of the frame's FWHM, instead of pixels.
    public var apertureRadiusFWHM: Double?
    /// Sky annulus [px].
    public var annulus: Annulus?
    /// Whether sources are fitted by the frame's star image as well; nil leaves it to the photometer's NIGHTJAR_PSF.
    public var psf: Bool?
    public init() {}
}

public struct Annulus: Codable, Sendable, Equatable {
    /// [px]
    public var innerRadiusPixels: Double
    public var outerRadiusPixels: Double

    public init(innerRadiusPixels: Double, outerRadiusPixels: Double) {
        self.innerRadiusPixels = innerRadiusPixels
        self.outerRadiusPixels = outerRadiusPixels
    }
}

/// Rows and columns without sky, counted from the edges in the order of the file.
public struct TrimMargins: Codable, Sendable, Equatable {
    public var firstRows: Int?
    public var lastRows: Int?
    public var firstColumns: Int?
    public var lastColumns: Int?

    /// What is left of a frame; `nil` when that is nothing.
    public func region(width: Int, height: Int) -> PixelRegion? {
        let (x0, x1) = (firstColumns ?? 0, width - (lastColumns ?? 0))
        let (y0, y1) = (firstRows ?? 0, height - (lastRows ?? 0))
        return x0 < x1 && y0 < y1 ? PixelRegion(x0: x0, x1: x1, y0: y0, y1: y1) : nil
    }

    public init(firstRows: Int? = nil, lastRows: Int? = nil, firstColumns: Int? = nil, lastColumns: Int? = nil) {
        self.firstRows = firstRows
        self.lastRows = lastRows
        self.firstColumns = firstColumns
        self.lastColumns = lastColumns
    }
}
