public import Events
public import FITS
public import Foundation
internal import Hashing
public import Pipeline

/// An object that ought to be in the store is not.
public struct MissingObject: Error, Sendable, CustomStringConvertible {
    public let url: String
    public var description: String { "\(url) is not in the frame store" }
}

/// Pixels, bulk tables and all a worker must know, as immutable objects in a folder that every worker mounts where it
/// likes.
///
/// An object's name is a relative path of letters, digits and `-_.+/`; its URL is `frames:` + name. Objects are written
/// under a temporary name and renamed, so a reader sees all of an object or nothing; writing the same object again
/// replaces it by the same bytes.
public struct FrameStore: Sendable {
    /// The folder, without a slash at the end.
    public let root: String
    /// Whether it had its marker when it was opened: from then on a folder without one is a mount that is away.
    let isMarked: Bool

    /// - Parameter location: `file:///path` or a path. The folder must exist: a missing one is a mount that is away.
    public init(_ location: String) throws(Unavailable) {
        var path = location
        if path.hasPrefix("file://") { path.removeFirst("file://".count) }
        while path.count > 1 && path.hasSuffix("/") { path.removeLast() }
        root = path
        guard path.hasPrefix("/") else {
            throw Unavailable("frame store '\(location)': give an absolute path or file:///path")
        }
        isMarked = access(path + "/" + Self.markerName, F_OK) == 0
        try checkMounted()
    }

    // MARK: Names

    /// Where an object lies on this host.
    public func path(of url: String) throws -> String {
        guard url.hasPrefix("frames:") else { throw MissingObject(url: url) }
        return try path(ofName: String(url.dropFirst("frames:".count)))
    }

