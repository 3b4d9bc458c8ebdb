internal import Foundation
public import PlateSolving
internal import ReferenceCatalogue
public import Sky

/// The index of a catalogue's quads on disk: `blind.index` in its folder, one file for the whole sky.
extension TileFolder {
    public static let blindIndexName = "blind.index"

    /// [bytes] An index of the whole sky has an eighth of it.
    private static let mostIndexBytes = 1 << 30

    /// Stars of a tile that an index may want, at most: the densest layer takes 3 of each cell of order 7.
    private static func wanted(order: Int) -> Int { 64 << (2 * max(0, 7 - order)) }

    /// Reads the index and compares it with its checksum, once; then it is kept.
    ///
    /// - Throws: `CatalogueError` when there is none, it is damaged, or it is of another catalogue.
    public func blindIndex() throws(CatalogueError) -> BlindIndex {
        if let openedIndex { return openedIndex }
        let index: BlindIndex
        do {
            index = try readBlindIndex()
        } catch {
            guard isFetched else { throw error }
            // Not fetched yet, or damaged since.
            try fetchAnew(Self.blindIndexName)
            index = try readBlindIndex()
        }
        openedIndex = index
        return index
    }

    /// Which index the folder has, to the last bit: the SHA-256 in its head; nil where there is none.
    ///
    /// - Throws: `CatalogueError` for a file that cannot be read, or ends before its head does.
    public func blindIndexDigest() throws(CatalogueError) -> String? {
        let length = BlindIndexLayout.digestRange.upperBound
        guard let bytes = try bytes(Self.blindIndexName, most: length, first: length) else { return nil }
        guard bytes.count == length else {
            throw CatalogueError(
                file: path + "/" + Self.blindIndexName,
                reason: "it ends after \(bytes.count) bytes; nightjar catalog index makes it anew")
        }
        return bytes[BlindIndexLayout.digestRange].map { byte in
            let text = String(byte, radix: 16)
            return byte < 16 ? "0" + text : text
        }.joined()
    }

    /// Finds where a frame lies on the whole sky; see `solveBlind` of `PlateSolving`.
    ///
    /// - Parameters:
    ///   - scaleRange: [arcsec/px].
    ///   - epoch: of the exposure, Julian year.
    /// - Throws: `CatalogueError` when index or tiles are missing or damaged; `SkyError` for an epoch that cannot be,
    ///   before anything is searched.
    public func solveBlind(
        image: [ImageStar], size: FrameSize, scaleRange: ClosedRange<Double>, parity: Parity = .unknown, epoch: Double
    ) throws -> PlateSolvingResult {
        try Cone.check(epoch: epoch)
        return try PlateSolving.solveBlind(
            image: image, size: size, scaleRange: scaleRange, parity: parity, index: try blindIndex()
        ) { try guideStars(around: $0, radiusDegrees: $1, epoch: epoch, limit: Self.judges) }
    }

    /// The brightest stars around a place that judge it: with more of them a wide frame takes longer, no surer.
    private static let judges = 3000

    private func readBlindIndex() throws(CatalogueError) -> BlindIndex {
        let file = path + "/" + Self.blindIndexName
        guard let bytes = try bytes(Self.blindIndexName, most: Self.mostIndexBytes) else {
            throw CatalogueError(
                file: file, reason: "there is no index for blind solving; nightjar catalog index makes one")
        }
        let index: BlindIndex
        do {
            index = try BlindIndex(bytes)
        } catch {
            throw CatalogueError(file: file, reason: error.description)
        }
        guard TileLayout.digest(of: bytes).elementsEqual(bytes[BlindIndexLayout.digestRange]) else {
            throw CatalogueError(
                file: file, reason: "its checksum is wrong: the file is damaged; nightjar catalog index makes it anew")
        }
        guard index.catalogueID == description.id, index.catalogueStars == description.starCount else {
            throw CatalogueError(
                file: file, reason: "it is of another catalogue (\(index.catalogueID)); nightjar catalog index anew")
        }
        return index
    }

    /// Makes the index of the catalogue's brightest stars anew, at the catalogue's epoch.
    ///
    /// - Returns: what was written.
    /// - Throws: `CatalogueError` when a tile is missing or damaged, or the disk does not take it.
    public func writeBlindIndex() throws(CatalogueError) -> BlindIndexSize {
        var builder = BlindIndexBuilder(catalogueID: description.id, catalogueStars: description.starCount)
        for number in description.tiles.keys.sorted() {
            guard let cell = SkyCell(order: description.order, number: number), let tile = try tile(cell) else {
                continue
            }
            for row in 0..<min(tile.count, Self.wanted(order: description.order)) {
                guard let star = tile.star(row) else { continue }
                builder.add(star.position, magnitude: star.rankingMagnitude)
            }
        }
        var bytes = builder.bytes()
        bytes.replaceSubrange(BlindIndexLayout.digestRange, with: TileLayout.digest(of: bytes))
        let file = path + "/" + Self.blindIndexName
        do {
            _ = try BlindIndex(bytes)
        } catch {
            throw CatalogueError(file: path, reason: "it has too few stars for an index: \(error)")
        }
        let written = bytes
        try CatalogueError.naming(file) {
            try written.write(to: URL(fileURLWithPath: file), options: .atomic)
        }
        openedIndex = nil
        let index = try blindIndex()
        return BlindIndexSize(
            layers: index.layerCount, stars: index.starCount, quads: index.quadCount, bytes: index.length)
    }

    /// The stars around a position at an epoch, as solving wants them, the brightest first.
    ///
    /// - Throws: `CatalogueError` as `stars(in:)`; `SkyError` for an epoch that cannot be.
    public func guideStars(
        around centre: SkyPosition, radiusDegrees: Double, epoch: Double, limit: Int = .max
    ) throws -> [GuideStar] {
        let cone = try Cone(centre: centre, radiusDegrees: min(180, radiusDegrees), epoch: epoch, limit: limit)
        return try stars(in: cone).map { star, position in
            GuideStar(
                position: position, magnitude: Double(star.rankingMagnitude),
                positionErrorArcsec: Double(star.positionErrorMas(at: epoch)) / 1000)
        }
    }
}

/// How large an index for blind solving is.
public struct BlindIndexSize: Sendable, Hashable, Codable {
    public let layers: Int
    /// Of all layers; a bright star is in several.
    public let stars: Int
    public let quads: Int
    public let bytes: Int
}
