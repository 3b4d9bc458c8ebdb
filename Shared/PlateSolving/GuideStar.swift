public import ReferenceCatalogue
public import Sky

/// A catalogue star where it is at the frame's epoch.
public struct GuideStar: Sendable, Hashable {
    /// ICRS at the frame's epoch.
    public var position: SkyPosition
    /// In any band near the frame's; only the order counts. NaN counts as the faintest.
    public var magnitude: Double
    /// Error of one coordinate [arcsec]; NaN where it is not known.
    public var positionErrorArcsec: Double

    public init(position: SkyPosition, magnitude: Double, positionErrorArcsec: Double = .nan) {
        self.position = position
        self.magnitude = magnitude
        self.positionErrorArcsec = positionErrorArcsec
    }

    /// - Parameter epoch: Julian year of the frame.
    public init(_ star: CatalogueStar, at epoch: Double) {
        self.init(
            position: star.position(at: epoch), magnitude: Double(star.rankingMagnitude),
            positionErrorArcsec: Double(star.positionErrorMas(at: epoch)) / 1000)
    }
}
