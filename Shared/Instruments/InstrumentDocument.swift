public import Imaging

/// What an observer writes about one instrument, as JSON (`schemas/documents/instrument.schema.json`).
///
/// Only `id` is needed. Whatever is given outranks the built-in presets, and the gain, noise, saturation, scale and
/// site given here outrank the header.
public struct InstrumentDocument: Codable, Sendable, Equatable, Identifiable {
    /// Short name, used as a key: letters, digits, `.`, `_`, `-`.
    public var id: String
    public var name: String?
    /// Raised by hand with every change that should make new versions of results.
    public var revision: Int
    /// Built-in presets to use, best first; `["auto"]` recognises the program by the header.
    public var software: [String]
    /// Recognises frames of this instrument when nobody says which it is.
    public var match: MatchPatterns?
    /// Keyword lists per fact, best first; a list given here replaces the preset's.
    public var keywords: KeywordPreferences
    /// IMAGETYP spellings beside the usual ones; compared by letters and digits only, without case.
    public var imageTypes: [String: FrameKind]
    /// Kind by name of the file; outranks the header, first match counts.
    public var kindFromFileName: [KindPattern]
    /// Filter and object by name of the file, where the header has none; first match counts.
    public var filterFromFileName: [FilterPattern]
    public var objectFromFileName: [ObjectPattern]
    /// Header spelling to filter name; compared without case.
    public var filters: [String: String]
    /// What holds when the header says nothing.
    public var defaults: Defaults
    public var gain: GainRule
    /// [e-]
    public var readNoiseElectrons: Double?
    /// [ADU], instead of `readNoiseElectrons`.
    public var readNoiseADU: Double?
    /// Level from which a pixel counts as saturated [ADU].
    public var saturationADU: Double?
    /// [arcsec] per pixel at `binning`.
    public var pixelScaleArcsec: Double?
    /// Binning for headers that do not say it, and that of `pixelScaleArcsec`; 1 when not given.
    public var binning: Int?
    /// Whether each pixel sees one colour, and which; `auto` when not given.
    public var bayer: BayerRule?
    /// Of a colour camera's files, the channel that a reader asks for. Not part of the JSON.
    public var channel: BayerChannel?
    public var exposureUnit: ExposureUnit?
    public var time: TimeRule
    public var site: SiteDocument?
    /// Sign of longitudes in headers. Not of `site`, which is always positive east.
    public var longitudeSign: LongitudeSign?
    /// Unit of right ascensions written as plain numbers in headers.
    public var pointingUnits: PointingUnits?
    public var temperatureUnit: TemperatureUnit?
    /// The number that headers write for "no temperature".
    public var temperatureMissingValue: Double?
    public var telescope: TelescopeDocument?
    public var acceptance: AcceptanceRule
    public var photometry: ApertureHints
    /// Rows and columns at the edges that hold no sky.
    /// After the overscan has been trimmed, where there is one.
    public var trim: TrimMargins?
    public var overscan: OverscanDocument?
    public var crosstalk: CrosstalkDocument?
    public var linearity: LinearityDocument?
    public var rowNoise: RowNoiseDocument?
    /// Lines along which saturated pixels bleed; columns when not given.
    public var bleeding: Bleeding?
    public var dark: DarkDocument?
    /// Whether cosmic rays and satellite trails are looked for; not when not given.
    public var cosmicRays: Bool?

    public init(id: String, revision: Int = 1) {
        self.id = id
        self.revision = revision
        software = ["auto"]
        keywords = KeywordPreferences()
        imageTypes = [:]
        kindFromFileName = []
        filterFromFileName = []
        objectFromFileName = []
        filters = [:]
        defaults = Defaults()
        gain = GainRule()
        time = TimeRule()
        acceptance = AcceptanceRule()
        photometry = ApertureHints()
    }

    /// What gets unknown headers by: every preset recognised by itself, nothing assumed.
    public static func automatic(id: String) -> InstrumentDocument { InstrumentDocument(id: id) }

    /// Whether the header and file name look like this instrument's; `false` without patterns.
    public func recognises(camera: String?, telescope: String?, fileName: String) -> Bool {
        guard let match, !match.isEmpty else { return false }
        let pairs = [(match.camera, camera), (match.telescope, telescope), (match.fileName, fileName)]
        return pairs.allSatisfy { patterns, text in
            guard let patterns, !patterns.isEmpty else { return true }
            return patterns.contains { Glob($0).matches(text ?? "") }
        }
    }
}
