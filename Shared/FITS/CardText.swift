internal import Imaging

/// FITS header cards as text: 80 characters each, parsed without trusting the writer.
///
/// - Source: FITS Standard 4.0, sections 4.1, 4.2 and 4.4; the CONTINUE and HIERARCH conventions.
enum CardText {
    static let length = 80

    /// Cards in file order; a card that breaks the rules becomes `.unreadable`, never an error.
    static func parse(_ bytes: [UInt8]) -> [HeaderCard] {
        var cards: [HeaderCard] = []
        var continues = false
        for start in stride(from: 0, to: bytes.count, by: length) {
            let record = bytes[start..<min(start + length, bytes.count)]
            let keyword = decode(record.prefix(8)).uppercased()
            if keyword == "END" { break }
            if keyword == "CONTINUE", continues, let last = cards.popLast() {
                let (joined, goesOn) = join(last, record.dropFirst(8))
                cards.append(joined)
                continues = goesOn
                continue
            }
            let card = parse(record: record, keyword: keyword)
            cards.append(card)
            if case .string(let text) = card.value { continues = text.hasSuffix("&") } else { continues = false }
        }
        return cards
    }

    /// Text without trailing blanks; UTF-8 where it is valid, else Latin-1; control characters become `?`.
    static func decode(_ bytes: ArraySlice<UInt8>) -> String {
        var end = bytes.endIndex
        while end > bytes.startIndex, bytes[end - 1] == 0x20 || bytes[end - 1] == 0 { end -= 1 }
        let trimmed = bytes[bytes.startIndex..<end]
        let text =
            String(validating: trimmed, as: UTF8.self)
            ?? String(String.UnicodeScalarView(trimmed.map { Unicode.Scalar($0) }))
        let isControl: (Unicode.Scalar) -> Bool = { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? "?" : $0 }))
    }

    private static func parse(record: ArraySlice<UInt8>, keyword: String) -> HeaderCard {
        if keyword == "HIERARCH", let equals = record.firstIndex(of: UInt8(ascii: "=")) {
            let name = decode(record[(record.startIndex + 8)..<equals]).trimmingLeadingBlanks().uppercased()
            let (value, comment) = parse(value: record[(equals + 1)...])
            return HeaderCard(keyword: name, value: value, comment: comment)
        }
        let commentary = ["", "COMMENT", "HISTORY"].contains(keyword)
        if !commentary, record.count > 8, record[record.startIndex + 8] == UInt8(ascii: "=") {
            let (value, comment) = parse(value: record.dropFirst(9))
            return HeaderCard(keyword: keyword, value: value, comment: comment)
        }
        let text = decode(record.dropFirst(8))
        return HeaderCard(keyword: keyword, value: commentary ? .string(text) : .unreadable(text))
    }

    private static func parse(value field: ArraySlice<UInt8>) -> (HeaderValue?, String) {
        let field = field.drop { $0 == 0x20 }
        guard let first = field.first else { return (nil, "") }
        if first == UInt8(ascii: "'") {
            guard let (text, rest) = quoted(field) else { return (.unreadable(decode(field)), "") }
            return (.string(text), comment(rest))
        }
        let slash = field.firstIndex(of: UInt8(ascii: "/")) ?? field.endIndex
        let token = decode(field[field.startIndex..<slash])
        return (token.isEmpty ? nil : scalar(token), comment(field[slash...]))
    }

    private static func scalar(_ token: String) -> HeaderValue {
        if token == "T" || token == "F" { return .logical(token == "T") }
        let digits = token.first == "+" ? token.dropFirst() : token[...]
        if let integer = Int(digits) { return .integer(integer) }
        let isNumeric = token.utf8.allSatisfy { (0x30...0x39).contains($0) || "+-.EeDd".utf8.contains($0) }
        let exponentForm = String(token.map { "Dd".contains($0) ? "E" : $0 })
        if isNumeric, let real = Double(exponentForm), real.isFinite { return .real(real) }
        return .unreadable(token)
    }

    /// The text of a quoted string and what follows it; nil without a closing quote. `''` stands for one quote.
    private static func quoted(_ field: ArraySlice<UInt8>) -> (String, ArraySlice<UInt8>)? {
        let quote = UInt8(ascii: "'")
        var text: [UInt8] = []
        var index = field.startIndex + 1
        while index < field.endIndex {
            if field[index] != quote {
                text.append(field[index])
            } else if index + 1 < field.endIndex, field[index + 1] == quote {
                text.append(quote)
                index += 1
            } else {
                return (decode(text[...]), field[(index + 1)...])
            }
            index += 1
        }
        return nil
    }

    private static func comment(_ rest: ArraySlice<UInt8>) -> String {
        guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else { return "" }
        return decode(rest[(slash + 1)...]).trimmingLeadingBlanks()
    }

    private static func join(_ card: HeaderCard, _ field: ArraySlice<UInt8>) -> (HeaderCard, Bool) {
        let (value, comment) = parse(value: field)
        guard case .string(let start) = card.value, case .string(let more) = value else { return (card, false) }
        let comments = [card.comment, comment].filter { !$0.isEmpty }.joined(separator: " ")
        let joined = HeaderCard(keyword: card.keyword, value: .string(start.dropLast() + more), comment: comments)
        return (joined, more.hasSuffix("&"))
    }
}

extension String {
    fileprivate func trimmingLeadingBlanks() -> String { String(drop { $0 == " " }) }
}
