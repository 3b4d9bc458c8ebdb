internal import CatalogueTiles
internal import Foundation
internal import FrameStore
internal import Pipeline
internal import ReferenceCatalogue

/// `nightjar catalog publish`: a catalogue goes into the frame store, where every service finds it by its id.
struct CataloguePublishing {
    private let folder: String
    private let place: String
    private let printsJSON: Bool

    init(_ arguments: Arguments, words: [String]) throws {
        guard words.count == 1 else {
            throw UsageError("give one folder: nightjar catalog publish DIR --frame-store URL")
        }
        folder = words[0]
        if let given = arguments.text("frame-store") {
            guard arguments.text("data") == nil else { throw UsageError("give --frame-store or --data, not both") }
            place = given
        } else if let data = arguments.text("data").map(DataFolder.init) {
            place = try ExternalParts(of: data).frameStore ?? data.frames.path
        } else {
            throw UsageError("say where to: --frame-store URL, or --data DIR of nightjar up")
        }
        printsJSON = arguments.has("json")
    }

    /// What was published.
    struct Summary: Encodable, Equatable {
        let catalogue: String
        let stars: Int
        let files: Int
        let bytes: Int
        /// Files that the store did not have yet.
        let written: Int
        let hasBlindIndex: Bool
    }

    func run() throws -> Int32 {
        let summary = try Self.publish(folder, in: place)
        if printsJSON {
            Terminal.write(String(decoding: try prettyJSON(summary), as: UTF8.self))
        } else {
            let news = summary.written > 0 ? "\(summary.written) files written" : "it was there already"
            let index = summary.hasBlindIndex ? "with" : "without"
            Terminal.say(
                "\(summary.catalogue): \(summary.stars) stars in \(summary.files) files, \(index) an index of the "
                    + "whole sky, \(news); "
                    + "services use it with NIGHTJAR_CATALOG=\(summary.catalogue)")
        }
        return 0
    }

    /// - Throws: what is wrong with the catalogue or the store, in words.
    static func publish(_ folder: String, in place: String) throws -> Summary {
        let tiles = try TileFolder(folder)
        let description = tiles.description
        let damaged = tiles.damagedFiles()
        if let first = damaged.first {
            throw CatalogueError(
                file: folder, reason: "nothing is published, as \(damaged.count) files cannot be used: \(first)")
        }
        let path = URL(fileURLWithPath: folder).path
        let (list, written) = try FrameStore(place).publishCatalogue(folder: path, id: description.id)
        return Summary(
            catalogue: description.id, stars: description.starCount, files: list.files.count, bytes: list.bytes,
            written: written, hasBlindIndex: list.files[TileFolder.blindIndexName] != nil)
    }
}
