import CatalogueTiles
import Foundation
import PlateSolving
import ReferenceCatalogue
import Sky
import Testing

@Suite("The index for blind solving in a catalogue's folder")
final class BlindIndexFileTests {
    let root = FileManager.default.temporaryDirectory.path + "/blind-\(UUID().uuidString)"
    let folder: TileFolder

    init() throws {
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        folder = try Self.build(root + "/one", id: "one", stars: 5000)
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: root) } catch { Issue.record(error) }
    }

    static func build(_ path: String, id: String, stars: Int) throws -> TileFolder {
        let builder = try CatalogueBuilder(
            path: path, id: id, title: "Test", source: "made up",
            bands: [CatalogueBand(name: "V", system: .vega), CatalogueBand(name: "B", system: .vega)])
        let pole = try SkyPosition(raDegrees: 0, decDegrees: 90)
        for star in spiral(stars, around: pole, radiusDegrees: 170) { try builder.add(star) }
        _ = try builder.finish()
        return try TileFolder(path)
    }

    private var file: String { root + "/one/" + TileFolder.blindIndexName }

    private func reason(_ folder: TileFolder) -> String {
        do {
            _ = try TileFolder(folder.path).blindIndex()
            return "accepted"
        } catch {
            return error.description
        }
    }

    @Test("an index that was written is read again, and written alike")
    func roundTrip() throws {
        let size = try folder.writeBlindIndex()
        let index = try folder.blindIndex()
        #expect(index.catalogueID == "one")
        #expect(index.catalogueStars == 5000)
        #expect(size.quads == index.quadCount && size.quads > 5000)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        #expect(size.bytes == bytes.count)
        _ = try folder.writeBlindIndex()
        #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == bytes)
    }

    @Test("a list that is on no sky is not solved, and without an index it is said so")
    func solveBlind() throws {
        let stars = (0..<30).map { star in
            let (x, y) = (star * 31 % 97, star * 17 % 89)
            return ImageStar(x: Double(10 * x), y: Double(11 * y), flux: Double(star))
        }
        let size = FrameSize(width: 1000, height: 1000)
        #expect(throws: CatalogueError.self) {
            try folder.solveBlind(image: stars, size: size, scaleRange: 50...60, epoch: 2020)
        }
        _ = try folder.writeBlindIndex()
        let result = try folder.solveBlind(image: stars, size: size, scaleRange: 50...60, epoch: 2020)
        #expect(result.solution == nil && !result.rungs.isEmpty)
        for year in [9999, -4000, Double.nan] {
            #expect(throws: SkyError.self) {
                try folder.solveBlind(image: stars, size: size, scaleRange: 50...60, epoch: year)
            }
        }
    }

    @Test("a catalogue of too few stars for an index gets none")
    func tooFew() throws {
        let few = try Self.build(root + "/few", id: "few", stars: 2)
        #expect(throws: CatalogueError.self) { try few.writeBlindIndex() }
        #expect(try few.blindIndexDigest() == nil)
    }

    @Test("an index is named by its checksum, the same from any folder")
    func digest() throws {
        #expect(try folder.blindIndexDigest() == nil)
        _ = try folder.writeBlindIndex()
        let digest = try #require(try folder.blindIndexDigest())
        #expect(digest.count == 64 && digest.allSatisfy(\.isHexDigit))
        let other = try Self.build(root + "/two", id: "two", stars: 5001)
        _ = try other.writeBlindIndex()
        #expect(try other.blindIndexDigest() != digest)
        try Data("NIGHTQAD".utf8).write(to: URL(fileURLWithPath: file))
        #expect(throws: CatalogueError.self) { try folder.blindIndexDigest() }
    }

    @Test("an index that is open is searched on, though its file is cut short")
    func cutShort() throws {
        _ = try folder.writeBlindIndex()
        let stars = (0..<30).map { star in
            let (x, y) = (star * 310 % 970, star * 170 % 890)
            return ImageStar(x: Double(x), y: Double(y), flux: Double(star))
        }
        let size = FrameSize(width: 1000, height: 1000)
        let held = try TileFolder(folder.path)
        let before = try held.solveBlind(image: stars, size: size, scaleRange: 50...60, epoch: 2020)
        #expect(truncate(file, 100) == 0)
        let after = try held.solveBlind(image: stars, size: size, scaleRange: 50...60, epoch: 2020)
        #expect(before.rungs == after.rungs)
        #expect(reason(folder).contains("ends after 100 bytes"))
    }

    @Test("no index, a damaged one, and one of another catalogue are named with the way out")
    func refused() throws {
        #expect(reason(folder).contains("nightjar catalog index makes one"))
        _ = try folder.writeBlindIndex()
        var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(fileURLWithPath: file))
        #expect(reason(folder).contains("checksum is wrong"))
        try bytes.prefix(500).write(to: URL(fileURLWithPath: file))
        #expect(reason(folder).contains("its head says"))
        _ = try folder.writeBlindIndex()
        let other = try Self.build(root + "/two", id: "two", stars: 5000)
        try FileManager.default.copyItem(atPath: file, toPath: root + "/two/" + TileFolder.blindIndexName)
        #expect(reason(other).contains("another catalogue (one)"))
        let larger = try Self.build(root + "/three", id: "one", stars: 5001)
        try FileManager.default.copyItem(atPath: file, toPath: root + "/three/" + TileFolder.blindIndexName)
        #expect(reason(larger).contains("another catalogue"))
    }

    @Test("stars for solving are those of the cone, the brightest first, and a limit keeps the brightest")
    func guideStars() throws {
        let centre = try SkyPosition(raDegrees: 200, decDegrees: -30)
        let all = try folder.stars(in: try Cone(centre: centre, radiusDegrees: 25, epoch: 2016))
        let guides = try folder.guideStars(around: centre, radiusDegrees: 25, epoch: 2016)
        #expect(guides.map(\.position) == all.map(\.position))
        #expect(all.count > 100)
        for limit in [1, 7, 60, all.count - 1, all.count, 10_000] {
            let few = try folder.stars(in: try Cone(centre: centre, radiusDegrees: 25, epoch: 2016, limit: limit))
            #expect(few.map(\.star.identifier) == all.prefix(limit).map(\.star.identifier))
        }
    }
}
