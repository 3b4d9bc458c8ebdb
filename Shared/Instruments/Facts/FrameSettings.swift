public import Imaging

/// What a header states, and where.
public struct Stated<Value: Sendable & Equatable>: Sendable, Equatable {
    /// The keyword, or "the file name", or "the instrument document".
    public let source: String
    /// As written.
    public let text: String
    public let value: Value

    public init(_ source: String, _ text: String, _ value: Value) {
        self.source = source
        self.text = text
        self.value = value
    }
}

/// How a frame was taken, as its header states it: what frames that calibrate each other must have in common.
///
/// Only statements: what is missing is nil, where `ExposureFacts` assumes what is usual. Spellings are those of
/// `normalise`: the document outranks the presets, and those the usual keywords.
public struct FrameSettings: Sendable, Equatable {
    public struct Binning: Sendable, Equatable {
        public let x: Int
        public let y: Int

        public init(x: Int, y: Int) {
            self.x = x
            self.y = y
        }
    }

    /// With the value nil where the word is of no kind that is known.
    public var kind: Stated<FrameKind?>?
    /// In the document's spelling.
    public var filter: Stated<String>?
    public var binning: Stated<Binning>?
    /// Of the sensor, else the cooler's set point [C].
    public var temperatureCelsius: Stated<Double>?
    /// EGAIN [e-/ADU].
    public var electronsPerADU: Stated<String>?
    /// GAIN, whatever its unit.
    public var gainSetting: Stated<String>?
    /// OFFSET or BLKLEVEL, the setting of the camera's pedestal.
    public var offsetSetting: Stated<String>?
    /// READOUTM or READMODE.
    public var readoutMode: Stated<String>?
    public var camera: Stated<String>?
    /// Pattern of the mosaic that a channel, or a master of one, comes from: its first cell, offsets and rows counted.
    public var mosaic: Stated<String>?

    /// - Parameters:
    ///   - header: of the image HDU.
    ///   - fileName: without folders.
    public init(header: Header, fileName: String, instrument: InstrumentDocument) {
        var reading = HeaderReading(header: header, fileName: fileName, document: instrument)
        kind = reading.statedKind()
        filter = reading.statedFilter()
        binning = reading.statedBinning()
        temperatureCelsius = reading.statedTemperature()
        electronsPerADU = reading.stated(in: reading.rules.keywords(.gain))
        gainSetting = reading.stated(in: ["GAIN"])
        offsetSetting = reading.stated(in: ["OFFSET", "BLKLEVEL"])
        readoutMode = reading.stated(in: ["READOUTM", "READMODE"])
        camera = reading.stated(in: reading.rules.keywords(.camera))
        mosaic = reading.stated(in: [BayerMosaic.patternKeyword])
    }
}

extension HeaderReading {
    /// The first keyword that is there and says something.
    fileprivate func stated(in keywords: [String]) -> Stated<String>? {
        for keyword in keywords {
            guard let text = header.text(keyword) else { continue }
            let word = text.collapsingBlanks()
            if !UsualHeader.placeholders.contains(word.lowercased()) { return Stated(keyword, word, word) }
        }
        return nil
    }

    fileprivate func statedKind() -> Stated<FrameKind?>? {
        if let pattern = document.kindFromFileName.first(where: { Glob($0.pattern).matches(fileName) }) {
            return Stated("the file name", fileName, pattern.kind)
        }
        guard let written = stated(in: rules.keywords(.kind)) else { return nil }
        return Stated(written.source, written.text, rules.kind(spelt: written.text))
    }

    fileprivate func statedFilter() -> Stated<String>? {
        var found = stated(in: rules.keywords(.filter))
        if found == nil, let pattern = document.filterFromFileName.first(where: { Glob($0.pattern).matches(fileName) })
        {
            found = Stated("the file name", fileName, pattern.filter)
        }
        found = found ?? document.defaults.filter.map { Stated("the instrument document", $0, $0) }
        return found.map { written in
            let spelling = written.value.collapsingBlanks()
            let known = document.filters.first { $0.key.lowercased() == spelling.lowercased() }?.value
            return Stated(written.source, written.text, known ?? spelling)
        }
    }

    fileprivate mutating func statedBinning() -> Stated<FrameSettings.Binning>? {
        let (x, y) = binning()
        let value = FrameSettings.Binning(x: x, y: y)
        if notes.contains(where: { $0.code == .binningAssumed }) {
            return document.binning.map { Stated("the instrument document", "\($0)", value) }
        }
        let keyword = rules.keywords(.binningX).first { header.text($0) != nil } ?? "XBINNING"
        return Stated(keyword, "\(x) x \(y)", value)
    }

    fileprivate mutating func statedTemperature() -> Stated<Double>? {
        for fact in [HeaderFact.temperature, .setTemperature] {
            guard let celsius = temperature(fact) else { continue }
            return Stated(firstText(fact)?.keyword ?? "", "\(celsius)", celsius)
        }
        return nil
    }
}
