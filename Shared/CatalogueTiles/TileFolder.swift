internal import Foundation
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

    public static let descriptionName = "catalogue.json"

    /// - Throws: `CatalogueError` when there is no catalogue, or its description cannot be true.
    public init(_ path: String) throws(CatalogueError) {
        self.path = path
        let file = path + "/" + Self.descriptionName
        do {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
            description = try JSONDecoder().decode(CatalogueDescription.self, from: bytes)
        } catch let error as CocoaError where error.code == .fileReadNoSuchFile {
            throw CatalogueError(
                file: file, reason: "there is no catalogue here; nightjar catalog build makes one")
        } catch {
            throw CatalogueError(file: file, reason: "this is no description of a catalogue: \(error)")
        }
        if let problem = description.problem { throw CatalogueError(file: file, reason: problem) }
    }

    /// Where the tile of a cell lies, relative to the catalogue's folder: at most a thousand files in each.
    public static func name(of cell: SkyCell) -> String { "\(cell.number / 1000)/\(cell.number).tile" }

    /// The tile of a cell; `nil` where the catalogue has no star.
    ///
    /// - Throws: `CatalogueError` naming the file that is damaged or belongs elsewhere.
    public func tile(_ cell: SkyCell) throws(CatalogueError) -> CatalogueTile? {
        precondition(cell.order == description.order, "tiles of this catalogue have another order")
        if let known = tiles[cell] { return known }
        let tile = try readTile(cell)
        tiles[cell] = .some(tile)
        return tile
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
            throw CatalogueError(file: file, reason: "it cannot be read: \(error)")
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
