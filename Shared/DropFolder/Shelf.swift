public import Foundation

/// Moves files out of the way once they are dealt with. Moves only: nothing a user sent is changed, overwritten or
/// deleted.
public enum Shelf: String, Sendable, Codable {
    case accepted, rejected

    static let names: Set<String> = [Shelf.accepted.rawValue, Shelf.rejected.rawValue]

    /// Moves a file to `accepted/` or `rejected/` of its folder, keeping the folders below; when the place is taken, a
    /// number is put before the extension. A move that was cut short is completed, at the place it had begun with.
    ///
    /// - Parameter note: written to `<place>.reason.json`.
    /// - Returns: where the file is now.
    /// - Throws: `ShelfError`, file system errors; the file is then where it was.
    @discardableResult
    public func take(_ file: DroppedFile, note: Data? = nil) throws -> String {
        let wanted = "\(file.folder.path)/\(rawValue)/\(file.relativePath)"
        let home = (wanted as NSString).deletingLastPathComponent
        do {
            try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        } catch {
            throw ShelfError(path: file.path, reason: "cannot make \(home): \(systemReason(of: error))")
        }
        for number in 0... {
            let place = number == 0 ? wanted : Self.numbered(wanted, number)
            let mine = Self.isSame(file.path, place)
            if !mine, note != nil, access(Self.notePath(place), F_OK) == 0 { continue }
            // link() refuses a name that is taken, rename() would replace it.
            guard mine || link(file.path, place) == 0 else {
                switch errno {
                case EEXIST: continue
                case EPERM, EOPNOTSUPP, EMLINK:
                    // A file system without hard links.
                    if access(place, F_OK) == 0 { continue }
                    if let note { try Self.write(note, beside: place) }
                    guard rename(file.path, place) == 0 else { throw ShelfError(file.path, "move to \(place)") }
                    return place
                default: throw ShelfError(file.path, "move to \(place)")
                }
            }
            if let note { try Self.write(note, beside: place) }
            guard unlink(file.path) == 0 else { throw ShelfError(file.path, "remove the old name") }
            return place
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

    /// Beside the file; a name that would be longer than a file system allows (255 bytes) loses its end.
    static func notePath(_ place: String) -> String {
        let ending = ".reason.json"
        var name = (place as NSString).lastPathComponent
        while name.utf8.count > 255 - ending.utf8.count { name.removeLast() }
        return (place as NSString).deletingLastPathComponent + "/" + name + ending
    }

    /// Whether both names are one file.
    private static func isSame(_ one: String, _ other: String) -> Bool {
        var (first, second) = (stat(), stat())
        guard lstat(one, &first) == 0, lstat(other, &second) == 0 else { return false }
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }

    /// Whole or not at all; a note that is there already stays.
    private static func write(_ note: Data, beside place: String) throws {
        guard access(notePath(place), F_OK) != 0 else { return }
        do {
            try note.write(to: URL(fileURLWithPath: notePath(place)), options: .atomic)
        } catch {
            throw ShelfError(path: place, reason: "cannot write the reason beside it: \(systemReason(of: error))")
        }
    }
}

/// A file that cannot be moved. Names the file, what was tried and what the system said.
public struct ShelfError: Error, Sendable, CustomStringConvertible {
    public let path: String
    public let reason: String

    init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    init(_ path: String, _ action: String) {
        self.path = path
        reason = "cannot \(action): \(String(cString: strerror(errno)))"
    }

    public var description: String { "\(path): \(reason)" }
}

/// What the system said, in its own words; Foundation's errors list their parts in no fixed order.
func systemReason(of error: any Error) -> String {
    let outer = error as NSError
    let inner = outer.userInfo[NSUnderlyingErrorKey] as? NSError ?? outer
    guard inner.domain == NSPOSIXErrorDomain else { return outer.localizedDescription }
    return String(cString: strerror(Int32(inner.code)))
}
