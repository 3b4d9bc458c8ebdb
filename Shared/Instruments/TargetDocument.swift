public import Sky

/// What an observer writes about one target, as JSON (`schemas/documents/target.schema.json`).
///
/// A target has a position on the sky, or pixel positions on a named frame for fields without world coordinates, or
/// both.
public struct TargetDocument: Codable, Sendable, Equatable, Identifiable {
    /// Short name, used as a key and for files: letters, digits, `.`, `_`, `-`.
    public var id: String
    public var name: String?
    /// Raised by hand with every change that should make new versions of results.
    public var revision: Int
    /// Right ascension: a number of degrees, or sexagesimal text in hours ("02:04:10.3"). ICRS.
    public var ra: AngleValue?
    /// Declination: a number of degrees, or sexagesimal text in degrees. ICRS.
    public var dec: AngleValue?
    /// Where the target is on one frame.
    public var pixel: PixelPosition?
    /// OBJECT spellings of frames that show this target; compared without case and repeated blanks.
    public var objectNames: [String]
    public var comparisonStars: [ComparisonStar]
    /// Filters to make light curves in; all that come when empty.
    public var filters: [String]
    /// Instruments that observe it; all when empty.
    public var instruments: [String]
    public var forcedPhotometry: ForcedPhotometry
    /// Frames pointing nearer than this show the target [deg].
    public var fieldRadiusDegrees: Double?
    /// How far a detection may lie from the position and still be the target.
    public var matchRadiusArcsec: Double?
    public var matchRadiusPixels: Double?
    /// Instead of the instrument's.
    public var photometry: ApertureHints?

    public init(id: String, revision: Int = 1) {
        self.id = id
        self.revision = revision
        objectNames = []
        comparisonStars = []
        filters = []
        instruments = []
        forcedPhotometry = .whenMissing
    }

    /// The position on the sky; `nil` for targets that have only pixels.
    /// - Throws: `SkyError` naming the coordinate; never for a document that has passed `problems()`.
    public func position() throws(SkyError) -> SkyPosition? { try skyPosition(ra: ra, dec: dec) }

    public func shows(object: String?) -> Bool {
        guard let object else { return false }
        return Self.isSame(object, asAnyOf: objectNames)
    }

    /// Whether a name is the target's id, its name or one of its `objectNames`; compared without case and repeated
    /// blanks.
    public func isCalled(_ name: String) -> Bool {
        Self.isSame(name, asAnyOf: [id] + [self.name].compactMap { $0 } + objectNames)
    }

    private static func isSame(_ text: String, asAnyOf names: [String]) -> Bool {
        let key = text.collapsingBlanks().lowercased()
        return names.contains { $0.collapsingBlanks().lowercased() == key }
    }
}

/// A place on one frame: 0-based, the centre of the first pixel is (0, 0), x along a row.
public struct PixelPosition: Codable, Sendable, Equatable {
    /// Original name of the frame's file, its frame ID, or `first`: the earliest frame of the field. A comparison star
    /// without it means the frame of the target.
    public var frame: String?
    public var x: Double
    public var y: Double

    public init(frame: String? = nil, x: Double, y: Double) {
        self.frame = frame
        self.x = x
        self.y = y
    }
}

public enum ForcedPhotometry: String, Codable, Sendable, CaseIterable {
    /// At the target's place on every frame, detected or not.
    case always
    /// Only where no detection matches.
    case whenMissing
}

/// A star that is taken to be constant.
public struct ComparisonStar: Codable, Sendable, Equatable, Identifiable {
    public var id: String
    public var ra: AngleValue?
    public var dec: AngleValue?
    public var pixel: PixelPosition?
    /// By filter, as the instrument document spells it.
    public var magnitudes: [String: CatalogueMagnitude]

    public func position() throws(SkyError) -> SkyPosition? { try skyPosition(ra: ra, dec: dec) }

    public init(id: String, pixel: PixelPosition) {
        self.id = id
        self.pixel = pixel
        magnitudes = [:]
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(String.self, forKey: .id)
        ra = try container.decodeIfPresent(AngleValue.self, forKey: .ra)
        dec = try container.decodeIfPresent(AngleValue.self, forKey: .dec)
        pixel = try container.decodeIfPresent(PixelPosition.self, forKey: .pixel)
        magnitudes = try container.decodeIfPresent([String: CatalogueMagnitude].self, forKey: .magnitudes) ?? [:]
    }
}

public enum MagnitudeSystem: String, Codable, Sendable, CaseIterable {
    case ab = "AB"
    case vega = "Vega"
}

/// A magnitude with its error and its system.
public struct CatalogueMagnitude: Codable, Sendable, Equatable {
    public var magnitude: Double
    public var error: Double?
    public var system: MagnitudeSystem
    /// Where it was taken from.
    public var source: String?

    public init(magnitude: Double, error: Double? = nil, system: MagnitudeSystem, source: String? = nil) {
        self.magnitude = magnitude
        self.error = error
        self.system = system
        self.source = source
    }
}

private func skyPosition(ra: AngleValue?, dec: AngleValue?) throws(SkyError) -> SkyPosition? {
    guard let ra, let dec else { return nil }
    return try SkyPosition(
        raDegrees: ra.degrees(hours: true, quantity: "ra"), decDegrees: dec.degrees(hours: false, quantity: "dec"))
}

/// Fields that are not given take the values of `TargetDocument(id:revision:)`.
extension TargetDocument {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func given<Value: Decodable>(_ key: CodingKeys, _ type: Value.Type = Value.self) throws -> Value? {
            try container.decodeIfPresent(Value.self, forKey: key)
        }
        self.init(id: try container.decode(String.self, forKey: .id))
        name = try given(.name)
        revision = try given(.revision) ?? revision
        ra = try given(.ra)
        dec = try given(.dec)
        pixel = try given(.pixel)
        objectNames = try given(.objectNames, TextOrList.self)?.texts ?? []
        comparisonStars = try given(.comparisonStars) ?? []
        filters = try given(.filters) ?? []
        instruments = try given(.instruments) ?? []
        forcedPhotometry = try given(.forcedPhotometry) ?? forcedPhotometry
        fieldRadiusDegrees = try given(.fieldRadiusDegrees)
        matchRadiusArcsec = try given(.matchRadiusArcsec)
        matchRadiusPixels = try given(.matchRadiusPixels)
        photometry = try given(.photometry)
    }

    /// The fields of a document, for those who compare them with the schema.
    public static var fieldNames: [String] { CodingKeys.allCases.map(\.rawValue) }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case id, name, revision, ra, dec, pixel, objectNames, comparisonStars, filters, instruments, forcedPhotometry
        case fieldRadiusDegrees, matchRadiusArcsec, matchRadiusPixels, photometry
    }
}
