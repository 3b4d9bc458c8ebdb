/// What may be doubtful about a detection's object. A published registry: bits are never reused (docs/registries.md).
public struct AssociationFlags: OptionSet, Sendable, Hashable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// Another object lies within the limits of this detection.
    public static let ambiguous = AssociationFlags(rawValue: 1 << 0)
    /// Another detection of the frame lies within the limits of the same object.
    public static let contested = AssociationFlags(rawValue: 1 << 1)
    /// Nearer to another detection of the frame than the frame resolves: the same star again, of no object.
    public static let duplicate = AssociationFlags(rawValue: 1 << 2)

    /// Every named bit with its text, in bit order.
    public static let registry: [(flag: AssociationFlags, name: String, text: String)] = [
        (.ambiguous, "ambiguous", "another object lies within the limits of this detection"),
        (.contested, "contested", "another detection of the frame lies within the limits of the same object"),
        (.duplicate, "duplicate", "nearer to another detection of the frame than the frame resolves: of no object"),
    ]

    /// Names of the flags that are set, in bit order.
    public var names: [String] { Self.registry.filter { contains($0.flag) }.map(\.name) }
}
