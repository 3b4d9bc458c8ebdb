internal import Imaging

/// Writes header cards as 80-character FITS records: numbers in their shortest form that reads back exactly, long
/// strings by CONTINUE, long or lower-case keywords by HIERARCH.
enum CardFormat {
    static func records(for card: HeaderCard) -> [String] {
        let keyword = ascii(card.keyword).uppercased()
        if ["", "COMMENT", "HISTORY"].contains(keyword) { return commentary(keyword, card) }
        let isStandard = keyword.utf8.count <= 8 && keyword.utf8.allSatisfy(isKeywordCharacter)
        let start = isStandard ? pad(keyword, to: 8) + "= " : "HIERARCH \(keyword.filter { $0 != "=" }) = "
        guard start.utf8.count <= 60 else { return commentary("COMMENT", card) }
        switch card.value {
        case .string(let text), .unreadable(let text): return strings(start, ascii(text), card.comment)
        case nil: return [single(start, "", card.comment)]
        case .logical(let value): return [single(start, fixed(value ? "T" : "F", isStandard), card.comment)]
        case .integer(let value): return [single(start, fixed(String(value), isStandard), card.comment)]
        case .real(let value) where value.isFinite:
            return [single(start, fixed("\(value)".uppercased(), isStandard), card.comment)]
        case .real(let value): return strings(start, "\(value)", card.comment)
        }
    }

    private static func commentary(_ keyword: String, _ card: HeaderCard) -> [String] {
        var text: String
        switch card.value {
        case .string(let value), .unreadable(let value): text = ascii(value)
        default: text = ""
        }
        if !["", "COMMENT", "HISTORY"].contains(card.keyword.uppercased()) { text = ascii(card.keyword) + " " + text }
        var records: [String] = []
        repeat {
            records.append(pad(pad(keyword, to: 8) + text.prefix(72), to: 80))
            text = String(text.dropFirst(72))
        } while !text.isEmpty
        return records
    }

    private static func strings(_ start: String, _ text: String, _ comment: String) -> [String] {
        let whole = "'" + pad(escape(text[...]), to: 8) + "'"
        if start.utf8.count + whole.utf8.count <= 80 { return [single(start, whole, comment)] }
        var records: [String] = []
        var rest = text[...]
        var head = start
        while !rest.isEmpty {
            var count = min(rest.count, 80 - head.utf8.count - 3)
            while escape(rest.prefix(count)).utf8.count > 80 - head.utf8.count - 3 { count -= 1 }
            let part = escape(rest.prefix(count))
            rest = rest.dropFirst(count)
            records.append(single(head, "'\(part)\(rest.isEmpty ? "" : "&")'", rest.isEmpty ? comment : ""))
            head = "CONTINUE  "
        }
        return records
    }

    private static func single(_ start: String, _ value: String, _ comment: String) -> String {
        let text = start + value + (comment.isEmpty ? "" : " / " + ascii(comment))
        return pad(String(text.prefix(80)), to: 80)
    }

    private static func fixed(_ value: String, _ isStandard: Bool) -> String {
        isStandard ? String(repeating: " ", count: max(0, 20 - value.utf8.count)) + value : value
    }

    private static func escape(_ text: Substring) -> String {
        text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
    }

    private static func ascii(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { (0x20...0x7E).contains($0.value) ? $0 : "?" }))
    }

    private static func pad(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.utf8.count))
    }

    private static func isKeywordCharacter(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F || byte == 0x2D
    }
}
