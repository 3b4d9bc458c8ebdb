/// One field of a table of stars, as its format gives it.
public enum TableField: Sendable, Hashable {
    case missing
    case integer(Int64)
    case number(Double)
    case text(String)

    /// As a number; `nil` where the field is empty, not a number, or a text that is none.
    public var number: Double? {
        switch self {
        case .missing: nil
        case .integer(let value): Double(value)
        case .number(let value): value.isFinite ? value : nil
        case .text(let text): Double(text).flatMap { $0.isFinite ? $0 : nil }
        }
    }

    /// As a whole number.
    public var integer: Int64? {
        switch self {
        case .missing: nil
        case .integer(let value): value
        case .number(let value): Int64(exactly: value)
        case .text(let text): Int64(text)
        }
    }

    /// As people would write it; `nil` where the field is empty.
    public var text: String? {
        switch self {
        case .missing: nil
        case .integer(let value): String(value)
        case .number(let value): value.isNaN ? nil : String(value)
        case .text(let text): text.isEmpty ? nil : text
        }
    }

    /// An empty field, NaN, or one of the words that tables write for them.
    public var isMissing: Bool {
        guard let text else { return true }
        return ["null", "nan", "na", "n/a", "--", "none", "\\n"].contains(text.lowercased())
    }
}
