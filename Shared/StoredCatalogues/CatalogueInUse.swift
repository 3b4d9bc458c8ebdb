public import CatalogueTiles
public import FrameStore
public import Pipeline
internal import ReferenceCatalogue

/// The reference catalogue that a service works with: a folder of this machine, or one of the frame store whose tiles
/// are fetched once and kept.
///
/// A catalogue that is not there, or damaged, is no reason to stop: what it is asked for fails, in words, which are in
/// the log once, and in `problem` until it is well again.
public final class CatalogueInUse {
    /// Where the catalogue is.
    public enum Place: Equatable, Sendable {
        case folder(String)
        case stored(id: String, cache: String)

        /// - Parameter setting: a path has a slash, an id has none.
        public init(_ setting: String, cache: String) {
            self = setting.contains("/") ? .folder(setting) : .stored(id: setting, cache: cache)
        }
    }

    /// A catalogue that has been opened.
    public struct Opened {
        public let tiles: TileFolder
        /// Which catalogue, to the last bit.
        public let digest: String
        public var id: String { tiles.description.id }
    }

    private let place: Place
    private let store: FrameStore
    private let log: Log
    private var opened: Opened?
    /// The last time that a tile could not be fetched since the store was away; nil once it was asked for.
    private var outage: Unavailable?
    /// What is wrong with the catalogue; nil while all is well.
    public private(set) var problem: String?

    public init(_ place: Place, store: FrameStore, log: Log) {
        self.place = place
        self.store = store
        self.log = log
    }

    /// Runs what needs the catalogue.
    ///
    /// - Throws: `CatalogueError` for whatever is wrong with the catalogue; everything else as it comes.
    public func using<Result>(_ body: (Opened) throws -> Result) throws -> Result {
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

    /// What kept tiles from being fetched since this was asked last, where that was not the catalogue's own fault.
    public func takeOutage() -> Unavailable? {
        defer { outage = nil }
        return outage
    }

    private func open() throws -> Opened {
        switch place {
        case .folder(let path):
            let tiles = try TileFolder(path)
            return Opened(tiles: tiles, digest: try tiles.digest())
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
            let fetch = { [weak self] (name: String) throws in
                do {
                    try copy.fetch(name)
                } catch let error as Unavailable {
                    self?.outage = error
                    throw error
                }
            }
            return Opened(tiles: try TileFolder(copy.folder, fetch: fetch), digest: copy.files.digest)
        }
    }
}
