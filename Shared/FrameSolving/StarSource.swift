public import ReferenceCatalogue
public import Sky

/// What is asked of a catalogue.
public struct SkyCone: Sendable, Hashable {
    public let centre: SkyPosition
    /// [deg], 0 ... 180.
    public let radiusDegrees: Double
    /// Julian year for which the stars are asked.
    public let epoch: Double
    /// Only so many, the brightest.
    public let limit: Int
}

/// A reference catalogue, wherever it is: the ladder reads it through this alone.
public struct StarSource {
    /// Stars in a cone, the brightest first, each with its position at the cone's epoch.
    ///
    /// `SkyError` says that the question has no answer, such as stars of the year 9999: the frame's own fault, and one
    /// rung's reason. Whatever else it throws is the catalogue's trouble, and says nothing of the frame.
    public typealias Search = (SkyCone) throws -> [(star: CatalogueStar, position: SkyPosition)]

    let search: Search

    public init(_ search: @escaping Search) {
        self.search = search
    }

    /// - Throws: `RungFailure.impossible` for a question without an answer, `catalogue` where the catalogue has failed.
    func stars(around centre: SkyPosition, radiusDegrees: Double, epoch: Double, limit: Int) throws(RungFailure)
        -> [ReferenceStar]
    {
        let cone = SkyCone(centre: centre, radiusDegrees: min(180, radiusDegrees), epoch: epoch, limit: limit)
        return try RungFailure.asking { try search(cone) }.map {
            ReferenceStar(star: $0.star, position: $0.position, epoch: epoch)
        }
    }
}

/// A catalogue star at a frame's epoch.
public struct ReferenceStar: Sendable, Hashable {
    public let star: CatalogueStar
    /// ICRS at the frame's epoch.
    public let position: SkyPosition
    /// Of one coordinate at the frame's epoch [arcsec]; assumed where the catalogue does not say it.
    public let positionErrorArcsec: Double

    /// Where a catalogue does not say it [arcsec].
    static let assumedErrorArcsec = 0.3

    init(star: CatalogueStar, position: SkyPosition, epoch: Double) {
        (self.star, self.position) = (star, position)
        let error = Double(star.positionErrorMas(at: epoch)) / 1000
        positionErrorArcsec = error > 0 && error < 600 ? error : Self.assumedErrorArcsec
    }
}
