internal import Foundation
internal import ReferenceCatalogue

/// One FIELD of a VOTable: its name and how its values are written.
struct VOTableField {
    let name: String
    let datatype: String
    /// 1 for a scalar; `nil` where each row says how many elements it has.
    let elementCount: Int?
    /// The text that stands for "not known" in a column of whole numbers.
    var null: String?

    /// - Returns: `nil` where the attributes are not those of a column that VOTable 1.4 knows.
    init?(attributes: [String: String]) {
        guard let datatype = attributes["datatype"], Self.widths[datatype] != nil else { return nil }
        name = attributes["name"] ?? attributes["ID"] ?? ""
        self.datatype = datatype
        let size = attributes["arraysize"] ?? "1"
        if size.hasSuffix("*") {
            elementCount = nil
        } else {
            let factors = size.split(separator: "x").map { Int($0) ?? -1 }
            guard factors.allSatisfy({ (0...1_000_000).contains($0) }) else { return nil }
            let (product, overflows) = factors.reduce((1, false)) { sum, factor in
                let (value, overflow) = sum.0.multipliedReportingOverflow(by: factor)
                return (value, sum.1 || overflow)
            }
            guard !overflows, product <= 1_000_000 else { return nil }
            elementCount = product
        }
    }

    /// Bytes of one element in a BINARY stream.
    private static let widths = [
        "boolean": 1, "unsignedByte": 1, "char": 1, "short": 2, "unicodeChar": 2, "int": 4, "float": 4, "long": 8,
        "double": 8, "floatComplex": 8, "doubleComplex": 16,
    ]

    private var width: Int { Self.widths[datatype] ?? 1 }

    /// What a TD holds.
    func value(text: String) -> TableField {
        let text = text.trimmingCharacters(in: .whitespacesAndNewlines)
        return text.isEmpty || text == null ? .missing : .text(text)
    }

    /// What a BINARY stream holds at a position, which moves on; `nil` where the stream ends before.
    func value(_ bytes: ArraySlice<UInt8>, at position: inout Int) -> TableField? {
        var count = elementCount ?? 0
        if elementCount == nil {
            guard let length = bytes.integer(at: position, width: 4), length >= 0 else { return nil }
            count = Int(length)
            position += 4
        }
        guard count <= (bytes.endIndex - position) / width else { return nil }
        let start = position
        position += count * width
        if datatype == "char" || datatype == "unicodeChar" { return text(bytes[start..<position]) }
        guard count == 1 else { return .missing }
        return scalar(bytes, at: start)
    }

    private func text(_ bytes: ArraySlice<UInt8>) -> TableField {
        let text =
            datatype == "char"
            ? String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            : String(data: Data(bytes), encoding: .utf16BigEndian) ?? ""
        return value(text: text)
    }

    private func scalar(_ bytes: ArraySlice<UInt8>, at place: Int) -> TableField? {
        guard let bits = bytes.integer(at: place, width: width) else { return .missing }
        switch datatype {
        case "double": return .number(Double(bitPattern: UInt64(bitPattern: bits)))
        case "float": return .number(Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits))))
        case "boolean":
            let letter = Character(UnicodeScalar(UInt8(truncatingIfNeeded: bits)))
            return "TtFf10".contains(letter) ? .text("Tt1".contains(letter) ? "true" : "false") : .missing
        case "unsignedByte":
            return whole(bits & 0xFF)
        default: return whole(bits)
        }
    }

    private func whole(_ value: Int64) -> TableField { String(value) == null ? .missing : .integer(value) }
}

extension ArraySlice<UInt8> {
    /// A signed big-endian number of 1 to 8 bytes; `nil` outside.
    func integer(at place: Int, width: Int) -> Int64? {
        guard width <= 8, place >= startIndex, place + width <= endIndex else { return nil }
        var value = Int64(Int8(bitPattern: self[place]))
        for byte in self[(place + 1)..<(place + width)] { value = value << 8 | Int64(byte) }
        return value
    }
}
