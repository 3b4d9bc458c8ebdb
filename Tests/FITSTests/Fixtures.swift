import Foundation
import Imaging

/// A folder that is removed when the test ends.
final class TemporaryFolder {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "nightjar-fits-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: path) } catch { print("left behind: \(path)") }
    }

    func file(_ name: String) -> String { path + "/" + name }

    func write(_ bytes: [UInt8], as name: String) throws -> String {
        try Data(bytes).write(to: URL(filePath: file(name)))
        return file(name)
    }
}

func bytes(of path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: path)))
}

/// A FITS file from its cards, written here byte by byte, so that reading is tested without our own writer.
func handMadeFITS(_ cards: [String], data: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    for card in cards + ["END"] {
        let text = Array(card.utf8.prefix(80))
        bytes += text + [UInt8](repeating: 0x20, count: 80 - text.count)
    }
    bytes += [UInt8](repeating: 0x20, count: (2880 - bytes.count % 2880) % 2880)
    bytes += data
    return bytes + [UInt8](repeating: 0, count: (2880 - bytes.count % 2880) % 2880)
}

func bigEndian<Number: FixedWidthInteger>(_ numbers: [Number]) -> [UInt8] {
    numbers.flatMap { number in withUnsafeBytes(of: number.bigEndian) { [UInt8]($0) } }
}

/// The folder of real data beside the checkout, or nil where there is none.
func sharedFolder(_ name: String) -> URL? {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    let named = ProcessInfo.processInfo.environment["NIGHTJAR_SHARED"].map { URL(filePath: $0) }
    let shared = named ?? root.deletingLastPathComponent().appending(path: "shared")
    for folder in [shared.appending(path: name), shared.appending(path: "data/\(name)")]
    where FileManager.default.fileExists(atPath: folder.path) {
        return folder
    }
    print("skipped: no \(name) beside the checkout (NIGHTJAR_SHARED may name its folder)")
    return nil
}
