internal import Calibration
internal import FITS
internal import Foundation
internal import Imaging
internal import Instruments

/// Hands copies of users' files to ingest. The files themselves are only read.
struct HandIn {
    let data: DataFolder
    /// A folder of its own for everything that is handed in together, so that two hand-ins never meet.
    let batch: String?
    private(set) var count = 0

    init(data: DataFolder, batch: String? = nil) {
        self.data = data
        self.batch = batch
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
        try hand(file, to: instrument, folder: String(format: "%06d", count))
    }

    /// Puts one copy into a folder of an instrument's inbox.
    ///
    /// - Returns: where the copy is.
    @discardableResult
    func hand(_ file: URL, to instrument: String, folder name: String) throws -> URL {
        let inbox = data.inbox.appending(path: instrument)
        let folder = (batch.map { inbox.appending(path: $0) } ?? inbox).appending(path: name)
        let place = folder.appending(path: file.lastPathComponent)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let partial = folder.appending(path: ".partial")
        do {
            try FileManager.default.copyItem(at: file.resolvingSymlinksInPath(), to: partial)
            try FileManager.default.moveItem(at: partial, to: place)
        } catch {
            unlink(partial.path)
            throw SystemError("\(file.path) cannot be copied to \(place.path): \(systemWords(error))")
        }
        return place
    }

    /// Puts one copy directly into a folder, under a free name.
    ///
    /// - Returns: where the copy is; nil when the folder, or `accepted/` in it, has the same file already.
    static func copy(_ file: URL, into folder: URL) throws -> URL? {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let name = file.lastPathComponent
        let same = [folder.appending(path: name), folder.appending(path: "accepted").appending(path: name)]
        if same.contains(where: { FileManager.default.contentsEqual(atPath: $0.path, andPath: file.path) }) {
            return nil
        }
        let partial = folder.appending(path: ".partial-\(UUID().uuidString)")
        try FileManager.default.copyItem(at: file.resolvingSymlinksInPath(), to: partial)
        let (stem, ending) = ((name as NSString).deletingPathExtension, (name as NSString).pathExtension)
        for number in 1... {
            let free = number == 1 ? name : "\(stem)~\(number)" + (ending.isEmpty ? "" : ".\(ending)")
            let place = folder.appending(path: free)
            // link() refuses a name that is taken.
            if link(partial.path, place.path) == 0 {
                unlink(partial.path)
                return place
            }
            guard errno == EEXIST else { break }
        }
        let reason = String(cString: strerror(errno))
        unlink(partial.path)
        throw SystemError("\(file.path) cannot be copied into \(folder.path): \(reason)")
    }
}

/// What a file probably is, before it is handed in: only to choose instrument and order. Ingest judges.
struct FileGuess {
    let file: URL
    let instrument: String
    /// Nil where it cannot be told, and of a master fringe.
    let kind: Instruments.FrameKind?
    /// Says of itself that it is a finished master fringe.
    let isFringe: Bool

    /// - Throws: `UsageError` when no document, or more than one, fits a readable file.
    init(_ file: URL, among documents: [InstrumentDocument]) throws {
        self.file = file
        let header = (fits: Self.header(of: file), name: file.lastPathComponent)
        var document = documents[0]
        let isFringe = header.fits.map { FinishedFringe.isClaimed(by: $0.header) } ?? false
        self.isFringe = isFringe
        let owner = isFringe ? header.fits?.header.text("INSTRUME") : nil
        if let owner = documents.first(where: { $0.id == owner }) {
            document = owner
        } else if documents.count > 1, let found = header.fits {
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
            guard !isFringe else { return nil }
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

    /// Bias, dark, flat, master fringes, then lights; what cannot be told comes last.
    var order: Int {
        if isFringe { return 3 }
        return switch kind {
        case .bias: 0
        case .dark: 1
        case .flat: 2
        case .light: 4
        case nil: 5
        }
    }
}

struct FITSImageHeader {
    let header: Header
    let width: Int
    let height: Int
}
