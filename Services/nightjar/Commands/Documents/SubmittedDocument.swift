internal import AlertRules
internal import Documents
internal import Events
internal import Foundation
internal import Instruments
internal import PhotometricCalibration

/// The four documents people write.
enum DocumentKind: String {
    case target, instrument, rule, sequence
}

/// A document as it was handed in, read strictly, or as it is stored.
struct SubmittedDocument {
    enum Content: Equatable {
        case target(TargetDocument)
        case instrument(InstrumentDocument)
        case rule(RuleDocument)
        case sequence(ComparisonSequence)
    }

    static let mostBytes = 1_000_000
    static let highestRevision = 1_000_000

    let kind: DocumentKind
    /// How errors call it: the file.
    let name: String
    /// As its author wrote it.
    let bytes: Data
    let content: Content

    /// Reads a file; every problem in it is named.
    init(_ kind: DocumentKind, path: String) throws {
        let bytes = try Self.bytes(of: path, otherwise: "give \(kind.rawValue) documents one by one; ")
        try self.init(kind, bytes: bytes, name: path)
    }

    /// A file that is not too large for a document.
    static func bytes(of path: String, otherwise advice: String = "") throws -> Data {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw UsageError("\(path.printable): \(String(cString: strerror(errno)))")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw UsageError("\(path.printable): \(advice)this is not a file")
        }
        guard status.st_size <= mostBytes else {
            throw UsageError("\(path.printable): \(status.st_size) bytes are too many for a document")
        }
        return try Data(contentsOf: URL(fileURLWithPath: path))
    }

    init(_ kind: DocumentKind, bytes: Data, name: String) throws {
        self.kind = kind
        self.name = name
        self.bytes = bytes
        content =
            switch kind {
            case .target: .target(try decodeDocument(TargetDocument.self, from: bytes, name: name))
            case .instrument: .instrument(try decodeDocument(InstrumentDocument.self, from: bytes, name: name))
            case .rule: .rule(try RuleDocument(json: bytes, file: name))
            case .sequence: .sequence(try Self.sequence(bytes, name: name))
            }
        guard revision <= Self.highestRevision else {
            throw UsageError("\(name): revision: must be at most \(Self.highestRevision), is \(revision)")
        }
    }

    private static func sequence(_ bytes: Data, name: String) throws -> ComparisonSequence {
        // A chart has none of a sequence's fields, and would be told so field by field.
        guard !ChartFile.isChart(bytes) else {
            throw UsageError(
                "\(name.printable): this is a chart of the AAVSO's plotter: nightjar sequence import "
                    + "\(name.printable.shellWord) --check STAR --out FILE makes a sequence of it")
        }
        return try decodeDocument(ComparisonSequence.self, from: bytes, name: name)
    }

    var id: String {
        switch content {
        case .target(let document): document.id
        case .instrument(let document): document.id
        case .rule(let document): document.id
        case .sequence(let document): document.id
        }
    }

    var revision: Int {
        switch content {
        case .target(let document): document.revision
        case .instrument(let document): document.revision
        case .rule(let document): document.revision
        case .sequence(let document): document.revision
        }
    }

    /// What it says, with all defaults and without comments.
    func json() throws -> Data {
        switch content {
        case .target(let document): try EventCodec.json(document)
        case .instrument(let document): try EventCodec.json(document)
        case .rule(let document): try document.json()
        case .sequence(let document): try EventCodec.json(document)
        }
    }

    /// The same document under another revision. Comments stay; order and layout of the text may not.
    func with(revision: Int) throws -> SubmittedDocument {
        guard var fields = try JSONSerialization.jsonObject(with: bytes) as? [String: Any] else {
            throw UsageError("\(name): must be a JSON object")
        }
        fields["revision"] = revision
        let bytes = try JSONSerialization.data(
            withJSONObject: fields, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        let raised = try SubmittedDocument(kind, bytes: bytes, name: name)
        guard try raised.differences(from: self).isEmpty else {
            throw UsageError(
                "\(name): its revision cannot be raised without changing it; set \"revision\": \(revision)")
        }
        return raised
    }

    /// Names of the fields in which two documents differ, the revision aside; comments do not count.
    func differences(from other: SubmittedDocument) throws -> [String] {
        guard let mine = try JSONSerialization.jsonObject(with: json()) as? NSDictionary,
            let theirs = try JSONSerialization.jsonObject(with: other.json()) as? NSDictionary
        else { return ["document"] }
        let names = Set((mine.allKeys + theirs.allKeys).compactMap { $0 as? String }).subtracting(["revision"])
        return names.filter { name in
            guard let one = mine[name] as? NSObject, let two = theirs[name] as? NSObject else {
                return mine[name] != nil || theirs[name] != nil
            }
            return !one.isEqual(two)
        }.sorted()
    }
}

/// What becomes of a document that is handed in while another one of that id may be stored.
enum RevisionDecision: Equatable {
    case added
    case unchanged
    /// It had been removed and is in force again.
    case restored
    /// The new one is in force under this revision.
    case updated(Int)
    case refused(String)

    /// A revision names one content for ever: results say which they were made with.
    ///
    /// - Parameters:
    ///   - differences: fields in which the two differ, the revision aside.
    ///   - raise: whether a revision too low may be raised to the next.
    init(
        given: Int, stored: (revision: Int, isRemoved: Bool)?, differences: [String], raise: Bool
    ) {
        guard let stored else {
            self = .added
            return
        }
        if given > stored.revision {
            self = .updated(given)
        } else if differences.isEmpty {
            self = stored.isRemoved ? .restored : .unchanged
        } else if stored.revision >= SubmittedDocument.highestRevision {
            self = .refused("the stored document has the highest revision there is; give the changed one another id")
        } else if raise {
            self = .updated(stored.revision + 1)
        } else {
            let next = stored.revision + 1
            self = .refused(
                "revision is \(given), but the stored document has revision \(stored.revision) and differs in "
                    + "\(differences.joined(separator: ", ")); set \"revision\": \(next) and add it again, "
                    + "or let --raise do so in the stored copy")
        }
    }
}
