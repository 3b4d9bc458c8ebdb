internal import Foundation
internal import Hashing

/// The files of a catalogue of reference stars in the store, each with its SHA-256: written last, so that a catalogue
/// with a list is whole.
public struct CatalogueFiles: Codable, Sendable, Equatable {
    public struct File: Codable, Sendable, Equatable {
        public let sha256: String
        public let bytes: Int
    }

    public static let listName = "files.json"

    /// By name relative to the catalogue's folder.
    public let files: [String: File]

    public var bytes: Int { files.values.reduce(0) { $0 + $1.bytes } }

    /// Which catalogue this is, to the last bit: SHA-256 over names and digests.
    public var digest: String {
        let lines = files.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.sha256)" }
        return SHA256.hex(of: Data(lines.joined(separator: "\n").utf8))
    }
}

/// What is in the store is not what was put there.
public struct DamagedObject: Error, Sendable, CustomStringConvertible {
    public let url: String
    public var description: String { "\(url) in the frame store is damaged: its SHA-256 is not that of the list" }
}

/// A catalogue of this name is in the store and is another one: what is in the store stays as it is.
public struct CatalogueTaken: Error, Sendable, CustomStringConvertible {
    public let id: String
    public var description: String {
        "the frame store has another catalogue '\(id)'; give this one another id, "
            + "since results name the catalogue they come from"
    }
}

extension FrameStore {
    /// The list of a catalogue's files; nil when the store has no such catalogue.
    ///
    /// - Throws: `Unavailable`; `DamagedObject` for a list that cannot be read.
    public func catalogueFiles(id: String) throws -> CatalogueFiles? {
        let name = StoreNames.catalogue(id: id) + "/" + CatalogueFiles.listName
        do {
            return try JSONDecoder().decode(CatalogueFiles.self, from: read(name))
        } catch is MissingObject {
            return nil
        } catch is DecodingError {
            throw DamagedObject(url: "frames:" + name)
        }
    }

    /// Copies a catalogue's folder into the store; one that is there already is mended where files of it are gone or
    /// damaged, and gets those that it has not had, such as an index that was made later: none is replaced by another.
    ///
    /// - Returns: the list of its files, and how many were written.
    /// - Throws: `CatalogueTaken`, `UnreadableFile`, `ChangedFile`, `Unavailable`.
    @discardableResult
    public func publishCatalogue(folder: String, id: String) throws -> (list: CatalogueFiles, written: Int) {
        let prefix = StoreNames.catalogue(id: id)
        let own = try Self.files(of: folder, digest: digest(ofUserFile:))
        let known = try catalogueFiles(id: id)?.files ?? [:]
        let list = CatalogueFiles(files: known.merging(own) { $1 })
        guard known.allSatisfy({ list.files[$0.key] == $0.value }) else { throw CatalogueTaken(id: id) }
        var written = 0
        for (name, file) in own.sorted(by: { $0.key < $1.key }) {
            if try isWhole(prefix + "/" + name, file) { continue }
            try copy(fileAt: folder + "/" + name, as: prefix + "/" + name, sha256: file.sha256, durable: false)
            written += 1
        }
        // All at once in place of one by one: a catalogue has thousands of tiles.
        if written > 0 { sync() }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try write(prefix + "/" + CatalogueFiles.listName, data: try encoder.encode(list), durable: true)
        return (list, written)
    }

    private func isWhole(_ name: String, _ file: CatalogueFiles.File) throws -> Bool {
        guard try object(name)?.bytes == file.bytes else { return false }
        return SHA256.hex(of: try read(name)) == file.sha256
    }

    private static func files(
        of folder: String, digest: (String) throws -> (sha256: String, bytes: Int)
    ) throws -> [String: CatalogueFiles.File] {
        guard let names = FileManager.default.enumerator(atPath: folder) else {
            throw UnreadableFile(path: folder, reason: "there is no such folder")
        }
        var files: [String: CatalogueFiles.File] = [:]
        for case let name as String in names {
            var isFolder: ObjCBool = false
            let path = folder + "/" + name
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue,
                !name.split(separator: "/").contains(where: { $0.hasPrefix(".") })
            else { continue }
            let facts = try digest(path)
            files[name] = CatalogueFiles.File(sha256: facts.sha256, bytes: facts.bytes)
        }
        return files
    }
}

/// A catalogue of the store on this machine's own disk: each file is fetched once, verified, and kept.
public struct CatalogueCopy: Sendable {
    public let files: CatalogueFiles
    /// Where the files are or will be; another catalogue of the same name has another folder.
    public let folder: String
    private let store: FrameStore
    private let kept: FrameStore
    private let prefix: String

    /// - Parameters:
    ///   - cache: folder for catalogues of any store; made when it is not there.
    ///   - first: names of files to fetch at once, where they are not here or damaged.
    /// - Throws: `MissingObject` when the store has no such catalogue; what `fetch` throws.
    public init(of id: String, in store: FrameStore, cache: String, first: [String]) throws {
        prefix = StoreNames.catalogue(id: id)
        guard let files = try store.catalogueFiles(id: id) else {
            throw MissingObject(url: "frames:" + prefix + "/" + CatalogueFiles.listName)
        }
        self.files = files
        self.store = store
        folder = cache + "/" + FrameStore.step(id) + "-" + files.digest.prefix(16)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        kept = try FrameStore(folder)
        for name in first where try !isWhole(name) { try fetch(name) }
    }

    private func isWhole(_ name: String) throws -> Bool {
        guard try kept.contains(name) else { return false }
        return SHA256.hex(of: try kept.read(name)) == files.files[name]?.sha256
    }

    /// Brings one file from the store, whether it is here or not.
    ///
    /// - Throws: `MissingObject` for one that is not in the store, `DamagedObject`, `Unavailable`.
    public func fetch(_ name: String) throws {
        let url = "frames:" + prefix + "/" + name
        guard let file = files.files[name] else { throw MissingObject(url: url) }
        let bytes = try store.read(prefix + "/" + name)
        guard SHA256.hex(of: bytes) == file.sha256 else { throw DamagedObject(url: url) }
        try kept.write(name, data: bytes)
    }
}
