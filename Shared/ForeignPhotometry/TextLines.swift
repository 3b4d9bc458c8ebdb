internal import Foundation

/// The lines of a file in bytes: LF, CR LF or CR, with or without a byte order mark, anything inside.
struct TextLines: Sequence {
    static let maximumLength = 20_000

    struct Line {
        /// From 1.
        var number: Int
        /// `nil` for a line that is too long to be a point.
        var text: String?
    }

    private let bytes: [UInt8]
    private let start: Int
    private let separator: UInt8

    /// - Returns: `nil` for text in UTF-16, which has a zero in every other byte.
    init?(_ data: Data) {
        bytes = [UInt8](data)
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) { return nil }
        start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        let lineFeed = UInt8(ascii: "\n")
        separator = bytes.contains(lineFeed) ? lineFeed : UInt8(ascii: "\r")
    }

    func makeIterator() -> AnyIterator<Line> {
        var position = start
        var number = 0
        return AnyIterator {
            guard position < bytes.count else { return nil }
            var end = end(from: position)
            let next = end + 1
            number += 1
            while end > position, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
            defer { position = next }
            guard end - position <= Self.maximumLength else { return Line(number: number, text: nil) }
            return Line(number: number, text: String(decoding: bytes[position..<end], as: UTF8.self))
        }
    }

    private func end(from position: Int) -> Int {
        bytes.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress,
                let found = memchr(base + position, Int32(separator), buffer.count - position)
            else { return buffer.count }
            return UnsafeRawPointer(found) - base
        }
    }
}

extension String {
    /// Fields of a line; a field in double quotes may hold the delimiter, and `""` for a quote.
    ///
    /// - Returns: `nil` when a quote is not closed.
    func fields(by delimiter: Character) -> [String]? {
        var fields: [String] = []
        var field = ""
        var quoted = false
        var index = startIndex
        while index < endIndex {
            let character = self[index]
            let next = self.index(after: index)
            if character == "\"", quoted, next < endIndex, self[next] == "\"" {
                field.append("\"")
                index = self.index(after: next)
                continue
            }
            if character == "\"", quoted || field.allSatisfy(\.isWhitespace) {
                if !quoted { field = "" }
                quoted.toggle()
            } else if character == delimiter, !quoted {
                fields.append(field.trimmed)
                field = ""
            } else {
                field.append(character)
            }
            index = next
        }
        fields.append(field.trimmed)
        return quoted ? nil : fields
    }

    var trimmed: String {
        guard first?.isWhitespace ?? false || last?.isWhitespace ?? false else { return self }
        return trimmingCharacters(in: .whitespaces)
    }

    /// Short and printable, for an error's text.
    var excerpt: String {
        let visible = prefix(60).map {
            $0.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 } ? $0 : "\u{FFFD}"
        }
        return "\"" + String(visible) + (dropFirst(60).isEmpty ? "" : "...") + "\""
    }

    /// A plain decimal number: no hexadecimal, no `nan`, no `inf`.
    var decimal: Double? {
        guard !isEmpty, utf8.count <= 40, utf8.allSatisfy({ Self.decimalBytes.contains($0) }) else { return nil }
        return Double(self).flatMap { $0.isFinite ? $0 : nil }
    }

    private static let decimalBytes = Set("0123456789+-.eE".utf8)
}
