public import Foundation

/// A folder of the real data beside the checkout, or nil, with one line that says so, where there is none.
///
/// - Parameter source: `#filePath` of a test, three levels below the project's root.
public func sharedFolder(_ name: String, source: String = #filePath) -> URL? {
    let root = URL(filePath: source).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let named = ProcessInfo.processInfo.environment["NIGHTJAR_SHARED"].map { URL(filePath: $0) }
    let shared = named ?? root.deletingLastPathComponent().appending(path: "shared")
    for folder in [shared.appending(path: name), shared.appending(path: "data/\(name)")]
    where FileManager.default.fileExists(atPath: folder.path) {
        return folder
    }
    print("skipped: no \(name) beside the checkout (NIGHTJAR_SHARED may name its folder)")
    return nil
}
