internal import CatalogueTables
internal import DropFolder
internal import ForeignPhotometry
internal import Foundation
internal import Hashing
internal import ReferenceCatalogue

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
        let content = Self.content(bytes, file.path)
        guard FileState(of: file.path) == file.state, bytes.count == file.state.bytes else {
            throw ChangedFile(path: file.path)
        }
        sha256 = SHA256.hex(of: bytes)
        self.content = content
    }

    /// Text by what it holds; VOTables and FITS tables by the ending of their name.
    private static func content(_ bytes: Data, _ path: String) -> ForeignPhotometryFile {
        let name = path.lowercased()
        let isFITS = PhotometryName.fits.contains { name.hasSuffix($0) }
        guard isFITS || PhotometryName.votables.contains(where: { name.hasSuffix($0) }) else {
            return ForeignPhotometryFile(reading: bytes)
        }
        let format: ForeignPhotometryFile.Format = isFITS ? .fits : .votable
        do {
            var rows: [[String]] = []
            let names: [String]
            if isFITS {
                var table = try FITSRows(path, columns: nil)
                names = table.names
                while let row = try table.next() { rows.append(row.map { $0.text ?? "" }) }
            } else {
                var table = try VOTableRows(path, columns: nil)
                names = table.names
                while let row = try table.next() { rows.append(row.map { $0.text ?? "" }) }
            }
            return ForeignPhotometryFile(format: format, headings: names, rows: rows)
        } catch {
            return ForeignPhotometryFile(format: format, unreadable: error.reason)
        }
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
