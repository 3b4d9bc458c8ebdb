internal import Foundation
internal import Hashing
internal import PlateSolving
public import ReferenceCatalogue
public import Sky

/// What is wrong with a catalogue on disk, and where.
public struct CatalogueError: Error, Sendable, Hashable, CustomStringConvertible {
    public let file: String
    public let reason: String

    public init(file: String, reason: String) {
        self.file = file
        self.reason = reason
    }

    public var description: String { "\(file): \(reason)" }
}

/// A catalogue in a folder: `catalogue.json` and one tile for each cell that has stars.
///
/// Tiles are read when they are first asked for, verified once, and kept in memory: what becomes of their files then is
/// no matter.
public final class TileFolder {
    public let description: CatalogueDescription
    public let path: String
    private var tiles: [SkyCell: CatalogueTile?] = [:]
    /// Whether missing and damaged files are fetched.
    var isFetched: Bool { fetch != nil }
    private let fetch: ((_ name: String) throws -> Void)?
    /// Kept once it has been opened.
    var openedIndex: BlindIndex?

    public static let descriptionName = "catalogue.json"
    /// [bytes] One of the most tiles there can be has a few millions.
    private static let mostDescriptionBytes = 1 << 26

    /// - Parameter fetch: brings a tile or the index, by its name relative to the folder, from where all files are
    ///   kept: asked when the folder does not have it, or has it damaged. `nil`: the folder has them all.
    /// - Throws: `CatalogueError` when there is no catalogue, or its description cannot be true.
    public init(_ path: String, fetch: ((_ name: String) throws -> Void)? = nil) throws(CatalogueError) {
        guard !path.isEmpty else { throw CatalogueError(file: "''", reason: "the name of the folder is empty") }
        self.path = path
        self.fetch = fetch
        let file = path + "/" + Self.descriptionName
        guard let bytes = try Self.bytes(of: file, most: Self.mostDescriptionBytes) else {
            throw CatalogueError(file: file, reason: "there is no catalogue here; nightjar catalog build makes one")
        }
        do {
            description = try JSONDecoder().decode(CatalogueDescription.self, from: bytes)
        } catch {
            throw CatalogueError(
                file: file, reason: "this is no description of a catalogue: \(CatalogueError.words(for: error))")
        }
        if let problem = description.problem { throw CatalogueError(file: file, reason: problem) }
    }

    /// Which catalogue this is, to the last bit: SHA-256 over its description and the heads of its tiles, which have
    /// their checksums.
    ///
    /// - Throws: `CatalogueError` where a tile is missing or cannot be read: which catalogue it is, is then not known.
    public func digest() throws(CatalogueError) -> String {
        var hash = SHA256()
        let head = try CatalogueError.naming(path + "/" + Self.descriptionName) { try Self.bytes(of: description) }
        head.withUnsafeBytes { hash.update($0) }
        for name in description.tiles.keys.sorted().map(Self.name(ofNumber:)) {
            let length = TileLayout.digestRange.upperBound
            guard let tile = try bytes(name, most: length, first: length) else { throw missing(name) }
            guard tile.count == length else {
                throw CatalogueError(file: path + "/" + name, reason: "it ends after \(tile.count) bytes")
            }
            tile.withUnsafeBytes { hash.update($0) }
        }
        return hash.finalize()
    }

    /// As `catalogue.json` has it: the same description, the same bytes.
    static func bytes(of description: CatalogueDescription) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(description)
    }

    private func missing(_ name: String) -> CatalogueError {
        CatalogueError(file: path + "/" + name, reason: "this tile is missing")
    }

    /// Where the tile of a cell lies, relative to the catalogue's folder: at most a thousand files in each.
    public static func name(of cell: SkyCell) -> String { name(ofNumber: cell.number) }

    private static func name(ofNumber number: Int64) -> String { "\(number / 1000)/\(number).tile" }

    /// The tile of a cell; `nil` where the catalogue has no star.
    ///
    /// - Throws: `CatalogueError` naming the file that is damaged or belongs elsewhere.
    public func tile(_ cell: SkyCell) throws(CatalogueError) -> CatalogueTile? {
        precondition(cell.order == description.order, "tiles of this catalogue have another order")
        if let known = tiles[cell] { return known }
        let tile = try isFetched && description.tiles[cell.number] != nil ? fetchedTile(cell) : readTile(cell)
        tiles[cell] = .some(tile)
        return tile
    }

    private func fetchedTile(_ cell: SkyCell) throws(CatalogueError) -> CatalogueTile? {
        do {
            return try readTile(cell)
        } catch {
            // Not fetched yet, or damaged since.
            try fetchAnew(Self.name(of: cell))
            return try readTile(cell)
        }
    }

    func fetchAnew(_ name: String) throws(CatalogueError) {
        do {
            try fetch?(name)
        } catch {
            throw CatalogueError(file: path + "/" + name, reason: "it cannot be fetched: \(error)")
        }
    }

    private func readTile(_ cell: SkyCell) throws(CatalogueError) -> CatalogueTile? {
        let name = Self.name(of: cell)
        let file = path + "/" + name
        let layout = TileLayout(
            starCount: description.tiles[cell.number] ?? 0, bandCount: description.bands.count)
        guard let bytes = try bytes(name, most: layout.length) else {
            if description.tiles[cell.number] != nil { throw missing(name) }
            return nil
        }
        do {
            let tile = try CatalogueTile(bytes)
            try tile.verify()
            guard tile.cell == cell, tile.count == description.tiles[cell.number],
                tile.bandNames == description.bands.map(\.name)
            else {
                throw CatalogueError(file: file, reason: "it is a tile of another catalogue or of another place")
            }
            return tile
        } catch let error as TileError {
            throw CatalogueError(file: file, reason: error.description)
        } catch let error as CatalogueError {
            throw error
        } catch {
            throw CatalogueError(file: file, reason: "\(error)")
        }
    }
}
