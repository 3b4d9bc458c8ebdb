internal import Foundation

/// Where a demonstration puts its results. What is there already stays as it is.
enum DemoFolder {
    static let usual = "nightjar-demo"

    /// - Parameters:
    ///   - path: what `--out` says; nil takes the usual name, numbered when that is in use.
    ///   - parent: where the usual name lies; the current folder when nil.
    /// - Throws: `UsageError` when the folder given is a file or holds something.
    static func choose(_ path: String?, in parent: URL? = nil) throws -> URL {
        if let path {
            guard isFree(path) else {
                throw UsageError("--out \(path) is there already and not empty; nothing was changed: give a new folder")
            }
            return URL(fileURLWithPath: path).standardizedFileURL
        }
        let parent = parent ?? URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
        var place = parent.appending(path: usual)
        var number = 1
        while !isFree(place.path) {
            number += 1
            place = parent.appending(path: "\(usual)-\(number)")
        }
        return place.standardizedFileURL
    }

    /// Nothing there, or an empty folder.
    private static func isFree(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return true }
        guard isFolder.boolValue else { return false }
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path).isEmpty
        } catch {
            // Somebody's, and not ours to look into.
            return false
        }
    }
}
