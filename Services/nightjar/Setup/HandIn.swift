internal import FITS
internal import Foundation
internal import Imaging
internal import Instruments

/// Hands copies of users' files to ingest. The files themselves are only read.
struct HandIn {
    let data: DataFolder
    private(set) var count = 0

    init(data: DataFolder) {
        self.data = data
    }

    /// The files that paths name: files as they are, folders with all below them that is called FITS, in order of name.
    static func files(_ paths: [String]) throws -> [URL] {
        try paths.flatMap { path -> [URL] in
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
                throw UsageError("\(path): there is no such file or folder")
            }
            guard isFolder.boolValue else { return [URL(fileURLWithPath: path)] }
            guard let walk = FileManager.default.enumerator(atPath: path) else {
                throw UsageError("\(path): this folder cannot be read")
            }
            let names = walk.compactMap { $0 as? String }.filter(isFITSName).sorted()
            return names.map { URL(fileURLWithPath: path).appending(path: $0) }
        }
    }

    static func isFITSName(_ name: String) -> Bool {
        var name = name.lowercased()
        for packed in [".gz", ".fz"] where name.hasSuffix(packed) { name.removeLast(packed.count) }
        return [".fits", ".fit", ".fts"].contains { name.hasSuffix($0) }
    }

    /// Puts one copy into an instrument's inbox. Ingest takes them in the order in which they are handed in.
    mutating func hand(_ file: URL, to instrument: String) throws {
        count += 1
        let folder = data.inbox.appending(path: instrument).appending(path: String(format: "%06d", count))
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let partial = folder.appending(path: ".partial")
        try FileManager.default.copyItem(at: file.resolvingSymlinksInPath(), to: partial)
        try FileManager.default.moveItem(at: partial, to: folder.appending(path: file.lastPathComponent))
    }
}

/// What a file probably is, before it is handed in: only to choose instrument and order. Ingest judges.
struct FileGuess {
    let file: URL
    let instrument: String
    let kind: Instruments.FrameKind?

    /// - Throws: `UsageError` when no document, or more than one, fits a readable file.
    init(_ file: URL, among documents: [InstrumentDocument]) throws {
        self.file = file
        let header = (fits: Self.header(of: file), name: file.lastPathComponent)
        var document = documents[0]
        if documents.count > 1, let found = header.fits {
            let matching = instruments(matching: found.header, fileName: header.name, among: documents)
            guard let only = matching.first, matching.count == 1 else {
                let names = (matching.isEmpty ? documents : matching).map(\.id).joined(separator: ", ")
                throw UsageError(
                    "\(file.path): \(matching.isEmpty ? "none" : "more than one") of the instruments \(names) fits; "
                        + "give their documents 'match' patterns")
            }
            document = only
        }
        instrument = document.id
        kind = header.fits.flatMap { found in
            do {
                return try normalise(
                    header: found.header, width: found.width, height: found.height, fileName: header.name,
                    instrument: document
                ).kind
            } catch {
                return nil
            }
        }
    }

    private static func header(of file: URL) -> FITSImageHeader? {
        do {
            var fits = try FITSFile(reading: file.path)
            let shape = try fits.moveToFirstImage()
            return FITSImageHeader(header: try fits.readHeader(of: shape), width: shape.width, height: shape.height)
        } catch {
            // Not readable as FITS: ingest refuses it with its reason.
            return nil
        }
    }

    /// Bias, dark, flat, then lights; what cannot be told comes last.
    var order: Int {
        switch kind {
        case .bias: 0
        case .dark: 1
        case .flat: 2
        case .light: 3
        case nil: 4
        }
    }
}

struct FITSImageHeader {
    let header: Header
    let width: Int
    let height: Int
}
