internal import Foundation

/// An object as the disk has it.
public struct StoredObject: Sendable, Equatable {
    public let name: String
    public let bytes: Int
    /// When it was written, by the disk's clock [s since 1970].
    public let written: Double
}

// For what can be computed again: everything else in the store is kept for ever.
extension FrameStore {
    /// The objects directly in a folder with sizes and times, by name; what goes away meanwhile is left out.
    public func objects(in folder: String) throws -> [StoredObject] {
        try list(folder).compactMap { try object($0) }
    }

    /// One object; nil where there is none.
    public func object(_ name: String) throws -> StoredObject? {
        var status = stat()
        guard stat(try path(of: "frames:" + name), &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        let written = Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) * 1e-9
        return StoredObject(name: name, bytes: Int(status.st_size), written: written)
    }

    /// Takes an object away; one that is not there any more is no error. Readers that have it open keep it.
    public func remove(_ name: String) throws {
        guard unlink(try path(of: "frames:" + name)) != 0, errno != ENOENT else { return }
        throw unavailable("remove \(name)")
    }
}
