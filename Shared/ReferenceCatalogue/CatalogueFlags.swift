/// What a reference catalogue says of a star that makes it a poor comparison or a poor guide.
///
/// Bits are stored in tiles; they are never reused.
public struct CatalogueFlags: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Known or suspected to vary.
    public static let variable = CatalogueFlags(rawValue: 1 << 0)
    /// Double, or blended with a neighbour.
    public static let double = CatalogueFlags(rawValue: 1 << 1)
    /// A galaxy or another extended object.
    public static let extended = CatalogueFlags(rawValue: 1 << 2)
    /// Its position is not that of a single star (Gaia: ruwe above 1.4), or of poor quality.
    public static let poorAstrometry = CatalogueFlags(rawValue: 1 << 3)
    /// Its magnitudes are of poor quality.
    public static let poorPhotometry = CatalogueFlags(rawValue: 1 << 4)

    /// Every bit with its name and meaning, in the order of the bits.
    public static let registry: [(flag: CatalogueFlags, name: String, meaning: String)] = [
        (.variable, "variable", "known or suspected to vary"),
        (.double, "double", "double, or blended with a neighbour"),
        (.extended, "extended", "a galaxy or another extended object"),
        (.poorAstrometry, "poorAstrometry", "position not that of a single star (Gaia: ruwe above 1.4), or poor"),
        (.poorPhotometry, "poorPhotometry", "magnitudes of poor quality"),
    ]
}
