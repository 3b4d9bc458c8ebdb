internal import Foundation

/// One folder that files are dropped into.
public struct WatchedFolder: Sendable, Equatable {
    public let path: String
    /// What the service calls the folder, such as the instrument whose frames come there.
    public let label: String

    public init(path: String, label: String) {
        self.path = path
        self.label = label
    }
}

/// A file as it was when it was looked at.
public struct FileState: Sendable, Equatable {
    public let bytes: Int
    /// Nanoseconds of its last change.
    public let changed: Int

    /// - Returns: `nil` when there is no regular file of this name.
    public init?(of path: String) {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        self.init(status)
    }

    init(_ status: stat) {
        bytes = Int(status.st_size)
        changed = status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
    }
}

/// A file in a watched folder.
public struct DroppedFile: Sendable, Equatable {
    public let folder: WatchedFolder
    /// Below the folder: `2025-01-01/light 1.fits`
    public let relativePath: String
    public let state: FileState

    public init(folder: WatchedFolder, relativePath: String, state: FileState) {
        self.folder = folder
        self.relativePath = relativePath
        self.state = state
    }

    public var path: String { folder.path + "/" + relativePath }
    public var name: String { (relativePath as NSString).lastPathComponent }
}

/// Looks into the folders and says which files have stopped changing. Remembers only what it saw: it writes nothing.
public struct FolderWatch {
    public let folders: [WatchedFolder]
    private let wants: (_ name: String) -> Bool
    private var seen: [String: (state: FileState, since: Double)] = [:]

    /// - Parameter wants: whether a file of this name is meant.
    public init(folders: [WatchedFolder], wants: @escaping (_ name: String) -> Bool) {
        self.folders = folders
        self.wants = wants
    }

    /// What one look found.
    public struct Look {
        /// Files that have not changed for a while, with the seconds they have been still, in order of path.
        public var still: [(file: DroppedFile, seconds: Double)] = []
        /// Files whose names are not wanted: left alone.
        public var ignored: [String] = []
        /// Folders and files that cannot be read, with the reason.
        public var unreadable: [(path: String, reason: String)] = []
        /// All there is but folders that can be read: files that are wanted, also those still being written, and the
        /// above.
        public var paths: Set<String> = []
    }

    /// Makes the folders that are missing.
    public func makeFolders() throws {
        for folder in folders where access(folder.path, F_OK) != 0 {
            try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        }
    }

    /// Makes the folders that are missing; one that cannot be made does not keep the others from being made.
    ///
    /// - Returns: those that could not, with the reason.
    public func makeMissingFolders() -> [(path: String, reason: String)] {
        folders.filter { access($0.path, F_OK) != 0 }.compactMap { folder in
            do {
                try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
                return nil
            } catch {
                return (folder.path, systemReason(of: error))
            }
        }
    }

    /// - Parameters:
    ///   - now: monotonic seconds.
    ///   - settleSeconds: how long a file must be still.
    public mutating func look(now: Double, settleSeconds: Double) -> Look {
        var look = Look()
        var files = [DroppedFile]()
        for folder in folders {
            list(folder, below: "", into: &files, look: &look)
        }
        var seenNow: [String: (state: FileState, since: Double)] = [:]
        for file in files {
            let since = seen[file.path].flatMap { $0.state == file.state ? $0.since : nil } ?? now
            seenNow[file.path] = (file.state, since)
            if now - since >= settleSeconds { look.still.append((file, now - since)) }
        }
        seen = seenNow
        look.paths = Set(files.map(\.path) + look.ignored + look.unreadable.map(\.path))
        look.still.sort { $0.file.path < $1.file.path }
        return look
    }

    private func list(
        _ folder: WatchedFolder, below relative: String, into files: inout [DroppedFile], look: inout Look
    ) {
        let path = relative.isEmpty ? folder.path : folder.path + "/" + relative
        guard let stream = opendir(path) else {
            look.unreadable.append((path, String(cString: strerror(errno))))
            return
        }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let bytes = withUnsafeBytes(of: entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            let name = String(decoding: bytes, as: UTF8.self)
            if name == "." || name == ".." || (relative.isEmpty && Shelf.names.contains(name)) { continue }
            let below = relative.isEmpty ? name : relative + "/" + name
            // Programs that copy give unfinished files such names.
            if name.hasPrefix(".") {
                if wants(name) { look.unreadable.append((folder.path + "/" + below, "its name begins with a dot")) }
                continue
            }
            guard Array(name.utf8) == bytes else {
                look.unreadable.append((folder.path + "/" + below, "its name is not UTF-8"))
                continue
            }
            var status = stat()
            guard lstat(folder.path + "/" + below, &status) == 0 else { continue }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: list(folder, below: below, into: &files, look: &look)
            case S_IFREG where wants(name):
                files.append(DroppedFile(folder: folder, relativePath: below, state: FileState(status)))
            case S_IFLNK where wants(name):
                look.unreadable.append((folder.path + "/" + below, "it is a symbolic link, and links are not followed"))
            case let kind where kind != S_IFREG && wants(name):
                look.unreadable.append((folder.path + "/" + below, "it is neither a file nor a folder"))
            default: look.ignored.append(folder.path + "/" + below)
            }
        }
    }
}
