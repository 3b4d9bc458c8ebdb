internal import DropFolder
internal import ForeignPhotometry
internal import Foundation
internal import Hashing

/// A file's bytes with their digest, read while the file did not change.
struct PhotometryFile {
    /// Longer files are refused [bytes].
    static let mostBytes = 100_000_000

    let sha256: String
    /// `nil` for a file that is too long.
    let content: ForeignPhotometryFile?

    /// - Throws: `ChangedFile`, file system errors.
    init(reading file: DroppedFile) throws {
        guard file.state.bytes <= Self.mostBytes else {
            sha256 = try Self.digest(file.path)
            content = nil
            return
        }
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file.path))
        guard FileState(of: file.path) == file.state, bytes.count == file.state.bytes else {
            throw ChangedFile(path: file.path)
        }
        sha256 = SHA256.hex(of: bytes)
        content = ForeignPhotometryFile(reading: bytes)
    }

    private static func digest(_ path: String) throws -> String {
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        var digest = SHA256()
        while let piece = try handle.read(upToCount: 1 << 20), !piece.isEmpty {
            piece.withUnsafeBytes { digest.update($0) }
        }
        try handle.close()
        return digest.finalize()
    }
}

/// It is looked at again once it has settled.
struct ChangedFile: Error, CustomStringConvertible {
    let path: String
    var description: String { "\(path): changed while it was read" }
}
