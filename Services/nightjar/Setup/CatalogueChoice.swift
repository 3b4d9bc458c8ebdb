internal import CatalogueTiles
internal import Foundation

/// `--catalog`: which reference catalogue the services use.
struct CatalogueChoice {
    private enum Place {
        case folder(String)
        case stored(String)
    }

    private let place: Place

    /// - Parameter text: a folder, or the id of a catalogue that the frame store has.
    /// - Throws: `CatalogueError` for a folder that holds none.
    init(_ text: String) throws {
        if text.contains("/") || FileManager.default.fileExists(atPath: text) {
            let path = URL(fileURLWithPath: text).standardizedFileURL.path
            _ = try TileFolder(path)
            place = .folder(path)
        } else {
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
        guard case .folder(let path) = place else { return local.merging(cache) { $1 } }
        let summary = try CataloguePublishing.publish(path, in: store)
        report("catalogue \(summary.catalogue): \(summary.stars) stars, \(summary.written) files new in the store")
        return ["NIGHTJAR_CATALOG": summary.catalogue].merging(cache) { $1 }
    }
}
