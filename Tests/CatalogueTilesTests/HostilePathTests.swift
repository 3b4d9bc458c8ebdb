import CatalogueTiles
import Foundation
import ReferenceCatalogue
import Sky
import Testing

@Suite("odd places of catalogues")
final class HostilePathTests {
    let root = FileManager.default.temporaryDirectory.path + "/odd-\(UUID().uuidString)"

    init() throws {
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: root) } catch { Issue.record(error) }
    }

    private func builder(_ path: String) throws -> CatalogueBuilder {
        try CatalogueBuilder(
            path: path, id: "test", title: "Test", source: "made up", bands: [CatalogueBand(name: "V", system: .vega)])
    }

    private func build(_ path: String) throws {
        let builder = try builder(path)
        do {
            try builder.add(
                CatalogueStar(
                    identifier: 1, position: try SkyPosition(raDegrees: 10, decDegrees: 5), epoch: 2000,
                    magnitudes: [9], magnitudeErrors: [0.01]))
            _ = try builder.finish()
        } catch {
            try builder.abandon()
            throw error
        }
    }

    private func complaint(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "none"
        } catch let error as CatalogueError { return error.description } catch { return "raw: \(error)" }
    }

    /// Words that only a library would say.
    private func expectWords(_ text: String, _ reason: String) {
        #expect(text.contains(reason), "\(text)")
        for raw in ["raw:", "Domain", "NSCocoa", "Code=", "UserInfo", "CodingKey", "Context("] {
            #expect(!text.contains(raw), "\(text)")
        }
    }

    @Test("a file, a loop of links, a name that is empty or too long: each is told in words")
    func reading() throws {
        let file = root + "/file"
        try Data("hello".utf8).write(to: URL(fileURLWithPath: file))
        expectWords(complaint { _ = try TileFolder(file) }, "cannot be read: Not a directory")
        expectWords(complaint { _ = try TileFolder("") }, "the name of the folder is empty")
        expectWords(complaint { _ = try TileFolder(root) }, "there is no catalogue here")
        let loop = root + "/loop"
        try FileManager.default.createSymbolicLink(atPath: loop, withDestinationPath: loop)
        expectWords(complaint { _ = try TileFolder(loop) }, "Too many levels of symbolic links")
        let long = root + "/" + String(repeating: "x", count: 300)
        expectWords(complaint { _ = try TileFolder(long) }, "File name too long")
        let folder = root + "/folder"
        try FileManager.default.createDirectory(
            atPath: folder + "/catalogue.json", withIntermediateDirectories: true)
        expectWords(complaint { _ = try TileFolder(folder) }, "directory")
    }

    @Test(
        "a description that is not one is told by its field",
        arguments: [
            ("", "it is not JSON"), ("{", "it is not JSON"), ("[]", "the document is of another kind"),
            ("{}", "is missing"), ("{\"id\": 5}", "is"),
        ])
    func descriptions(text: String, reason: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: root + "/catalogue.json"))
        let told = complaint { _ = try TileFolder(root) }
        expectWords(told, "this is no description of a catalogue: ")
        expectWords(told, reason)
    }

    @Test("no catalogue is begun where it could not be finished, and nothing is left behind")
    func building() throws {
        try Data("hello".utf8).write(to: URL(fileURLWithPath: root + "/file"))
        try FileManager.default.createSymbolicLink(atPath: root + "/dangling", withDestinationPath: root + "/nowhere")
        try FileManager.default.createSymbolicLink(atPath: root + "/loop", withDestinationPath: root + "/loop")
        let before = try FileManager.default.contentsOfDirectory(atPath: root).sorted()
        for name in ["file", "dangling", "loop", "."] {
            expectWords(complaint { try build(root + "/" + name) }, "it is there already")
        }
        expectWords(complaint { try build("") }, "the name of the folder is empty")
        expectWords(complaint { try build(root + "/file/catalogue") }, "Not a directory")
        let long = root + "/" + String(repeating: "x", count: 255)
        expectWords(complaint { try build(long) }, "File name too long")
        #expect(try FileManager.default.contentsOfDirectory(atPath: root).sorted() == before)
    }

    @Test("slashes at the end of a name do not matter, and names may have blanks and line ends")
    func names() throws {
        try build(root + "/slashes//")
        #expect(try TileFolder(root + "/slashes/").description.starCount == 1)
        try build(root + "/two\nlines of %20 \"text\"")
        #expect(try TileFolder(root + "/two\nlines of %20 \"text\"").description.starCount == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: root).count == 2)
    }

    private func stars(_ catalogue: TileFolder) throws -> Int {
        let centre = try SkyPosition(raDegrees: 10, decDegrees: 5)
        return try catalogue.stars(in: try Cone(centre: centre, radiusDegrees: 1, epoch: 2000)).count
    }

    private var tile: String {
        get throws {
            let order = try TileFolder(root + "/held").description.order
            let centre = try SkyPosition(raDegrees: 10, decDegrees: 5)
            return root + "/held/" + TileFolder.name(of: SkyCell(containing: centre, order: order))
        }
    }

    @Test("whoever has read a tile keeps it, whatever becomes of its file; who comes later is told")
    func changedInPlace() throws {
        try build(root + "/held")
        let tile = try tile
        let length = try Data(contentsOf: URL(fileURLWithPath: tile)).count
        let held = try TileFolder(root + "/held")
        #expect(try stars(held) == 1)
        #expect(truncate(tile, 0) == 0)
        #expect(try stars(held) == 1)
        let later = complaint { _ = try stars(try TileFolder(root + "/held")) }
        expectWords(later, "it ends after 0 bytes")
        #expect(truncate(tile, off_t(length)) == 0)
        expectWords(complaint { _ = try stars(try TileFolder(root + "/held")) }, "it is no tile")
        // Longer than memory, of holes.
        #expect(truncate(tile, 1 << 42) == 0)
        expectWords(complaint { _ = try stars(try TileFolder(root + "/held")) }, "\(length) at most")
        #expect(try stars(held) == 1)
    }

    @Test("what is no file in a tile's or a description's place is not waited for", .timeLimit(.minutes(1)))
    func noFiles() throws {
        try build(root + "/held")
        for path in [try tile, root + "/held/" + TileFolder.descriptionName] {
            #expect(unlink(path) == 0 && mkfifo(path, 0o600) == 0)
            expectWords(complaint { _ = try stars(try TileFolder(root + "/held")) }, "it is no regular file")
            #expect(unlink(path) == 0)
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/dev/zero")
            expectWords(complaint { _ = try stars(try TileFolder(root + "/held")) }, "it is no regular file")
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            expectWords(complaint { _ = try stars(try TileFolder(root + "/held")) }, "it is a directory")
            try FileManager.default.removeItem(atPath: root + "/held")
            try build(root + "/held")
        }
    }
}
