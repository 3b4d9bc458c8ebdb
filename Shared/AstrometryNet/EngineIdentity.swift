internal import Foundation
internal import Hashing

extension SolveField {
    /// Which program with which index files: its bytes, those of its configuration, and the names and sizes of all
    /// files in the folders that it names. Workers whose identities differ may find different places.
    ///
    /// - Throws: `EngineError` where program or configuration cannot be read any more.
    public func identity() throws -> String {
        var parts = ["program " + (try Self.digest(program))]
        let named = configuration ?? Self.usualConfigurations.first { access($0, R_OK) == 0 }
        if let named {
            parts.append("configuration " + (try Self.digest(named)))
            for folder in try Self.indexFolders(named) { parts += Self.files(in: folder) }
        }
        return "solve-field " + SHA256.hex(of: Data(parts.joined(separator: "\n").utf8))
    }

    /// Where the program looks when it is told nothing.
    private static let usualConfigurations = ["/etc/astrometry.cfg", "/usr/local/astrometry/etc/astrometry.cfg"]

    private static func digest(_ path: String) throws -> String {
        do {
            return SHA256.hex(of: try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped))
        } catch {
            throw EngineError("\(path) cannot be read: \(error.localizedDescription)")
        }
    }

    /// `add_path` of an `astrometry.cfg`.
    private static func indexFolders(_ configuration: String) throws -> [String] {
        guard let text = FileManager.default.contents(atPath: configuration) else {
            throw EngineError("\(configuration) cannot be read")
        }
        return String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline).compactMap { line in
            let words = line.split(separator: " ", maxSplits: 1)
            guard words.count == 2, words[0] == "add_path" else { return nil }
            return words[1].trimmingCharacters(in: .whitespaces)
        }
    }

    private static func files(in folder: String) -> [String] {
        guard let walk = FileManager.default.enumerator(atPath: folder) else { return ["no folder \(folder)"] }
        var found: [String] = []
        while let name = walk.nextObject() as? String {
            if let size = walk.fileAttributes?[.size] as? NSNumber { found.append("\(name) \(size)") }
            walk.skipDescendants()
        }
        return found.sorted()
    }
}
