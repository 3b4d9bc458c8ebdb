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
/// Tiles are mapped when they are first asked for, verified once, and kept.
public final class TileFolder {
    public let description: CatalogueDescription
    public let path: String
    private var tiles: [SkyCell: CatalogueTile?] = [:]
    private let fetch: ((_ name: String) throws -> Void)?
    /// Kept once it has been opened.
    var openedIndex: BlindIndex?

    public static let descriptionName = "catalogue.json"

    /// - Parameter fetch: brings the file of a tile, by its name relative to the folder, from where all of them are
    ///   kept: asked when the folder does not have it, or has it damaged. `nil`: the folder has them all.
    /// - Throws: `CatalogueError` when there is no catalogue, or its description cannot be true.
    public init(_ path: String, fetch: ((_ name: String) throws -> Void)? = nil) throws(CatalogueError) {
        guard !path.isEmpty else { throw CatalogueError(file: "''", reason: "the name of the folder is empty") }
        self.path = path
        self.fetch = fetch
        let file = path + "/" + Self.descriptionName
        let bytes: Data
        do {
            bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        } catch let error as CocoaError where error.code == .fileReadNoSuchFile {
            throw CatalogueError(
                file: file, reason: "there is no catalogue here; nightjar catalog build makes one")
        } catch {
            throw CatalogueError(file: file, reason: "it cannot be read: \(CatalogueError.words(for: error))")
        }
        do {
            description = try JSONDecoder().decode(CatalogueDescription.self, from: bytes)
        } catch {
            throw CatalogueError(
                file: file, reason: "this is no description of a catalogue: \(CatalogueError.words(for: error))")
        }
        if let problem = description.problem { throw CatalogueError(file: file, reason: problem) }
    }

    /// Which catalogue this is, to the last bit: SHA-256 over its description and the checksums in the heads of its
    /// tiles; a tile that is missing counts as one without a checksum.
    ///
    /// - Throws: `CatalogueError` where a tile cannot be read.
    public func digest() throws(CatalogueError) -> String {
        var hash = SHA256()
        let names = [Self.descriptionName] + description.tiles.keys.sorted().map(Self.name(ofNumber:))
        for name in names where FileManager.default.fileExists(atPath: path + "/" + name) {
            let part = try CatalogueError.naming(path + "/" + name) {
                let bytes = try Data(contentsOf: URL(fileURLWithPath: path + "/" + name), options: .alwaysMapped)
                return name == Self.descriptionName ? bytes : Data(bytes.prefix(TileLayout.digestRange.upperBound))
            }
            part.withUnsafeBytes { hash.update($0) }
        }
        return hash.finalize()
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
        let tile = try fetch == nil || description.tiles[cell.number] == nil ? readTile(cell) : fetchedTile(cell)
        tiles[cell] = .some(tile)
        return tile
    }

    private func fetchedTile(_ cell: SkyCell) throws(CatalogueError) -> CatalogueTile? {
        let name = Self.name(of: cell)
        if FileManager.default.fileExists(atPath: path + "/" + name) {
            do {
                return try readTile(cell)
            } catch {
                // What was fetched before is damaged by now.
                return try fetchAnew(cell, name)
            }
        }
        return try fetchAnew(cell, name)
    }

    private func fetchAnew(_ cell: SkyCell, _ name: String) throws(CatalogueError) -> CatalogueTile? {
        do {
            try fetch?(name)
        } catch {
            throw CatalogueError(file: path + "/" + name, reason: "it cannot be fetched: \(error)")
        }
        return try readTile(cell)
    }

    private func readTile(_ cell: SkyCell) throws(CatalogueError) -> CatalogueTile? {
        let file = path + "/" + Self.name(of: cell)
        let bytes: Data
        do {
            bytes = try Data(contentsOf: URL(fileURLWithPath: file), options: .alwaysMapped)
        } catch let error as CocoaError where error.code == .fileReadNoSuchFile {
            guard description.tiles[cell.number] == nil else {
                throw CatalogueError(file: file, reason: "this tile is missing; build the catalogue again")
            }
            return nil
        } catch {
            throw CatalogueError(file: file, reason: "it cannot be read: \(CatalogueError.words(for: error))")
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
