internal import Foundation
internal import Hashing
internal import Pipeline

// The system calls under the store. Whatever the disk refuses is `Unavailable`: never the fault of a frame.
extension FrameStore {
    func unavailable(_ doing: String) -> Unavailable {
        Unavailable("frame store \(root): cannot \(doing): \(String(cString: strerror(errno)))")
    }

    func checkMounted() throws(Unavailable) {
        var status = stat()
        guard stat(root, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw Unavailable("frame store \(root) is not there: is it mounted?")
        }
        guard !isMarked || access(root + "/" + Self.markerName, F_OK) == 0 else {
            throw Unavailable("frame store \(root) has lost its \(Self.markerName): is it mounted?")
        }
    }

    func makeFolder(_ folder: String) throws {
        if access(folder, F_OK) == 0 { return }
        try checkMounted()
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw Unavailable("frame store \(root): cannot make folder \(folder): \(error.localizedDescription)")
        }
    }

    func writeAll(_ bytes: UnsafeRawBufferPointer, to file: Int32, name: String) throws {
        var done = 0
        while done < bytes.count {
            let count = Foundation.write(file, bytes.baseAddress! + done, bytes.count - done)
            if count < 0 {
                if errno == EINTR { continue }
                throw unavailable("write \(name)")
            }
            done += count
        }
    }

    func forEachPiece(of file: Int32, path: String, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { piece.deallocate() }
        while true {
            let count = Foundation.read(file, piece.baseAddress!, piece.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw UnreadableFile(path: path, reason: String(cString: strerror(errno)))
            }
            if count == 0 { return }
            try body(UnsafeRawBufferPointer(rebasing: piece[0..<count]))
        }
    }

    func digest(ofFileAt path: String) throws -> (sha256: String, bytes: Int) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw unavailable("read back \(path)") }
        defer { close(file) }
        return try digest(of: file, path: path)
    }

    func digest(of file: Int32, path: String) throws -> (sha256: String, bytes: Int) {
        var hash = SHA256()
        var bytes = 0
        try forEachPiece(of: file, path: path) {
            hash.update($0)
            bytes += $0.count
        }
        return (hash.finalize(), bytes)
    }

    func synchronise(_ path: String) throws {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw unavailable("open \(path)") }
        defer { close(file) }
        guard fsync(file) == 0 else { throw unavailable("write to disk \(path)") }
    }
}
