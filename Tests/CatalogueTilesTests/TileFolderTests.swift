import CatalogueTiles
import Foundation
import ReferenceCatalogue
import Sky
import Testing

@Suite("A catalogue in a folder")
final class TileFolderTests {
    let root = FileManager.default.temporaryDirectory.path + "/tiles-\(UUID().uuidString)"
    let bands = [CatalogueBand(name: "V", system: .vega), CatalogueBand(name: "B", system: .vega)]

    init() throws {
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: root) } catch { Issue.record(error) }
    }

    @discardableResult
    func build(
        _ stars: [CatalogueStar], _ name: String, order: Int? = nil, bufferLimit: Int = 1000
    ) throws -> CatalogueDescription {
        let builder = try CatalogueBuilder(
            path: root + "/" + name, id: "test", title: "Test", source: "made up", bands: bands, order: order,
            bufferLimit: bufferLimit)
        do {
            for star in stars { try builder.add(star) }
            return try builder.finish()
        } catch {
            try builder.abandon()
            throw error
        }
    }

    @Test("a cone finds exactly the stars in it, at poles, right across RA 0, and of any size")
    func cones() throws {
        for (ra, dec) in [(0.0, 0.0), (12, 89.9), (200, -90), (359.99, 41.8)] {
            let centre = try SkyPosition(raDegrees: ra, decDegrees: dec)
            let stars = spiral(4000, around: centre, radiusDegrees: 20)
            try build(stars, "cone\(ra)", order: 4, bufferLimit: 10_000)
            let catalogue = try TileFolder(root + "/cone\(ra)")
            for radius in [0, 0.3, 2, 15, 30, 180.0] {
                let found = try catalogue.stars(in: try Cone(centre: centre, radiusDegrees: radius, epoch: 2016))
                let expected = stars.filter { $0.position.separationDegrees(from: centre) <= radius }
                #expect(Set(found.map(\.star.identifier)) == Set(expected.map(\.identifier)), "\(ra) \(radius)")
                let magnitudes = found.map(\.star.rankingMagnitude)
                #expect(magnitudes == magnitudes.sorted())
            }
            let few = try catalogue.stars(
                in: try Cone(centre: centre, radiusDegrees: 10, epoch: 2016, faintest: 9, limit: 25))
            let bright = stars.filter { $0.magnitudes[0] <= 9 && $0.position.separationDegrees(from: centre) <= 10 }
            #expect(few.map(\.star.rankingMagnitude) == bright.map(\.rankingMagnitude).sorted().prefix(25).map { $0 })
        }
    }

    @Test("a fast star is found where it is, not where it was, also in another tile")
    func motion() throws {
        let cell = try #require(SkyCell(order: 6, number: 1234))
        var star = spiral(1, around: cell.centre, radiusDegrees: 1)[0]
        star.motion = try ProperMotion(raMasPerYear: 50_000, decMasPerYear: 0)
        try build([star], "fast", order: 6)
        let catalogue = try TileFolder(root + "/fast")
        let later = star.position(at: 2100)
        #expect(SkyCell(containing: later, order: 6) != SkyCell(containing: star.position, order: 6))
        let found = try catalogue.stars(in: try Cone(centre: later, radiusDegrees: 0.01, epoch: 2100))
        #expect(found.count == 1)
        #expect(try catalogue.stars(in: try Cone(centre: star.position, radiusDegrees: 0.1, epoch: 2100)).isEmpty)
    }

    @Test("what is built in pieces has the same bytes as what is built at once")
    func spilling() throws {
        let centre = try SkyPosition(raDegrees: 100, decDegrees: 20)
        let stars = spiral(3000, around: centre, radiusDegrees: 30)
        let whole = try build(stars, "whole", order: 3, bufferLimit: 100_000)
        let pieces = try build(stars.reversed(), "pieces", order: 3, bufferLimit: 170)
        #expect(whole == pieces && whole.starCount == 3000)
        for number in whole.tiles.keys {
            let name = "/" + TileFolder.name(of: try #require(SkyCell(order: 3, number: number)))
            let paths = ["whole", "pieces"].map { root + "/" + $0 + name }
            #expect(FileManager.default.contentsEqual(atPath: paths[0], andPath: paths[1]))
        }
        let heads = ["whole", "pieces"].map { root + "/" + $0 + "/" + TileFolder.descriptionName }
        #expect(FileManager.default.contentsEqual(atPath: heads[0], andPath: heads[1]))
        #expect(try FileManager.default.contentsOfDirectory(atPath: root).sorted() == ["pieces", "whole"])
    }

    @Test("a missing or damaged tile, and a foreign one, are errors that name the file")
    func damage() throws {
        let centre = try SkyPosition(raDegrees: 100, decDegrees: 20)
        let description = try build(spiral(500, around: centre, radiusDegrees: 30), "damaged", order: 3)
        let numbers = description.tiles.keys.sorted()
        let names = try numbers.map {
            root + "/damaged/" + TileFolder.name(of: try #require(SkyCell(order: 3, number: $0)))
        }
        try FileManager.default.removeItem(atPath: names[0])
        try Data("hello".utf8).write(to: URL(fileURLWithPath: names[1]))
        try FileManager.default.removeItem(atPath: names[2])
        try FileManager.default.copyItem(atPath: names[3], toPath: names[2])
        let catalogue = try TileFolder(root + "/damaged")
        for (index, reason) in ["missing", "before its head", "another place"].enumerated() {
            let error = #expect(throws: CatalogueError.self) {
                try catalogue.tile(try #require(SkyCell(order: 3, number: numbers[index])))
            }
            #expect(
                error?.file == names[index] && error?.reason.contains(reason) == true, "\(String(describing: error))")
        }
        #expect(throws: CatalogueError.self) {
            try catalogue.stars(in: try Cone(centre: centre, radiusDegrees: 60, epoch: 2020))
        }
    }

    @Test("which catalogue it is, is known of a whole one only, and says nothing of what lies beside it")
    func digest() throws {
        let centre = try SkyPosition(raDegrees: 100, decDegrees: 20)
        let stars = spiral(300, around: centre, radiusDegrees: 30)
        let description = try build(stars, "one", order: 3)
        try build(stars.reversed(), "two", order: 3)
        try build(Array(stars.dropLast()), "three", order: 3)
        let digest = try TileFolder(root + "/one").digest()
        #expect(try TileFolder(root + "/two").digest() == digest)
        #expect(try TileFolder(root + "/three").digest() != digest)
        try Data("x".utf8).write(to: URL(fileURLWithPath: root + "/two/notes.txt"))
        #expect(try TileFolder(root + "/two").digest() == digest)
        let number = try #require(description.tiles.keys.max())
        let tile = root + "/two/" + TileFolder.name(of: try #require(SkyCell(order: 3, number: number)))
        let whole = try Data(contentsOf: URL(fileURLWithPath: tile))
        for bytes in [whole.prefix(40), nil] {
            try bytes?.write(to: URL(fileURLWithPath: tile))
            if bytes == nil { try FileManager.default.removeItem(atPath: tile) }
            let error = #expect(throws: CatalogueError.self) { try TileFolder(root + "/two").digest() }
            #expect(error?.file == tile)
        }
    }

    @Test(
        "a description that cannot be true is refused by its field",
        arguments: [
            ("\"order\" : 3", "\"order\" : 99", "order"), ("\"test\"", "\"../x\"", "id"), ("\"V\"", "\"B\"", "two"),
            ("\"maximumMotionMasPerYear\" : 0", "\"maximumMotionMasPerYear\" : -1", "maximumMotion"),
            ("{", "[", "no description"),
        ])
    func hostileDescription(old: String, new: String, reason: String) throws {
        let centre = try SkyPosition(raDegrees: 100, decDegrees: 20)
        try build(spiral(20, around: centre, radiusDegrees: 3), "odd", order: 3)
        let file = URL(fileURLWithPath: root + "/odd/" + TileFolder.descriptionName)
        let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        let range = try #require(text.range(of: old), "\(text)")
        try Data(text.replacingCharacters(in: range, with: new).utf8).write(to: file)
        let error = #expect(throws: CatalogueError.self) { try TileFolder(root + "/odd") }
        #expect(error?.reason.contains(reason) == true, "\(String(describing: error))")
    }

    @Test("no catalogue is built over another, none without stars, and nothing stays of one that was given up")
    func refusals() throws {
        let centre = try SkyPosition(raDegrees: 100, decDegrees: 20)
        try build(spiral(20, around: centre, radiusDegrees: 3), "there")
        #expect(throws: CatalogueError.self) { try build([], "there") }
        #expect(throws: CatalogueError.self) { try build([], "empty") }
        #expect(throws: CatalogueError.self) { try TileFolder(root + "/nowhere") }
        #expect(try FileManager.default.contentsOfDirectory(atPath: root) == ["there"])
    }
}
