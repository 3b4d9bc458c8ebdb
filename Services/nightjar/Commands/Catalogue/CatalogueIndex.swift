internal import CatalogueTiles
internal import Foundation

/// `nightjar catalog index`: the quads of a catalogue's bright stars, for frames of which nothing is known.
struct CatalogueIndex {
    let folder: String
    let printsJSON: Bool

    init(_ arguments: Arguments, words: [String]) throws {
        guard words.count == 1 else { throw UsageError("give one folder: nightjar catalog index DIR") }
        folder = words[0]
        printsJSON = arguments.has("json")
    }

    func run() throws -> Int32 {
        let size = try TileFolder(folder).writeBlindIndex()
        if printsJSON {
            Terminal.write(String(decoding: try prettyJSON(size), as: UTF8.self))
        } else {
            let file = folder + "/" + TileFolder.blindIndexName
            Terminal.say(
                "\(file): \(size.quads) quads in \(size.layers) layers, \(size.bytes / 1_000_000) MB".printable)
        }
        return 0
    }
}
