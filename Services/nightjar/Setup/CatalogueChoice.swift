internal import CatalogueTiles
internal import Foundation
internal import FrameStore

/// `--catalog`: which reference catalogue the services use.
struct CatalogueChoice {
    private enum Place {
        case folder(String)
        case stored(String)
    }

    private let place: Place

    /// - Parameters:
    ///   - text: a folder, or the id of a catalogue that the frame store has.
    ///   - mayBeStored: whether there is a frame store that may have it already.
    /// - Throws: `CatalogueError` for a folder that holds none; `UsageError`.
    init(_ text: String, mayBeStored: Bool) throws {
        guard !text.isEmpty else { throw UsageError("--catalog is empty: give a folder of nightjar catalog build") }
        if text.contains("/") || FileManager.default.fileExists(atPath: text) {
            let path = URL(fileURLWithPath: text).standardizedFileURL.path
            _ = try TileFolder(path)
            place = .folder(path)
        } else {
            guard mayBeStored else { throw UsageError("--catalog \(text): there is no such folder") }
            place = .stored(text)
        }
    }

    /// Settings for services that share this machine's disk.
    var local: [String: String] {
        switch place {
        case .folder(let path): ["NIGHTJAR_CATALOG": path]
        case .stored(let id): ["NIGHTJAR_CATALOG": id]
        }
    }

    /// Settings for services anywhere: a folder is published in their frame store.
    func published(in store: String, data: DataFolder, _ report: (String) -> Void) throws -> [String: String] {
        let cache = ["NIGHTJAR_CATALOG_CACHE": data.root.appending(path: "tiles").path]
        if case .stored(let id) = place, try FrameStore(store).catalogueFiles(id: id) == nil {
            throw UsageError(
                "--catalog \(id): there is neither such a folder nor such a catalogue in the frame store \(store)")
        }
        guard case .folder(let path) = place else { return local.merging(cache) { $1 } }
        let summary = try CataloguePublishing.publish(path, in: store)
        report("catalogue \(summary.catalogue): \(summary.stars) stars, \(summary.written) files new in the store")
        return ["NIGHTJAR_CATALOG": summary.catalogue].merging(cache) { $1 }
    }
}
