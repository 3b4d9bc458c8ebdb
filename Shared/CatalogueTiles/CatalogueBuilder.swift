internal import Foundation
public import ReferenceCatalogue
internal import Sky

/// Writes a catalogue to a new folder, star by star, in bounded memory: all of it or nothing.
///
/// What is more than a buffer goes to parts of tiles in a temporary folder beside the new one. At the end the parts of
/// each cell become its tile, and the folder gets its name; `abandon` takes them away. Same stars, same bytes, in
/// whatever order they come.
public final class CatalogueBuilder {
    private let path: String
    private let head: (id: String, title: String, source: String, bands: [CatalogueBand])
    private let work: String
    private let bufferLimit: Int
    private var order: Int?
    private var buffer: [CatalogueStar] = []
    /// Parts that lie in the temporary folder, by cell.
    private var partCounts: [SkyCell: Int] = [:]
    private var maximumMotion = 0.0
    private var epochs: ClosedRange<Double>?

    /// - Parameters:
    ///   - path: the folder to make; there must be nothing yet.
    ///   - order: HEALPix order of the tiles; `nil` chooses by the number of stars.
    ///   - bufferLimit: stars that are held in memory at most.
    /// - Throws: `CatalogueError` when the folder is there already, or the head cannot be.
    public init(
        path: String, id: String, title: String, source: String, bands: [CatalogueBand], order: Int? = nil,
        bufferLimit: Int = 2_000_000
    ) throws(CatalogueError) {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = path
        head = (id, title, source, bands)
        self.order = order
        self.bufferLimit = max(1, bufferLimit)
        work = path + ".part-\(ProcessInfo.processInfo.processIdentifier)"
        guard !path.isEmpty else { throw CatalogueError(file: "''", reason: "the name of the folder is empty") }
        // A symbolic link that leads nowhere is there, too.
        var status = stat()
        guard lstat(path, &status) != 0 else {
            throw CatalogueError(file: path, reason: "it is there already; give another folder or move it away")
        }
        if let problem = describe(order: order ?? 0, tiles: [:]).problem {
            throw CatalogueError(file: path, reason: problem)
        }
        try CatalogueError.naming(work) {
            try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
        }
    }

    /// Gives up: takes away what was written so far.
    ///
    /// - Throws: `CatalogueError` naming what stays behind.
    public func abandon() throws(CatalogueError) {
        guard FileManager.default.fileExists(atPath: work) else { return }
        try CatalogueError.naming(work) { try FileManager.default.removeItem(atPath: work) }
    }

    /// Takes one star, with one magnitude for each band.
    public func add(_ star: CatalogueStar) throws(CatalogueError) {
        precondition(star.magnitudes.count == head.bands.count, "one magnitude for each band")
        buffer.append(star)
        maximumMotion = max(maximumMotion, star.motion?.totalMasPerYear ?? 0)
        epochs = min(epochs?.lowerBound ?? star.epoch, star.epoch)...max(epochs?.upperBound ?? star.epoch, star.epoch)
        if buffer.count >= bufferLimit { try spill(order: order ?? Self.orderOfLargeCatalogues) }
    }

    /// Writes the tiles and gives the folder its name.
    ///
    /// - Returns: what was written.
    /// - Throws: `CatalogueError` when the disk does not take it, or there was no star.
    public func finish() throws(CatalogueError) -> CatalogueDescription {
        guard !buffer.isEmpty || !partCounts.isEmpty else {
            throw CatalogueError(file: path, reason: "there is no star to write")
        }
        let order = order ?? Self.order(starCount: buffer.count)
        let cells = Dictionary(grouping: buffer) { SkyCell(containing: $0.position, order: order) }
        var tiles: [Int64: Int] = [:]
        for cell in Set(cells.keys).union(partCounts.keys).sorted() {
            tiles[cell.number] = try writeTile(cell, cells[cell] ?? [])
        }
        let description = describe(order: order, tiles: tiles)
        try CatalogueError.naming(path) {
            let file = URL(fileURLWithPath: work + "/" + TileFolder.descriptionName)
            try TileFolder.bytes(of: description).write(to: file)
            try FileManager.default.moveItem(atPath: work, toPath: path)
        }
        return description
    }

    private func describe(order: Int, tiles: [Int64: Int]) -> CatalogueDescription {
        CatalogueDescription(
            id: head.id, title: head.title, source: head.source, bands: head.bands, order: order, tiles: tiles,
            maximumMotionMasPerYear: maximumMotion, epochs: epochs ?? 2000...2000)
    }

    private static let orderOfLargeCatalogues = 5

    /// About ten thousand stars to a tile, but tiles of 7 degrees at most.
    private static func order(starCount: Int) -> Int {
        let wanted = (3...CatalogueDescription.maximumOrder).first {
            Double(starCount) / Double(SkyCell.count(order: $0)) <= 10_000
        }
        return wanted ?? CatalogueDescription.maximumOrder
    }
}

extension CatalogueBuilder {
    /// Moves the buffer into parts on disk.
    private func spill(order: Int) throws(CatalogueError) {
        self.order = order
        let cells = Dictionary(grouping: buffer) { SkyCell(containing: $0.position, order: order) }
        buffer.removeAll(keepingCapacity: true)
        for (cell, stars) in cells {
            let part = partCounts[cell, default: 0]
            try write(stars, cell, to: partPath(cell, part))
            partCounts[cell] = part + 1
        }
    }

    private func partPath(_ cell: SkyCell, _ part: Int) -> String {
        work + "/" + TileFolder.name(of: cell) + ".\(part)"
    }

    /// Writes the tile of a cell of its parts and of what is still in memory; the number of its stars.
    private func writeTile(_ cell: SkyCell, _ rest: [CatalogueStar]) throws(CatalogueError) -> Int {
        var stars = rest
        for part in 0..<partCounts[cell, default: 0] {
            let file = partPath(cell, part)
            try CatalogueError.naming(file) {
                let tile = try CatalogueTile(try Data(contentsOf: URL(fileURLWithPath: file)))
                stars += (0..<tile.count).compactMap(tile.star)
                try FileManager.default.removeItem(atPath: file)
            }
        }
        try write(stars, cell, to: work + "/" + TileFolder.name(of: cell))
        return stars.count
    }

    private func write(_ stars: [CatalogueStar], _ cell: SkyCell, to file: String) throws(CatalogueError) {
        let url = URL(fileURLWithPath: file)
        try CatalogueError.naming(file) {
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try CatalogueTile.bytes(cell: cell, bandNames: head.bands.map(\.name), stars: stars).write(to: url)
        }
    }
}
