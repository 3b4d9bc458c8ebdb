/// Where an object of the frame store is, and how to know that it arrived whole.
public struct StoredFile: Codable, Sendable, Equatable, Hashable {
    /// Store-relative: `frames:raw/ab/abcd...`
    public var url: String
    public var sha256: String
    public var bytes: Int

    public init(url: String, sha256: String, bytes: Int) {
        self.url = url
        self.sha256 = sha256
        self.bytes = bytes
    }
}

/// What a frame was taken for; `fringe` is a finished master fringe, which somebody has made of lights and handed in.
public enum FrameKind: String, Codable, Sendable, CaseIterable {
    case bias, dark, flat, light, fringe
}

/// What a master corrects: an open list. A reader keeps a word that it does not know, and makes nothing of it.
public struct MasterKind: RawRepresentable, Codable, Sendable, Hashable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let bias = MasterKind(rawValue: "bias")
    public static let dark = MasterKind(rawValue: "dark")
    public static let flat = MasterKind(rawValue: "flat")
    public static let fringe = MasterKind(rawValue: "fringe")
}

/// Geographic place; longitude positive east.
public struct SiteFacts: Codable, Sendable, Equatable {
    public var latitudeDegrees: Double
    public var longitudeDegrees: Double
    public var elevationMeters: Double

    public init(latitudeDegrees: Double, longitudeDegrees: Double, elevationMeters: Double) {
        self.latitudeDegrees = latitudeDegrees
        self.longitudeDegrees = longitudeDegrees
        self.elevationMeters = elevationMeters
    }
}

/// The facts of the instrument that were used for one frame, with the revision of the document they came from.
public struct InstrumentFacts: Codable, Sendable, Equatable {
    public var id: String
    public var revision: Int
    public var camera: String?
    public var telescope: String?
    public var gainElectronsPerADU: Double?
    /// `document`, `EGAIN`, `GAIN` or `unknown`.
    public var gainSource: String
    public var readNoiseElectrons: Double?
    public var saturationADU: Double?
    public var pixelScaleArcsec: Double?
    public var site: SiteFacts?
    public var telescopeApertureMeters: Double?
    /// Fixed aperture radius [px]; else `apertureRadiusFWHM` times the frame's FWHM.
    public var apertureRadiusPixels: Double?
    public var apertureRadiusFWHM: Double?
    /// Local background annulus [px]; absent: the smooth background mesh.
    public var annulusInnerPixels: Double?
    public var annulusOuterPixels: Double?
    /// Whether sources are fitted by the frame's star image as well; absent: the photometer's own setting.
    public var psfPhotometry: Bool?
    /// Rows and columns that hold sky, 0-based and half open: [x0, x1, y0, y1]; absent means all. After the trimming of
    /// an overscan.
    public var usableRegion: [Int]?
    /// What is done to raw pixels; absent: nothing, and saturated pixels bleed along columns.
    public var corrections: CorrectionFacts?

    public init(id: String, revision: Int, gainSource: String) {
        self.id = id
        self.revision = revision
        self.gainSource = gainSource
    }
}

/// One channel of a mosaic: the red pixel, the mean of the green ones or the blue pixel of each cell of 2 x 2 pixels.
public struct BayerFacts: Codable, Sendable, Equatable {
    /// `TR`, `TG` or `TB`.
    public var channel: String
    /// Colours of the first two pixels of the first two rows of the raw file: `RGGB`, `BGGR`, `GRBG` or `GBRG`.
    public var pattern: String
    /// Of the raw file.
    public var width: Int
    public var height: Int

    public init(channel: String, pattern: String, width: Int, height: Int) {
        self.channel = channel
        self.pattern = pattern
        self.width = width
        self.height = height
    }
}

/// What the header says about one exposure, normalised.
public struct ExposureFacts: Codable, Sendable, Equatable {
    public var kind: FrameKind
    public var object: String?
    public var filter: String?
    public var exposureSeconds: Double
    /// Middle of the exposure, UTC.
    public var midpointMJDUTC: Double
    public var binningX: Int
    public var binningY: Int
    public var width: Int
    public var height: Int
    public var temperatureCelsius: Double?
    /// Where the telescope pointed, ICRS.
    public var raDegrees: Double?
    public var decDegrees: Double?
    /// What another program has already subtracted or divided out; absent for a raw frame.
    public var appliedSteps: [FrameKind]?
    /// Which channel of a colour camera's mosaic the frame is; width and height are the channel's. Absent for a file
    /// that is one frame.
    public var bayer: BayerFacts?

    public init(
        kind: FrameKind, exposureSeconds: Double, midpointMJDUTC: Double, binningX: Int, binningY: Int, width: Int,
        height: Int
    ) {
        self.kind = kind
        self.exposureSeconds = exposureSeconds
        self.midpointMJDUTC = midpointMJDUTC
        self.binningX = binningX
        self.binningY = binningY
        self.width = width
        self.height = height
    }
}
