import CatalogueTiles
import Foundation
import FrameStore
import ReferenceCatalogue
import Sky
import Testing

@testable import nightjar

@Suite struct CatalogueChoiceTests {
    /// A catalogue of two stars far from each other.
    private func build(_ path: String) throws {
        let builder = try CatalogueBuilder(
            path: path, id: "two", title: "Test", source: "made up", bands: [CatalogueBand(name: "V", system: .vega)])
        for (number, ra) in [10.0, 200].enumerated() {
            try builder.add(
                CatalogueStar(
                    identifier: Int64(number), position: try SkyPosition(raDegrees: ra, decDegrees: 5), epoch: 2000,
                    magnitudes: [9], magnitudeErrors: [0.01]))
        }
        _ = try builder.finish()
    }

    @Test("a name that is no catalogue stops the command before anything starts, and is told")
    func unknown() throws {
        let shop = try Workshop()
        for text in ["", "nosuchname"] {
            let error = #expect(throws: UsageError.self) { try CatalogueChoice(text, mayBeStored: false) }
            #expect("\(error as Any)".contains("--catalog \(text.isEmpty ? "is empty" : text)"))
        }
        let store = shop.path("store")
        try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: true)
        let choice = try CatalogueChoice("nosuchname", mayBeStored: true)
        let error = #expect(throws: UsageError.self) {
            try choice.published(in: store, data: DataFolder(shop.path("data"))) { _ in }
        }
        #expect("\(error as Any)".contains("--catalog nosuchname"))
    }

    @Test("a catalogue with a damaged tile is not published; the file is named, and mended it can be")
    func damaged() throws {
        let shop = try Workshop()
        let (folder, store) = (shop.path("catalogue"), shop.path("store"))
        try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: true)
        try build(folder)
        let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        let tile = try #require(names.first { $0.hasSuffix(".tile") })
        let whole = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + tile))
        try whole.prefix(100).write(to: URL(fileURLWithPath: folder + "/" + tile))
        let error = #expect(throws: CatalogueError.self) { try CataloguePublishing.publish(folder, in: store) }
        #expect("\(error as Any)".contains(tile))
        #expect(try FrameStore(store).catalogueFiles(id: "two") == nil)
        try whole.write(to: URL(fileURLWithPath: folder + "/" + tile))
        let summary = try CataloguePublishing.publish(folder, in: store)
        #expect(summary.stars == 2 && !summary.hasBlindIndex)
    }

    @Test("an index for blind solving that is damaged is not published; a whole one is")
    func damagedIndex() throws {
        let shop = try Workshop()
        let (folder, store) = (shop.path("catalogue"), shop.path("store"))
        try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: true)
        let builder = try CatalogueBuilder(
            path: folder, id: "many", title: "Test", source: "made up", bands: [CatalogueBand(name: "V", system: .vega)]
        )
        for number in 0..<500 {
            let place = try SkyPosition(
                raDegrees: (137.508 * Double(number)).truncatingRemainder(dividingBy: 360),
                decDegrees: asin((Double(2 * number) - 499) / 500) * 180 / .pi)
            try builder.add(
                CatalogueStar(
                    identifier: Int64(number), position: place, epoch: 2000, magnitudes: [Float(number % 7)],
                    magnitudeErrors: [0.01]))
        }
        _ = try builder.finish()
        _ = try TileFolder(folder).writeBlindIndex()
        let index = URL(fileURLWithPath: folder + "/" + TileFolder.blindIndexName)
        let whole = try Data(contentsOf: index)
        var flipped = whole
        flipped[whole.count - 1] ^= 1
        for bytes in [flipped, whole.prefix(50), Data()] {
            try bytes.write(to: index)
            let error = #expect(throws: CatalogueError.self) { try CataloguePublishing.publish(folder, in: store) }
            #expect("\(error as Any)".contains(TileFolder.blindIndexName))
            #expect(try FrameStore(store).catalogueFiles(id: "many") == nil)
        }
        try whole.write(to: index)
        let summary = try CataloguePublishing.publish(folder, in: store)
        #expect(summary.hasBlindIndex && summary.files == summary.written)
        #expect(try FrameStore(store).read("tiles/many/" + TileFolder.blindIndexName) == whole)
    }
}
