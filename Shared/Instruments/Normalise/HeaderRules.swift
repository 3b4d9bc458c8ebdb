internal import Imaging

/// How one header is to be read: the document, over the presets that fit, over the usual.
struct HeaderRules {
    let document: InstrumentDocument
    let presets: [SoftwarePreset]

    init(document: InstrumentDocument, header: Header) {
        self.document = document
        var presets: [SoftwarePreset] = []
        for name in document.software {
            let named =
                name == "auto" ? SoftwarePreset.recognised(in: header) : [SoftwarePreset.named(name)].compactMap { $0 }
            presets += named.filter { preset in !presets.contains { $0.id == preset.id } }
        }
        self.presets = presets
    }

    func keywords(_ fact: HeaderFact) -> [String] {
        document.keywords[fact] ?? presets.lazy.compactMap { $0.keywords[fact] }.first ?? UsualHeader.keywords[fact]
            ?? []
    }

    var dateKeywords: [String] {
        document.time.dateKeywords ?? presets.lazy.compactMap(\.dateKeywords).first ?? UsualHeader.dateKeywords
    }

    var timeKeywords: [String] { document.time.timeKeywords ?? UsualHeader.timeKeywords }
    var defaultKind: FrameKind? { document.defaults.kind ?? presets.lazy.compactMap(\.defaultKind).first }

    var longitudeSign: LongitudeSign {
        document.longitudeSign ?? presets.lazy.compactMap(\.longitudeSign).first ?? .eastPositive
    }

    var pointingUnits: PointingUnits {
        document.pointingUnits ?? presets.lazy.compactMap(\.pointingUnits).first ?? .degrees
    }

    var temperatureUnit: TemperatureUnit {
        document.temperatureUnit ?? presets.lazy.compactMap(\.temperatureUnit).first ?? .celsius
    }

    var temperatureMissingValue: Double? {
        document.temperatureMissingValue ?? presets.lazy.compactMap(\.temperatureMissingValue).first
    }

    /// Which moment a date means: the document's word, the keyword's own name, the comment behind it, the preset's
    /// word.
    func timestamp(of card: HeaderCard) -> Timestamp {
        let keyword = card.keyword.uppercased()
        if keyword.hasSuffix("-BEG") || keyword.hasSuffix("START") { return .start }
        if keyword.hasSuffix("-AVG") || keyword.hasSuffix("-MID") { return .middle }
        if keyword.hasSuffix("-END") { return .end }
        if let timestamp = document.time.timestamp { return timestamp }
        for (pattern, timestamp) in presets.flatMap(\.timestampComments) where Glob(pattern).matches(card.comment) {
            return timestamp
        }
        return presets.lazy.compactMap(\.timestamp).first ?? .start
    }

    func kind(spelt text: String) -> FrameKind? {
        let wanted = Self.plainSpelling(text)
        let own = document.imageTypes.first { Self.plainSpelling($0.key) == wanted }
        return own?.value ?? UsualHeader.kinds[wanted]
    }

    /// Lower case, letters and digits only: "Light Frame", "LIGHT_FRAME" and "lightframe" are one.
    static func plainSpelling(_ text: String) -> String { text.lowercased().filter { $0.isLetter || $0.isNumber } }
}
