import Events
import Foundation
import FrameStore
import PostgresStore
import StoredCatalogues
import TestKit
import Testing

@testable import archiver

@Suite("The catalogue of the frame store")
struct StoredCatalogueTests {
    private func withStoredSky(_ body: (Bench, SimulatedSky, _ cache: String) throws -> Void) throws {
        let sky = try SimulatedSky(seed: 23, fields: 1, starsPerField: 30)
        try withSky(sky) { bench, folder in
            try bench.store.publishCatalogue(folder: folder, id: "test")
            bench.reference = stored(bench, cache: folder + "-cache")
            try body(bench, sky, folder + "-cache")
        }
    }

    private func stored(_ bench: Bench, cache: String) -> ReferenceStars {
        ReferenceStars(.stored(id: "test", cache: cache), store: bench.store, log: bench.lines.log)
    }

    private func tiles(_ root: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: root).filter { $0.hasSuffix(".tile") }.sorted()
    }

    @Test("tiles are fetched once, and are there when the store's are gone")
    func fetchedOnce() throws {
        try withStoredSky { bench, sky, cache in
            try bench.observe([SkyFrame(number: 0, field: 0)], of: sky)
            #expect(try bench.zeroPoints().allSatisfy { try $0.optionalDouble("zero_point") != nil })
            let kept = try tiles(cache)
            #expect(!kept.isEmpty && kept.count <= 4)
            for name in try tiles(bench.store.root) { try bench.store.remove(name) }
            bench.reference = stored(bench, cache: cache)
            try bench.observe([SkyFrame(number: 1, field: 0)], of: sky)
            #expect(try bench.zeroPoints()[1].optionalDouble("zero_point") != nil)
        }
    }

    @Test("a damaged tile is no frame's fault: the reason is kept, said once, and the next closing makes it good")
    func damaged() throws {
        try withStoredSky { bench, sky, cache in
            let whole = try tiles(bench.store.root).map { (name: $0, bytes: try bench.store.read($0)) }
            for tile in whole {
                var bytes = tile.bytes
                bytes[bytes.count / 2] ^= 1
                try bench.store.write(tile.name, data: bytes)
            }
            try bench.observe((0..<3).map { SkyFrame(number: $0, field: 0) }, of: sky)
            #expect(try (0..<3).allSatisfy { try bench.fate($0) == "measured" })
            for row in try bench.zeroPoints() {
                #expect(try row.text("reason_code") == "catalogueUnavailable")
                #expect(try row.text("reason").contains("is damaged"))
            }
            let said = bench.lines.all.filter { $0.contains("reference catalogue cannot be used") }
            #expect(said.count == 1, "\(said)")
            #expect(bench.reference?.problem?.contains("frames:tiles/test/") == true)
            for tile in whole { try bench.store.write(tile.name, data: tile.bytes) }
            // A tile that went bad on this machine's own disk is fetched anew.
            try bench.closeNight([0, 1, 2])
            for name in try tiles(cache) { try Data("x".utf8).write(to: URL(fileURLWithPath: cache + "/" + name)) }
            bench.reference = stored(bench, cache: cache)
            try bench.closeNight([0, 1, 2], revision: 2)
            #expect(bench.reference?.problem == nil)
            #expect(try bench.zeroPoints().allSatisfy { try $0.optionalDouble("zero_point") != nil })
        }
    }

    @Test("a catalogue that is not in the store is named, and taken up once it is there")
    func published() throws {
        let sky = try SimulatedSky(seed: 29, fields: 1, starsPerField: 30)
        try withSky(sky) { bench, folder in
            bench.reference = stored(bench, cache: folder + "-cache")
            try bench.observe([SkyFrame(number: 0, field: 0)], of: sky)
            let reason = try bench.zeroPoints()[0].text("reason")
            #expect(reason.contains("there is no such catalogue in the frame store; nightjar catalog publish"))
            try bench.store.publishCatalogue(folder: folder, id: "test")
            try bench.observe([SkyFrame(number: 1, field: 0)], of: sky)
            #expect(try bench.zeroPoints()[1].optionalDouble("zero_point") != nil)
        }
    }
}
