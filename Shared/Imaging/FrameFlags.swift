/// What a reader must know about the measurement of a frame as a whole. A published registry: bits are never reused
/// (docs/registries.md).
///
/// These are findings, not errors: the frame is measured all the same.
public struct FrameFlags: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let noSources = FrameFlags(rawValue: 1 << 0)
    public static let seeingUnknown = FrameFlags(rawValue: 1 << 1)
    public static let psfNoStars = FrameFlags(rawValue: 1 << 2)
    public static let psfUnsound = FrameFlags(rawValue: 1 << 3)
    public static let psfFewStars = FrameFlags(rawValue: 1 << 4)
    public static let notSolved = FrameFlags(rawValue: 1 << 5)

    /// Every named bit with its text, in bit order.
    public static let registry: [(flag: FrameFlags, name: String, text: String)] = [
        (.noSources, "noSources", "nothing was found above the threshold"),
        (.seeingUnknown, "seeingUnknown", "no star to measure the seeing from"),
        (.psfNoStars, "psfNoStars", "no star image: no star is whole, single and bright enough to make one from"),
        (.psfUnsound, "psfUnsound", "no star image: what was fitted to the stars is none"),
        (
            .psfFewStars, "psfFewStars",
            "the star image was made from fewer than ten stars: its fluxes may share an error"
        ),
        (.notSolved, "notSolved", "the reference catalogue's stars were not found on the frame; see `notSolved`"),
    ]

    /// Names of the flags that are set, in bit order.
    public var names: [String] { Self.registry.filter { contains($0.flag) }.map(\.name) }

    /// What the flags that are set mean, in bit order.
    public var texts: [String] { Self.registry.filter { contains($0.flag) }.map(\.text) }
}
