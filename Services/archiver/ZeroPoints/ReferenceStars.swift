internal import CatalogueTiles
internal import Events
internal import Foundation
internal import FrameStore
internal import PhotometricCalibration
internal import Pipeline
internal import ReferenceCatalogue
internal import Sky

/// The reference catalogue that zero points are fitted to: a folder of this machine, or one of the frame store whose
/// tiles are fetched once and kept.
///
/// A catalogue that is not there, or damaged, is no reason to stop: what it is asked for fails, in words, which are in
/// the log once and in the heartbeat until it is well again.
final class ReferenceStars {
    /// Where the catalogue is.
    enum Place: Equatable {
        case folder(String)
        case stored(id: String, cache: String)

        /// - Parameter setting: a path has a slash, an id has none.
        init(_ setting: String, cache: String) {
            self = setting.contains("/") ? .folder(setting) : .stored(id: setting, cache: cache)
        }
    }

    /// A catalogue that has been opened.
    struct Opened {
        let tiles: TileFolder
        /// Which catalogue, to the last bit.
        let digest: String
        let bands: CatalogueBands
        var id: String { tiles.description.id }

        /// Julian year, held to what catalogues are for.
        static func epoch(mjd: Double) -> Double {
            let possible = CatalogueDescription.possibleEpochs
            return min(max(2000 + (mjd - 51_544.5) / 365.25, possible.lowerBound), possible.upperBound)
        }
    }

    private let place: Place
    private let store: FrameStore
    private let log: Log
    private var opened: Opened?
    /// What is wrong with the catalogue; nil while all is well.
    private(set) var problem: String?

    init(_ place: Place, store: FrameStore, log: Log) {
        self.place = place
        self.store = store
        self.log = log
    }

    /// Runs what needs the catalogue.
    ///
    /// - Throws: `CatalogueError` for whatever is wrong with the catalogue; everything else as it comes.
    func using<Result>(_ body: (Opened) throws -> Result) throws -> Result {
        do {
            let catalogue = try opened ?? open()
            opened = catalogue
            let result = try body(catalogue)
            problem = nil
            return result
        } catch let error as CatalogueError {
            if problem != error.description {
                log.error("reference catalogue cannot be used", ["reason": error.description])
            }
            problem = error.description
            throw error
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

    private func open() throws -> Opened {
        switch place {
        case .folder(let path):
            let tiles = try TileFolder(path)
            return Opened(tiles: tiles, digest: try tiles.digest(), bands: CatalogueBands(tiles.description.bands))
        case .stored(let id, let cache):
            let copy: CatalogueCopy
            do {
                copy = try CatalogueCopy(of: id, in: store, cache: cache, first: [TileFolder.descriptionName])
            } catch is MissingObject {
                throw CatalogueError(
                    file: "frames:" + StoreNames.catalogue(id: id),
                    reason: "there is no such catalogue in the frame store; nightjar catalog publish puts one there")
            } catch {
                throw CatalogueError(file: "frames:" + StoreNames.catalogue(id: id), reason: "\(error)")
            }
            let tiles = try TileFolder(copy.folder, fetch: copy.fetch)
            return Opened(
                tiles: tiles, digest: copy.files.digest, bands: CatalogueBands(tiles.description.bands))
        }
    }
}
