internal import Foundation
internal import Instruments

/// Instrument documents: files in `<data>/instruments`, which ingest reads again when they change. A removed one keeps
/// its file, under a name that ingest passes over.
struct InstrumentFolder: DocumentShelf {
    private static let removedEnding = ".removed"

    /// One file of the folder.
    struct Entry {
        let file: URL
        let isRemoved: Bool
        /// Nil when it cannot be read as an instrument; then `problem` says why.
        let document: SubmittedDocument?
        let problem: String?
    }

    let kind = DocumentKind.instrument
    let data: DataFolder

    init(_ data: DataFolder) {
        self.data = data
    }

    /// Every document in the folder, in order of file name; empty when there is no folder.
    func entries(removed: Bool = false) -> [Entry] {
        let ending = ".json" + (removed ? Self.removedEnding : "")
        let folder = data.instruments.path
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(ending), !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted().map { entry(data.instruments.appending(path: $0), isRemoved: removed) }
    }

    private func entry(_ file: URL, isRemoved: Bool) -> Entry {
        do {
            let document = try SubmittedDocument(.instrument, path: file.path)
            return Entry(file: file, isRemoved: isRemoved, document: document, problem: nil)
        } catch {
            return Entry(file: file, isRemoved: isRemoved, document: nil, problem: "\(error)")
        }
    }

    private func entry(_ id: String) -> Entry? {
        (entries() + entries(removed: true)).first { $0.document?.id == id }
    }

    func stored(_ id: String) throws -> StoredDocument? {
        entry(id).flatMap { entry in
            entry.document.map { StoredDocument(document: $0, isRemoved: entry.isRemoved) }
        }
    }

    func all() throws -> [SubmittedDocument] {
        entries().compactMap(\.document).sorted { $0.id < $1.id }
    }

    /// The author's own bytes, comments and all. The id has been checked: it names a file in this folder and no other.
    func store(_ document: SubmittedDocument, restoring: Bool) throws {
        try data.make()
        let before = entry(document.id)
        let own = data.instruments.appending(path: "\(document.id).json")
        let place = before.flatMap { $0.isRemoved ? nil : $0.file } ?? own
        if before == nil, FileManager.default.fileExists(atPath: place.path) {
            throw SystemError(
                "\(place.path) is there and is not instrument '\(document.id)'; move it away and add again")
        }
        try document.bytes.write(to: place, options: .atomic)
        if let before, before.isRemoved { try FileManager.default.removeItem(at: before.file) }
    }

    func remove(_ id: String) throws {
        guard let entry = entries().first(where: { $0.document?.id == id }) else { return }
        guard rename(entry.file.path, entry.file.path + Self.removedEnding) == 0 else {
            throw SystemError("\(entry.file.path) cannot be renamed: \(String(cString: strerror(errno)))")
        }
    }

    func objections(to documents: [SubmittedDocument]) -> [String] { [] }

    func together(_ body: () throws -> Void) throws { try body() }
}
