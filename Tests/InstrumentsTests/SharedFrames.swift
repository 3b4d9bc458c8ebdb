import Foundation

/// The root of the checkout, and the development data beside it.
enum Places {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// `NIGHTJAR_SHARED`, else `../shared` beside the checkout; nothing where there are no such data.
    static let shared: URL? = {
        let candidates = [
            ProcessInfo.processInfo.environment["NIGHTJAR_SHARED"].map { URL(filePath: $0) },
            root.deletingLastPathComponent().appending(path: "shared"),
        ]
        return candidates.compactMap { $0 }.first {
            FileManager.default.fileExists(atPath: $0.appending(path: "data").path)
        }
    }()

    static func json(in folder: URL) throws -> [URL] {
        guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "json" }.sorted { $0.path < $1.path }
    }
}
