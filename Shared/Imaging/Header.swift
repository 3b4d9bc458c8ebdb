/// The value of one FITS header card.
public enum HeaderValue: Sendable, Equatable {
    case string(String)
    case integer(Int)
    case real(Double)
    case logical(Bool)
    /// A card whose value cannot be read as any of the above; the text is kept.
    case unreadable(String)
}

/// One FITS header card. Commentary (COMMENT, HISTORY, blank) has a string value and no comment.
public struct HeaderCard: Sendable, Equatable {
    public let keyword: String
    public let value: HeaderValue?
    public let comment: String

    public init(keyword: String, value: HeaderValue?, comment: String = "") {
        self.keyword = keyword
        self.value = value
        self.comment = comment
    }
}

/// A FITS header in file order. Keywords are compared without case; of repeated keywords the first one counts.
public struct Header: Sendable, Equatable {
    public private(set) var cards: [HeaderCard]

    public init(_ cards: [HeaderCard] = []) {
        self.cards = cards
    }

    public mutating func append(_ keyword: String, _ value: HeaderValue, comment: String = "") {
        cards.append(HeaderCard(keyword: keyword, value: value, comment: comment))
    }

    public subscript(keyword: String) -> HeaderValue? {
        let wanted = keyword.uppercased()
        return cards.first { $0.keyword.uppercased() == wanted }?.value
    }

    /// The value as text without surrounding blanks, whatever its type. An empty text counts as absent.
    public func text(_ keyword: String) -> String? {
        let text: String
        switch self[keyword] {
        case .string(let value), .unreadable(let value): text = value
        case .integer(let value): text = String(value)
        case .real(let value): text = String(value)
        case .logical(let value): text = value ? "T" : "F"
        case nil: return nil
        }
        let trimmed = text.trimmingBlanks()
        return trimmed.isEmpty ? nil : trimmed
    }

    /// The value as a finite number; a number written as a string counts too ("30.0 ").
    public func number(_ keyword: String) -> Double? {
        let value: Double?
        switch self[keyword] {
        case .integer(let integer): value = Double(integer)
        case .real(let real): value = real
        case .string(let text): value = Double(text.trimmingBlanks())
        default: value = nil
        }
        return value.flatMap { $0.isFinite ? $0 : nil }
    }
}

extension String {
    func trimmingBlanks() -> String {
        let blanks: Set<Character> = [" ", "\t", "\r", "\n", "\0"]
        let start = firstIndex { !blanks.contains($0) } ?? endIndex
        let end = lastIndex { !blanks.contains($0) }.map { index(after: $0) } ?? start
        return String(self[start..<end])
    }
}
