import Foundation
import FrameStore
import Pipeline
import TestKit
import Testing

@Suite("A catalogue in the frame store")
struct CatalogueFilesTests {
    private func withCatalogue(_ body: (FrameStore, _ folder: String, _ cache: String) throws -> Void) throws {
        try withFolder { root in
            let folder = root.appending(path: "catalogue")
            for step in ["store", "catalogue/0", "catalogue/.hidden"] {
                try FileManager.default.createDirectory(
                    at: root.appending(path: step), withIntermediateDirectories: true)
            }
            for (name, text) in [("catalogue.json", "{}"), ("0/7.tile", "seven"), ("0/8.tile", "eight")] {
                try Data(text.utf8).write(to: folder.appending(path: name))
            }
            try Data("x".utf8).write(to: folder.appending(path: ".hidden/y"))
            try body(
                try FrameStore(root.appending(path: "store").path), folder.path, root.appending(path: "cache").path)
        }
    }

    @Test("it is copied once, completed where files are gone, and refused where it is another of the same id")
    func publishing() throws {
        try withCatalogue { store, folder, _ in
            let first = try store.publishCatalogue(folder: folder, id: "gaia-dr3")
            #expect(first.written == 3 && first.list.files.keys.sorted() == ["0/7.tile", "0/8.tile", "catalogue.json"])
            #expect(try store.read("tiles/gaia-dr3/0/7.tile") == Data("seven".utf8))
            #expect(try store.publishCatalogue(folder: folder, id: "gaia-dr3").written == 0)
            try store.remove("tiles/gaia-dr3/0/8.tile")
            #expect(try store.publishCatalogue(folder: folder, id: "gaia-dr3").written == 1)
            try Data("SEVEN".utf8).write(to: URL(fileURLWithPath: folder + "/0/7.tile"))
            #expect(throws: CatalogueTaken.self) { try store.publishCatalogue(folder: folder, id: "gaia-dr3") }
            #expect(try store.read("tiles/gaia-dr3/0/7.tile") == Data("seven".utf8))
            let other = try store.publishCatalogue(folder: folder, id: "../../etc").list
            #expect(other.digest != first.list.digest)
            #expect(try store.list("tiles").count == 2)
        }
    }

    @Test("published again, what went bad in the store is mended, and an index that was made later is added")
    func mended() throws {
        try withCatalogue { store, folder, cache in
            let first = try store.publishCatalogue(folder: folder, id: "a").list
            try store.write("tiles/a/0/7.tile", data: Data("nEVES".utf8))
            let second = try store.publishCatalogue(folder: folder, id: "a")
            #expect(second.written == 1 && second.list == first)
            #expect(try store.read("tiles/a/0/7.tile") == Data("seven".utf8))
            try Data("quads".utf8).write(to: URL(fileURLWithPath: folder + "/blind.index"))
            let third = try store.publishCatalogue(folder: folder, id: "a")
            #expect(third.written == 1 && third.list.digest != first.digest && third.list.files.count == 4)
            try Data("QUADS".utf8).write(to: URL(fileURLWithPath: folder + "/blind.index"))
            #expect(throws: CatalogueTaken.self) { try store.publishCatalogue(folder: folder, id: "a") }
            try FileManager.default.removeItem(atPath: folder + "/blind.index")
            let fourth = try store.publishCatalogue(folder: folder, id: "a")
            #expect(fourth.written == 0 && fourth.list == third.list)
            #expect(try store.catalogueFiles(id: "a") == third.list)
            let copy = try CatalogueCopy(of: "a", in: store, cache: cache, first: ["catalogue.json"])
            try Data("[]".utf8).write(to: URL(fileURLWithPath: copy.folder + "/catalogue.json"))
            _ = try CatalogueCopy(of: "a", in: store, cache: cache, first: ["catalogue.json"])
            #expect(FileManager.default.contents(atPath: copy.folder + "/catalogue.json") == Data("{}".utf8))
        }
    }

    @Test("a copy fetches what is asked for, keeps it, and takes nothing that is damaged or not listed")
    func copies() throws {
        try withCatalogue { store, folder, cache in
            #expect(throws: MissingObject.self) {
                _ = try CatalogueCopy(of: "a", in: store, cache: cache, first: [])
            }
            try store.publishCatalogue(folder: folder, id: "a")
            let copy = try CatalogueCopy(of: "a", in: store, cache: cache, first: ["catalogue.json"])
            #expect(try FileManager.default.contentsOfDirectory(atPath: copy.folder) == ["catalogue.json"])
            try copy.fetch("0/7.tile")
            #expect(FileManager.default.contents(atPath: copy.folder + "/0/7.tile") == Data("seven".utf8))
            try store.write("tiles/a/0/8.tile", data: Data("EIGHT".utf8))
            #expect(throws: DamagedObject.self) { try copy.fetch("0/8.tile") }
            #expect(!FileManager.default.fileExists(atPath: copy.folder + "/0/8.tile"))
            #expect(throws: MissingObject.self) { try copy.fetch("../../store/nightjar-store.json") }
            try store.write("tiles/a/files.json", data: Data("{".utf8))
            #expect(throws: DamagedObject.self) { _ = try store.catalogueFiles(id: "a") }
        }
    }
}
