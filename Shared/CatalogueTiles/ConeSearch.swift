internal import Foundation
public import ReferenceCatalogue
public import Sky

/// What a search of a catalogue asks for.
public struct Cone: Sendable, Hashable {
    public let centre: SkyPosition
    /// [deg], 0 ... 180.
    public let radiusDegrees: Double
    /// Julian year for which the stars are asked: they are found where they are then.
    public let epoch: Double
    /// Only stars whose ranking magnitude is not fainter than this [mag]. Stars without a magnitude are left out by any
    /// limit but infinity.
    public let faintest: Float
    /// Only so many, the brightest.
    public let limit: Int

    /// - Throws: `SkyError.outOfRange` for a radius or an epoch that cannot be.
    public init(
        centre: SkyPosition, radiusDegrees: Double, epoch: Double, faintest: Float = .infinity, limit: Int = .max
    ) throws(SkyError) {
        guard radiusDegrees >= 0, radiusDegrees <= 180 else {
            throw .outOfRange(quantity: "radius [deg]", value: radiusDegrees, allowed: "0 to 180")
        }
        try Self.check(epoch: epoch)
        self.centre = centre
        self.radiusDegrees = radiusDegrees
        self.epoch = epoch
        self.faintest = faintest
        self.limit = limit
    }

    /// - Throws: `SkyError.outOfRange` for an epoch to which no motion of a star can be followed.
    static func check(epoch: Double) throws(SkyError) {
        guard CatalogueDescription.possibleEpochs.contains(epoch) else {
            throw .outOfRange(quantity: "epoch [yr]", value: epoch, allowed: "\(CatalogueDescription.possibleEpochs)")
        }
    }
}

extension TileFolder {
    /// The stars in a cone, the brightest first, each with its position at the cone's epoch.
    ///
    /// No star is missed by its motion: cells are searched as far beyond the cone as the fastest star of the catalogue
    /// may have come.
    /// - Throws: `CatalogueError` when a tile is missing or damaged: fewer stars than there are is a wrong answer.
    public func stars(in cone: Cone) throws(CatalogueError) -> [(star: CatalogueStar, position: SkyPosition)] {
        let years = max(
            abs(cone.epoch - description.epochs.lowerBound), abs(cone.epoch - description.epochs.upperBound))
        let margin = description.maximumMotionMasPerYear * years / 3_600_000
        let cells = SkyCell.cells(
            order: description.order, within: min(180, cone.radiusDegrees + margin), of: cone.centre)
        var tiles: [CatalogueTile] = []
        for cell in cells {
            if let tile = try tile(cell) { tiles.append(tile) }
        }
        var found: [(star: CatalogueStar, position: SkyPosition)] = []
        var rows = MergedTiles(tiles, faintest: cone.faintest)
        var last = Float.infinity
        let sieve = ConeSieve(cone)
        while let row = rows.next() {
            // Of equally bright ones, all, for the identifiers to decide.
            if found.count >= cone.limit, row.magnitude > last { break }
            let answer = tiles[row.tile].isIn(sieve, row.row)
            guard answer != .outside, let star = tiles[row.tile].star(row.row) else { continue }
            let position = star.position(at: cone.epoch)
            guard answer == .inside || position.separationDegrees(from: cone.centre) <= cone.radiusDegrees else {
                continue
            }
            found.append((star, position))
            last = row.magnitude
        }
        found.sort { one, other in
            (one.star.rankingMagnitude, one.star.identifier) < (other.star.rankingMagnitude, other.star.identifier)
        }
        return Array(found.prefix(cone.limit))
    }
}