    private func path(ofName name: String) throws -> String {
        let allowed = name.unicodeScalars.allSatisfy { scalar in
            scalar.isASCII
                && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                    || "-_.+/".unicodeScalars.contains(scalar))
        }
        let steps = name.split(separator: "/", omittingEmptySubsequences: false)
        guard allowed, !steps.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) else {
            throw MissingObject(url: "frames:" + name)
        }
        return root + "/" + name
    }

    /// Any text as one step of a name: what is not a letter, digit or `-_.` becomes `+` and its hexadecimal code.
    public static func step(_ text: String) -> String {
        let step = text.utf8.map { byte -> String in
            let scalar = UnicodeScalar(byte)
            let plain =
                byte < 128 && (scalar.properties.isAlphabetic || (48...57).contains(byte) || byte == 45 || byte == 95)
            return plain ? String(scalar) : "+" + String(byte, radix: 16)
        }
        return step.isEmpty ? "+" : step.joined()
    }

    // MARK: Writing

    /// Writes one object through `body`, which is given a temporary path to fill.
    ///
    /// - Parameter durable: whether the bytes are on the disk, not only in its cache, when this returns.
    @discardableResult
    public func write(_ name: String, durable: Bool = false, body: (_ temporaryPath: String) throws -> Void) throws
        -> StoredFile
    {
        let final = try path(ofName: name)
        let folder = (final as NSString).deletingLastPathComponent
        try makeFolder(folder)
        let temporary = folder + "/.writing-\(getpid())-\(UUID().uuidString)"
        do {
            try body(temporary)
            let facts = try digest(ofFileAt: temporary)
            if durable { try synchronise(temporary) }
            guard rename(temporary, final) == 0 else { throw unavailable("rename \(name)") }
            if durable { try synchronise(folder) }
            return StoredFile(url: "frames:" + name, sha256: facts.sha256, bytes: facts.bytes)
        } catch {
            unlink(temporary)
            if let disk = error as? FITSError, disk.isEnvironmental {
                throw Unavailable("frame store \(root): \(disk)")
            }
            throw error
        }
    }

    @discardableResult
    public func write(_ name: String, data: Data, durable: Bool = false) throws -> StoredFile {
        try write(name, durable: durable) { path in
            let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
            guard file >= 0 else { throw unavailable("create \(name)") }
            defer { close(file) }
            try data.withUnsafeBytes { bytes in try writeAll(bytes, to: file, name: name) }
        }
    }

    /// Copies a user's file into the store.
    ///
    /// - Parameter sha256: what the file's bytes had a moment ago.
    /// - Throws: `ChangedFile` when they have not any more, `UnreadableFile`, `Unavailable`.
    @discardableResult
    public func copy(fileAt source: String, as name: String, sha256: String, durable: Bool = true) throws -> StoredFile
    {
        try write(name, durable: durable) { path in
            let input = open(source, O_RDONLY | O_CLOEXEC)
            guard input >= 0 else { throw UnreadableFile(path: source, reason: String(cString: strerror(errno))) }
            defer { close(input) }
            let output = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
            guard output >= 0 else { throw unavailable("create \(name)") }
            defer { close(output) }
            var hash = SHA256()
            try forEachPiece(of: input, path: source) {
                hash.update($0)
                try writeAll($0, to: output, name: name)
            }
            guard hash.finalize() == sha256 else { throw ChangedFile(path: source) }
        }
    }

    /// SHA-256 and size of a user's file.
    public func digest(ofUserFile path: String) throws -> (sha256: String, bytes: Int) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw UnreadableFile(path: path, reason: String(cString: strerror(errno))) }
        defer { close(file) }
        return try digest(of: file, path: path)
    }

    // MARK: Reading

    /// - Throws: `Unavailable` where the store cannot tell: it is away, or does not let us look.
    public func contains(_ name: String) throws -> Bool {
        var status = stat()
        if stat(try path(ofName: name), &status) == 0 { return true }
        guard errno == ENOENT || errno == ENOTDIR else { throw unavailable("look for \(name)") }
        try checkMounted()
        return false
    }

    /// - Throws: `MissingObject`; `Unavailable` where the object is there and cannot be read, or the store is away.
    public func read(_ name: String) throws -> Data {
        let file = open(try path(ofName: name), O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            guard errno == ENOENT || errno == ENOTDIR else { throw unavailable("read \(name)") }
            try checkMounted()
            throw MissingObject(url: "frames:" + name)
        }
        defer { close(file) }
        var data = Data()
        do {
            try forEachPiece(of: file, path: name) { data.append(contentsOf: $0) }
        } catch let error as UnreadableFile {
            throw Unavailable("frame store \(root): cannot read \(name): \(error.reason)")
        }
        return data
    }

    /// Opens an object that is FITS.
    ///
    /// - Throws: `MissingObject`; `Unavailable` where the store is away; `FITSError` for what is not FITS.
    public func openFITS(_ url: String) throws -> FITSFile {
        let path = try path(of: url)
        do {
            return try FITSFile(reading: path)
        } catch {
            guard error.isEnvironmental else { throw error }
            try checkMounted()
            if access(path, F_OK) != 0 { throw MissingObject(url: url) }
            throw Unavailable("frame store \(root): \(error)")
        }
    }

    /// Names of the objects directly in a folder of the store, sorted; empty when there is no such folder.
    public func list(_ folder: String) throws -> [String] {
        let path = try path(ofName: folder)
        guard let stream = opendir(path) else {
            if errno == ENOENT || errno == ENOTDIR {
                try checkMounted()
                return []
            }
            throw unavailable("list \(folder)")
        }
        defer { closedir(stream) }
        var names = [String]()
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(folder + "/" + name) }
        }
        return names.sorted()
    }

    /// When something was last added to a folder of the store; nil when there is no such folder.
    public func lastChange(of folder: String) throws -> Double? {
        var status = stat()
        guard stat(try path(ofName: folder), &status) == 0 else { return nil }
        return Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) * 1e-9
    }
}

/// A user's file that changed while it was being read.
public struct ChangedFile: Error, Sendable, CustomStringConvertible {
    public let path: String

    public init(path: String) {
        self.path = path
    }

    public var description: String { "\(path) changed while it was being read" }
}

/// A user's file that cannot be read with the rights this process has.
public struct UnreadableFile: Error, Sendable, CustomStringConvertible {
    public let path: String
    public let reason: String
    public var description: String { "\(path): \(reason)" }
}
