internal import Foundation

extension TileFolder {
    func bytes(_ name: String, most: Int, first: Int = .max) throws(CatalogueError) -> Data? {
        try Self.bytes(of: path + "/" + name, most: most, first: first)
    }

    /// The bytes of a file of a catalogue, in memory; nil where there is none.
    ///
    /// Read, never mapped: where somebody cuts a mapped file short, or writes it anew in its place, its reader is ended
    /// by a signal. Bytes that change while they are read have a wrong checksum.
    /// - Parameters:
    ///   - most: what such a file may have; of a longer one nothing is read.
    ///   - first: only so many bytes from its beginning, however long it is.
    static func bytes(of file: String, most: Int, first: Int = .max) throws(CatalogueError) -> Data? {
        // Without waiting for the other end of what is no file.
        let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw CatalogueError(file: file, reason: "it cannot be read: \(systemWords())")
        }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else {
            throw CatalogueError(file: file, reason: "it cannot be read: \(systemWords())")
        }
        guard facts.st_mode & S_IFMT == S_IFREG else {
            let isFolder = facts.st_mode & S_IFMT == S_IFDIR
            throw CatalogueError(file: file, reason: isFolder ? "it is a directory" : "it is no regular file")
        }
        guard facts.st_size <= most || first < .max else {
            throw CatalogueError(
                file: file,
                reason: "it has \(facts.st_size) bytes, and should have \(most) at most: it is damaged, or of another "
                    + "catalogue or of another place")
        }
        return try bytes(descriptor, count: min(Int(facts.st_size), first), file: file)
    }

    private static func bytes(_ descriptor: Int32, count: Int, file: String) throws(CatalogueError) -> Data {
        guard let memory = malloc(max(1, count)) else {
            throw CatalogueError(file: file, reason: "there is no memory for its \(count) bytes")
        }
        var done = 0
        while done < count {
            let read = pread(descriptor, memory + done, count - done, off_t(done))
            if read < 0, errno == EINTR { continue }
            guard read >= 0 else {
                let words = systemWords()
                free(memory)
                throw CatalogueError(file: file, reason: "it cannot be read: \(words)")
            }
            // Cut short meanwhile.
            if read == 0 { break }
            done += read
        }
        return Data(bytesNoCopy: memory, count: done, deallocator: .free)
    }

    private static func systemWords() -> String { String(cString: strerror(errno)) }
}
