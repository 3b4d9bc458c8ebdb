/// What is wrong with an angle, a time or a place that came from outside.
public enum SkyError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The text cannot be read as the quantity; `reason` says why.
    case unreadable(quantity: String, text: String, reason: String)
    /// A number that is not finite or outside its range.
    case outOfRange(quantity: String, value: Double, allowed: String)

    public var description: String {
        switch self {
        case .unreadable(let quantity, let text, let reason):
            "\(quantity) \"\(text.prefix(60))\" cannot be read: \(reason)"
        case .outOfRange(let quantity, let value, let allowed):
            "\(quantity) \(value) is out of range (\(allowed))"
        }
    }
}
