public import CatalogueTiles
public import FrameStore
public import Pipeline
internal import ReferenceCatalogue

/// The reference catalogue that a service works with: a folder of this machine, or one of the frame store whose tiles
/// are fetched once and kept.
///
/// A catalogue that is not there, or damaged, is no reason to stop: what it is asked for fails, in words, which are in
/// the log once, and in `problem` until it is well again. After each failure it is opened anew, as it may have been
/// replaced by another one.
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
        /// Which index for blind solving it has, to the last bit; nil where it has none.
        public let blindIndex: String?
        public var id: String { tiles.description.id }
    }

    private let place: Place
    private let store: FrameStore
    private let log: Log
    private var opened: Opened?
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
        let result = try attempt(body)
        problem = nil
        return result
    }

    /// Which catalogue it is and which index for blind solving it has, for a recipe. That this is known is no sign that
    /// all is well: a tile may be damaged all the same.
    ///
    /// - Throws: `CatalogueError`.
    public func identity() throws -> (digest: String, blindIndex: String?) {
        try attempt { ($0.digest, $0.blindIndex) }
    }

    private func attempt<Result>(_ body: (Opened) throws -> Result) throws -> Result {
        do {
            let catalogue = try opened ?? open()
            opened = catalogue
            return try body(catalogue)
        } catch let error as CatalogueError {
            if problem != error.description {
                log.error("reference catalogue cannot be used", ["reason": error.description, "remedy": remedy])
            }
            problem = error.description
            opened = nil
            throw error
        }
    }

    /// What to do about a file of the catalogue that is missing or damaged; all else goes on by itself.
    public var remedy: String {
        switch place {
        case .folder(let path):
            "bring the file back from another copy of the catalogue, or build the catalogue again "
                + "(nightjar catalog info \(path) --verify names all that is damaged)"
        case .stored: "nightjar catalog publish mends the frame store's copy"
        }
    }

    private func open() throws -> Opened {
        switch place {
        case .folder(let path):
            let tiles = try TileFolder(path)
            return Opened(tiles: tiles, digest: try tiles.digest(), blindIndex: try tiles.blindIndexDigest())
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
            return Opened(
                tiles: try TileFolder(copy.folder, fetch: copy.fetch), digest: copy.files.digest,
                blindIndex: copy.files.files[TileFolder.blindIndexName]?.sha256)
        }
    }
}
