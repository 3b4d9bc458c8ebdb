public import Foundation

extension RuleDocument {
    /// Reads a rule, strictly: unknown fields, wrong types and values out of range are problems, and all are told
    /// together.
    ///
    /// - Parameters:
    ///   - json: the document's bytes, UTF-8, at most 1 MB.
    ///   - file: the name by which errors call the document.
    public init(json: Data, file: String) throws(RuleDocumentError) {
        guard json.count <= 1_000_000 else {
            throw RuleDocumentError(file: file, whole: "\(json.count) bytes are too many for a rule; at most 1000000")
        }
        let value: JSONValue
        do {
            value = try JSONDecoder().decode(JSONValue.self, from: json)
        } catch {
            throw RuleDocumentError(file: file, whole: "is not JSON: \(Self.cause(of: error))")
        }
        self = try Self.read(value, file: file)
    }

    /// The document as canonical JSON: keys sorted, every default written out.
    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }

    static func read(_ value: JSONValue, file: String) throws(RuleDocumentError) -> RuleDocument {
        guard case .object(let fields) = value else {
            throw RuleDocumentError(file: file, whole: "must be an object, not \(value.typeName)")
        }
        let list = ProblemList()
        let rule = read(FieldReader(fields, path: "", list: list))
        guard list.problems.isEmpty, let rule else { throw RuleDocumentError(file: file, problems: list.problems) }
        return rule
    }

    private static func cause(of error: any Error) -> String {
        guard case DecodingError.dataCorrupted(let context) = error else { return "\(error)" }
        return context.underlyingError.map { "\($0)" } ?? context.debugDescription
    }

    private static func read(_ reader: FieldReader) -> RuleDocument? {
        reader.allowOnly([
            "$schema", "id", "name", "revision", "target", "filters", "instruments", "kind", "confirmation",
            "hysteresis", "maxAgeHours", "updateAfterMagnitudes", "updateAfterHours", "systematicMagnitudes",
            "minimumTransparency",
        ])
        let id = identifier(reader)
        let name = reader.string("name")
        let revision = reader.integer("revision", in: 1...1_000_000)
        let target = reader.string("target")
        let filters = reader.strings("filters")
        let instruments = reader.strings("instruments")
        let kind = RuleKind(reader)
        let confirmation = Confirmation(reader)
        let hysteresis = kind.flatMap { readHysteresis(reader, kind: $0) }
        let age = reader.number("maxAgeHours", in: 0...1e6, default: defaultMaxAgeHours)
        let step = reader.number("updateAfterMagnitudes", in: 0.01...50, default: defaultUpdateAfterMagnitudes)
        let hours = reader.number("updateAfterHours", in: 0.01...1e6, default: defaultUpdateAfterHours)
        let floor = reader.number("systematicMagnitudes", in: 0...5, default: defaultSystematicMagnitudes)
        let isLimited = reader.has("minimumTransparency")
        let clear = isLimited ? reader.number("minimumTransparency", in: 0.01...1) : nil
        guard let id, let name, let revision, let target, let kind, let confirmation, let age, let step, let hours,
            let floor
        else { return nil }
        return RuleDocument(
            id: id, name: name, revision: revision, target: target, filters: filters, instruments: instruments,
            kind: kind, confirmation: confirmation, hysteresis: hysteresis, maxAgeHours: age,
            updateAfterMagnitudes: step,
            updateAfterHours: hours, systematicMagnitudes: floor, minimumTransparency: clear)
    }

    private static func identifier(_ reader: FieldReader) -> String? {
        guard let id = reader.string("id", maximumLength: 64) else { return nil }
        let allowed = Set("abcdefghijklmnopqrstuvwxyz0123456789-")
        guard id.allSatisfy(allowed.contains), id.first != "-", id.last != "-" else {
            reader.report("id", "may have lower-case letters, digits and inner hyphens only, not \"\(id)\"")
            return nil
        }
        return id
    }

    private static func readHysteresis(_ reader: FieldReader, kind: RuleKind) -> Double? {
        guard let inner = reader.object("hysteresis") else { return nil }
        inner.allowOnly([kind.levelName])
        guard let level = inner.number(kind.levelName, in: kind.levelRange) else { return nil }
        guard kind.ends(at: level) else {
            inner.report(kind.levelName, "\(level) is not on the quiet side of \(kind.level)")
            return nil
        }
        return level
    }
}

extension RuleDocumentError {
    init(file: String, whole text: String) {
        self.init(file: file, problems: [DocumentProblem(field: "", text: text)])
    }
}

extension RuleDocument: Codable {
    public init(from decoder: any Decoder) throws {
        self = try Self.read(JSONValue(from: decoder), file: "rule")
    }

    public func encode(to encoder: any Encoder) throws {
        var fields: [String: JSONValue] = [
            "id": .string(id), "name": .string(name), "revision": .number(Double(revision)), "target": .string(target),
            "kind": kind.json, "confirmation": confirmation.json,
            "hysteresis": .object([kind.levelName: .number(clearLevel)]),
            "maxAgeHours": .number(maxAgeHours), "updateAfterMagnitudes": .number(updateAfterMagnitudes),
            "updateAfterHours": .number(updateAfterHours), "systematicMagnitudes": .number(systematicMagnitudes),
        ]
        if let filters { fields["filters"] = .array(filters.map(JSONValue.string)) }
        if let minimumTransparency { fields["minimumTransparency"] = .number(minimumTransparency) }
        if let instruments { fields["instruments"] = .array(instruments.map(JSONValue.string)) }
        try JSONValue.object(fields).encode(to: encoder)
    }
}
