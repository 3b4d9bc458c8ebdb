/// A JSON text as a tree. Members keep their order, numbers keep their digits.
enum JSONNode: Equatable {
    case null
    case logical(Bool)
    case number(String)
    case string(String)
    case array([JSONNode])
    case object([Member])

    struct Member: Equatable {
        let key: String
        let value: JSONNode
    }

    /// What a person would call this value in an error text.
    var kindName: String {
        switch self {
        case .null: "null"
        case .logical(let value): value ? "true" : "false"
        case .number(let text): "the number \(text)"
        case .string(let text): "the text \"\(text.prefix(40))\""
        case .array: "a list"
        case .object: "an object"
        }
    }

    subscript(key: String) -> JSONNode? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }
}

/// Where and why a text is not JSON (RFC 8259). Lines and columns count from 1; columns count bytes.
struct JSONSyntaxError: Error, Equatable {
    let line: Int
    let column: Int
    let text: String
}

/// A strict RFC 8259 reader: no comments, no trailing commas, no repeated keys, at most 64 levels deep.
struct JSONReader {
    private let bytes: [UInt8]
    private var position = 0
    private static let deepest = 64

    static func read(_ bytes: some Collection<UInt8>) throws(JSONSyntaxError) -> JSONNode {
        var reader = JSONReader(bytes: Array(bytes))
        if reader.bytes.starts(with: [0xEF, 0xBB, 0xBF]) { reader.position = 3 }
        let node = try reader.value(depth: 0)
        reader.skipBlanks()
        guard reader.position == reader.bytes.count else {
            throw reader.error("more text after the end of the document")
        }
        return node
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private func error(_ text: String) -> JSONSyntaxError {
        let before = bytes[..<min(position, bytes.count)]
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return JSONSyntaxError(
            line: before.count { $0 == 0x0A } + 1, column: before.count - lineStart + 1, text: text)
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipBlanks() {
        while let byte = current, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
    }

    private mutating func take(_ character: Character) -> Bool {
        skipBlanks()
        guard let byte = current, byte == character.asciiValue else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSONNode {
        guard depth < Self.deepest else { throw error("nested deeper than \(Self.deepest) levels") }
        skipBlanks()
        switch current {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case nil: throw error("the text ends where a value should be")
        case let byte? where byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte):
            return .number(try number())
        default: return try word()
        }
    }

    private mutating func word() throws(JSONSyntaxError) -> JSONNode {
        for (text, node) in [("true", JSONNode.logical(true)), ("false", .logical(false)), ("null", .null)]
        where bytes[position...].starts(with: text.utf8) {
            position += text.utf8.count
            return node
        }
        throw error("expected a value")
    }

    private mutating func object(depth: Int) throws(JSONSyntaxError) -> JSONNode {
        position += 1
        var members: [JSONNode.Member] = []
        var seen: Set<String> = []
        if take("}") { return .object([]) }
        repeat {
            skipBlanks()
            guard current == UInt8(ascii: "\"") else { throw error("expected a field name in double quotes") }
            let key = try string()
            guard seen.insert(key).inserted else { throw error("the field \"\(key)\" is given twice") }
            guard take(":") else { throw error("expected ':' after \"\(key)\"") }
            members.append(JSONNode.Member(key: key, value: try value(depth: depth + 1)))
        } while take(",")
        guard take("}") else { throw error("expected ',' or '}'") }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(JSONSyntaxError) -> JSONNode {
        position += 1
        var elements: [JSONNode] = []
        if take("]") { return .array([]) }
        repeat { elements.append(try value(depth: depth + 1)) } while take(",")
        guard take("]") else { throw error("expected ',' or ']'") }
        return .array(elements)
    }

    private mutating func number() throws(JSONSyntaxError) -> String {
        let start = position
        let allowed = Set("+-.eE0123456789".utf8)
        while let byte = current, allowed.contains(byte) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        let digits = text.first == "-" ? text.dropFirst() : text[...]
        let leadingZero = digits.count > 1 && digits.first == "0" && digits.dropFirst().first?.isNumber == true
        let pointAlone = text.hasSuffix(".") || text.contains(".e") || text.contains(".E")
        guard let value = Double(text), value.isFinite, digits.first?.isNumber == true, !leadingZero, !pointAlone else {
            throw error("'\(text)' is not a JSON number")
        }
        return text
    }

    private mutating func string() throws(JSONSyntaxError) -> String {
        position += 1
        var utf8: [UInt8] = []
        while let byte = current, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw error("a line break or control character inside a text") }
            position += 1
            if byte == UInt8(ascii: "\\") { utf8 += try escape() } else { utf8.append(byte) }
        }
        guard current != nil else { throw error("a text is not closed by '\"'") }
        position += 1
        guard let text = String(validating: utf8, as: UTF8.self) else { throw error("a text is not valid UTF-8") }
        return text
    }

    private mutating func escape() throws(JSONSyntaxError) -> [UInt8] {
        guard let byte = current else { throw error("a text ends after '\\'") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return Array(String(try escapedScalar()).utf8)
        default: throw error("'\\\(Character(UnicodeScalar(byte)))' is not a JSON escape")
        }
    }

    private mutating func escapedScalar() throws(JSONSyntaxError) -> Unicode.Scalar {
        let first = try hexadecimalUnit()
        if let scalar = Unicode.Scalar(UInt32(first)) { return scalar }
        guard first < 0xDC00, bytes[position...].starts(with: "\\u".utf8) else { throw error("half a surrogate pair") }
        position += 2
        let second = try hexadecimalUnit()
        guard (0xDC00...0xDFFF).contains(second) else { throw error("half a surrogate pair") }
        let code = 0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00)
        guard let scalar = Unicode.Scalar(code) else { throw error("half a surrogate pair") }
        return scalar
    }

    private mutating func hexadecimalUnit() throws(JSONSyntaxError) -> UInt16 {
        guard position + 4 <= bytes.count else { throw error("'\\u' needs four hexadecimal digits") }
        let digits = String(decoding: bytes[position..<position + 4], as: UTF8.self)
        guard digits.allSatisfy(\.isHexDigit), let unit = UInt16(digits, radix: 16) else {
            throw error("'\\u' needs four hexadecimal digits")
        }
        position += 4
        return unit
    }
}
