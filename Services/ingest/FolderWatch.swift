internal import Foundation

/// One folder that frames of one instrument are dropped into.
struct WatchedFolder: Equatable {
    let path: String
    let instrument: String
}

/// A file as it was when it was looked at.
struct FileState: Equatable {
    let bytes: Int
    /// Nanoseconds of its last change.
    let changed: Int
}

/// A file in a watched folder.
struct DroppedFile: Equatable {
    let folder: WatchedFolder
    /// Below the folder: `2025-01-01/light 1.fits`
    let relativePath: String
    let state: FileState

    var path: String { folder.path + "/" + relativePath }
    var name: String { (relativePath as NSString).lastPathComponent }
}

/// Looks into the folders and says which files have stopped changing. Remembers only what it saw: it writes nothing.
struct FolderWatch {
    static let accepted = "accepted"
    static let rejected = "rejected"

    let folders: [WatchedFolder]
    private var seen: [String: (state: FileState, since: Double)] = [:]

    init(folders: [WatchedFolder]) {
        self.folders = folders
    }

    /// What one look found.
    struct Look {
        /// Files that have not changed for a while, with the seconds they have been still, in order of path.
        var still: [(file: DroppedFile, seconds: Double)] = []
        /// Files whose names do not say FITS: left alone.
        var ignored: [String] = []
        /// Folders that cannot be read, with the reason.
        var unreadable: [(path: String, reason: String)] = []
    }

    /// - Parameters:
    ///   - now: monotonic seconds.
    ///   - settleSeconds: how long a file must be still.
    mutating func look(now: Double, settleSeconds: Double) -> Look {
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
        look.still.sort { $0.file.path < $1.file.path }
        return look
    }

    private func list(_ folder: WatchedFolder, below relative: String, into files: inout [DroppedFile], look: inout Look) {
        let path = relative.isEmpty ? folder.path : folder.path + "/" + relative
        guard let stream = opendir(path) else {
            look.unreadable.append((path, String(cString: strerror(errno))))
            return
        }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasPrefix(".") || (relative.isEmpty && (name == Self.accepted || name == Self.rejected)) { continue }
            let below = relative.isEmpty ? name : relative + "/" + name
            var status = stat()
            guard lstat(folder.path + "/" + below, &status) == 0 else { continue }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: list(folder, below: below, into: &files, look: &look)
            case S_IFREG where Self.isFITSName(name):
                let changed = status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
                files.append(DroppedFile(folder: folder, relativePath: below, state: FileState(bytes: Int(status.st_size), changed: changed)))
            default: look.ignored.append(folder.path + "/" + below)
            }
        }
    }

    /// `.fits`, `.fit`, `.fts` in any case, plain, gzipped (`.gz`) or tile-compressed (`.fz`).
    static func isFITSName(_ name: String) -> Bool {
        var name = name.lowercased()
        for packed in [".gz", ".fz"] where name.hasSuffix(packed) { name.removeLast(packed.count) }
        return [".fits", ".fit", ".fts"].contains { name.hasSuffix($0) && name.count > $0.count }
    }
}
