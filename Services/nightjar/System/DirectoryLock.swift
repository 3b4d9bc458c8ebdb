import Foundation

/// Holds a data directory for one process, by flock(2) on `nightjar.lock` in it; free again when the process is gone,
/// however it went.
struct DirectoryLock: ~Copyable {
    private let descriptor: Int32

    /// - Throws: `SystemError` that names the holder, or what is wrong with the directory.
    init(_ directory: URL) throws {
        do {
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        } catch {
            throw SystemError("data directory \(directory.path) cannot be created: \(systemWords(error))")
        }
        let file = directory.appending(path: "nightjar.lock").path
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw SystemError("data directory \(directory.path) cannot be used: \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            let holder = Self.content(descriptor)
            close(descriptor)
            throw SystemError(
                code == EWOULDBLOCK
                    ? "data directory \(directory.path) is in use by another nightjar (pid \(holder)); "
                        + "stop that one or give another --data"
                    : "data directory \(directory.path) cannot be locked: \(String(cString: strerror(code)))")
        }
        let mine = "\(getpid())\n"
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, mine, mine.utf8.count, 0) == mine.utf8.count else {
            let reason = String(cString: strerror(errno))
            close(descriptor)
            throw SystemError("data directory \(directory.path) cannot be written: \(reason)")
        }
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    private static func content(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let text = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
