internal import Foundation

/// Moves files out of the way once they are dealt with. Moves only: nothing a user sent is changed, overwritten or deleted.
enum Shelf {
    /// Moves a file to `accepted/` or `rejected/` of its folder, keeping the folders below; when the place is taken, a number
    /// is put before the extension.
    ///
    /// - Returns: where the file is now.
    static func move(_ file: DroppedFile, to shelf: String) throws -> String {
        let wanted = "\(file.folder.path)/\(shelf)/\(file.relativePath)"
        try FileManager.default.createDirectory(
            atPath: (wanted as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        for number in 0... {
            let place = number == 0 ? wanted : numbered(wanted, number)
            // link() refuses a name that is taken, rename() would replace it.
            if link(file.path, place) == 0 {
                guard unlink(file.path) == 0 else { throw ShelfError(path: file.path, action: "remove the old name") }
                return place
            }
            switch errno {
            case EEXIST: continue
            case EPERM, EOPNOTSUPP, EMLINK:
                // A file system without hard links.
                if access(place, F_OK) == 0 { continue }
                guard rename(file.path, place) == 0 else { throw ShelfError(path: file.path, action: "move to \(place)") }
                return place
            default: throw ShelfError(path: file.path, action: "move to \(place)")
            }
        }
        preconditionFailure("there is always another number")
    }

    /// `a/light.fits.gz`, 2 -> `a/light~2.fits.gz`
    static func numbered(_ path: String, _ number: Int) -> String {
        let folder = (path as NSString).deletingLastPathComponent
        let name = (path as NSString).lastPathComponent
        let split = name.firstIndex(of: ".") ?? name.endIndex
        return "\(folder)/\(name[..<split])~\(number)\(name[split...])"
    }
}

struct ShelfError: Error, CustomStringConvertible {
    let path: String
    let reason: String

    init(path: String, action: String) {
        self.path = path
        reason = "cannot \(action): \(String(cString: strerror(errno)))"
    }

    var description: String { "\(path): \(reason)" }
}
