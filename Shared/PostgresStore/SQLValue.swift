public import Foundation

/// A parameter of a statement.
///
/// `int`, `double`, `bool`, `data`, `json` and the arrays are sent with their type; `text` and `null` take the type the
/// statement gives them, so a text may be a timestamp or a uuid. Where a statement gives none, write `$1::text`.
public enum SQLValue: Sendable, Equatable {
    case null
    case text(String)
    case int(Int)
    case double(Double)
    case bool(Bool)
    /// bytea
    case data(Data)
    /// jsonb, as UTF-8 bytes
    case json(Data)
    case texts([String])
    case ints([Int])
    /// float8[]; NaN and infinities included
    case doubles([Double])

    public init(_ value: String?) { self = value.map { .text($0) } ?? .null }
    public init(_ value: Int?) { self = value.map { .int($0) } ?? .null }
    public init(_ value: Double?) { self = value.map { .double($0) } ?? .null }
    public init(_ value: Bool?) { self = value.map { .bool($0) } ?? .null }
    public init(_ value: Data?) { self = value.map { .data($0) } ?? .null }
}

extension SQLValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .text(value) }
    public init(integerLiteral value: Int) { self = .int(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(nilLiteral: ()) { self = .null }
}

/// Object identifiers of built-in types, from pg_type.dat.
enum PostgresType {
    static let bool: UInt32 = 16
    static let bytea: UInt32 = 17
    static let int8: UInt32 = 20
    static let json: UInt32 = 114
    static let float8: UInt32 = 701
    static let textArray: UInt32 = 1009
    static let int8Array: UInt32 = 1016
    static let float8Array: UInt32 = 1022
    static let jsonb: UInt32 = 3802

    private static let names: [UInt32: String] = [
        16: "boolean", 17: "bytea", 20: "bigint", 21: "smallint", 23: "integer", 25: "text", 114: "json", 700: "real",
        701: "double precision", 1009: "text[]", 1016: "bigint[]", 1022: "double precision[]", 1043: "varchar",
        1082: "date", 1114: "timestamp", 1184: "timestamptz", 1700: "numeric", 2950: "uuid", 3802: "jsonb",
    ]

    static func name(_ type: UInt32) -> String { names[type] ?? "type \(type)" }
}

/// Parameters as libpq wants them: one buffer, and for each its type, place, length and format.
struct EncodedParameters {
    private(set) var types: [UInt32] = []
    private(set) var lengths: [Int32] = []
    private(set) var formats: [Int32] = []
    private var offsets: [Int?] = []
    private var bytes: [UInt8] = []

    /// - Throws: `DatabaseError` 22021 when a text holds a NUL, which PostgreSQL cannot store and C would cut off at.
    init(_ values: [SQLValue], statement: String) throws(DatabaseError) {
        for (index, value) in values.enumerated() {
            if !append(value) {
                throw DatabaseError(
                    sqlState: "22021", message: "parameter $\(index + 1) holds a NUL character",
                    statement: Failure.summary(of: statement))
            }
        }
    }

    /// Calls `body` with the pointers; valid only inside.
    func withPointers<Result>(_ body: ([UnsafePointer<CChar>?]) throws -> Result) rethrows -> Result {
        try bytes.withUnsafeBytes { buffer in
            let base = buffer.bindMemory(to: CChar.self).baseAddress
            return try body(offsets.map { offset in offset.flatMap { base?.advanced(by: $0) } })
        }
    }

    private mutating func append(_ value: SQLValue) -> Bool {
        switch value {
        case .null: add(type: 0, [UInt8]?.none)
        case .text(let text): return addText(type: 0, text)
        case .int(let number): addBinary(PostgresType.int8, UInt64(bitPattern: Int64(number)))
        case .double(let number): addBinary(PostgresType.float8, number.bitPattern)
        case .bool(let flag): add(type: PostgresType.bool, [flag ? 1 : 0], binary: true)
        case .data(let data): add(type: PostgresType.bytea, data, binary: true)
        case .json(let data):
            guard !data.contains(0) else { return false }
            add(type: PostgresType.jsonb, data)
        case .texts(let texts): return addText(type: PostgresType.textArray, ArrayText.write(texts))
        case .ints(let numbers): return addText(type: PostgresType.int8Array, ArrayText.write(numbers))
        case .doubles(let numbers): return addText(type: PostgresType.float8Array, ArrayText.write(numbers))
        }
        return true
    }

    private mutating func addText(type: UInt32, _ text: String) -> Bool {
        guard !text.utf8.contains(0) else { return false }
        add(type: type, text.utf8)
        return true
    }

    private mutating func addBinary(_ type: UInt32, _ bits: UInt64) {
        withUnsafeBytes(of: bits.bigEndian) { add(type: type, $0, binary: true) }
    }

    private mutating func add(type: UInt32, _ content: (some Collection<UInt8>)?, binary: Bool = false) {
        types.append(type)
        formats.append(binary ? 1 : 0)
        guard let content else {
            offsets.append(nil)
            lengths.append(0)
            return
        }
        offsets.append(bytes.count)
        lengths.append(Int32(content.count))
        bytes.append(contentsOf: content)
        bytes.append(0)
    }
}

/// PostgreSQL's text form of one-dimensional arrays: `{1.5,NaN}`, `{"a b","say \"x\""}`.
enum ArrayText {
    static func write(_ texts: [String]) -> String {
        var out = "{"
        for (index, text) in texts.enumerated() {
            if index > 0 { out += "," }
            out += "\""
            for character in text.unicodeScalars {
                if character == "\"" || character == "\\" { out += "\\" }
                out.unicodeScalars.append(character)
            }
            out += "\""
        }
        return out + "}"
    }

    static func write(_ numbers: [some LosslessStringConvertible]) -> String {
        "{" + numbers.map { "\($0)" }.joined(separator: ",") + "}"
    }

    /// The elements; nil for NULL. Nil when the text is not a one-dimensional array.
    static func read(_ text: String) -> [String?]? {
        guard text.hasPrefix("{"), text.hasSuffix("}") else { return nil }
        guard text != "{}" else { return [] }
        var elements: [String?] = []
        var element = ""
        var quoted = false
        var inQuotes = false
        var escaped = false
        for character in (text.dropFirst().dropLast() + ",").unicodeScalars {
            if escaped {
                element.unicodeScalars.append(character)
                escaped = false
            } else if character == "\\" {
                escaped = true
            } else if character == "\"" {
                inQuotes.toggle()
                quoted = true
            } else if character == ",", !inQuotes {
                elements.append(!quoted && element == "NULL" ? nil : element)
                element = ""
                quoted = false
            } else if character == "{", !inQuotes {
                return nil
            } else {
                element.unicodeScalars.append(character)
            }
        }
        return inQuotes || escaped ? nil : elements
    }
}
