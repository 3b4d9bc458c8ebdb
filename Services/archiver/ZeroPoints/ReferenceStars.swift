internal import CatalogueTiles
internal import Events
internal import Foundation
internal import FrameStore
internal import PhotometricCalibration
internal import Pipeline
internal import ReferenceCatalogue
internal import Sky
internal import StoredCatalogues

/// The reference catalogue that zero points are fitted to, with the bands that its magnitudes are of.
///
/// A catalogue that is not there, or damaged, is no reason to stop: see `CatalogueInUse`.
final class ReferenceStars {
    /// A catalogue that has been opened.
    struct Opened {
        let tiles: TileFolder
        /// Which catalogue, to the last bit.
        let digest: String
        let bands: CatalogueBands
        var id: String { tiles.description.id }

        /// Julian year, held to what catalogues are for.
        static func epoch(mjd: Double) -> Double { epoch(year: 2000 + (mjd - 51_544.5) / 365.25) }

        static func epoch(year: Double) -> Double {
            let possible = CatalogueDescription.possibleEpochs
            return min(max(year, possible.lowerBound), possible.upperBound)
        }
    }

    private let catalogue: CatalogueInUse
    /// What is wrong with the catalogue; nil while all is well.
    var problem: String? { catalogue.problem }

    init(_ place: CatalogueInUse.Place, store: FrameStore, log: Log) {
        catalogue = CatalogueInUse(place, store: store, log: log)
    }

    /// Runs what needs the catalogue.
    ///
    /// - Throws: `CatalogueError` for whatever is wrong with the catalogue; everything else as it comes.
    func using<Result>(_ body: (Opened) throws -> Result) throws -> Result {
        try catalogue.using { opened in
            try body(
                Opened(
                    tiles: opened.tiles, digest: opened.digest, bands: CatalogueBands(opened.tiles.description.bands)))
        }
    }

    /// The colour of the star at a place; nil where the catalogue has none there, or cannot be used: the colour is then
    /// not known.
    ///
    /// - Parameter name: of the colour that is wanted; nil: there is none.
    func colour(named name: String?, at position: SkyPosition, mjd: Double) throws -> Measured? {
        guard let name else { return nil }
        do {
            return try using { catalogue in
                guard catalogue.bands.colour?.name == name else { return nil }
                let cone = try Cone(
                    centre: position, radiusDegrees: Self.sameStarDegrees, epoch: Opened.epoch(mjd: mjd))
                let near = try catalogue.tiles.stars(in: cone).min { one, other in
                    one.position.separationDegrees(from: position) < other.position.separationDegrees(from: position)
                }
                return near.flatMap { catalogue.bands.colour(catalogue.bands.magnitudes(of: $0.star)) }
            }
        } catch is CatalogueError {
            return nil
        }
    }

    /// How far a star of the catalogue may be from a target's position and be it: 3 arcsec.
    private static let sameStarDegrees = 3.0 / 3600
}
