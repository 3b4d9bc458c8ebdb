internal import Foundation

/// Where a demonstration puts its results. What is there already stays as it is.
enum DemoFolder {
    static let usual = "nightjar-demo"

    /// - Parameter path: what `--out` says; nil takes the usual name, numbered when that is in use.
    /// - Throws: `UsageError` when the folder given is a file or holds something.
    static func choose(_ path: String?) throws -> URL {
        if let path {
            guard isFree(path) else {
                throw UsageError("--out \(path) is there already and not empty; nothing was changed: give a new folder")
            }
            return URL(fileURLWithPath: path).standardizedFileURL
        }
        var name = usual
        var number = 1
        while !isFree(name) {
            number += 1
            name = "\(usual)-\(number)"
        }
        return URL(fileURLWithPath: name).standardizedFileURL
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
