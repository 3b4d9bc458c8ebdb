internal import Foundation
internal import PostgresStore

/// Targets, rules or comparison sequences in the record. A removed row stays: its revision goes on counting.
struct DocumentTable: DocumentShelf {
    let kind: DocumentKind
    private let record: Record
    private let table: String
    private let key: String

    init(_ kind: DocumentKind, _ record: Record) {
        precondition(kind != .instrument, "instruments are files")
        self.kind = kind
        self.record = record
        key = kind.rawValue
        table = "\(kind == .rule ? "alerts" : "archive").\(kind.rawValue)"
    }

    private func document(_ row: Row) throws -> SubmittedDocument {
        try SubmittedDocument(
            kind, bytes: try row.data("document"), name: "stored \(kind.rawValue) \(try row.text("id"))")
    }

    func stored(_ id: String) throws -> StoredDocument? {
        try record.database.execute(
            "select \(key) as id, document, removed from \(table) where \(key) = $1 for update", [.text(id)]
        ).first.map { StoredDocument(document: try document($0), isRemoved: try $0.bool("removed")) }
    }

    func all() throws -> [SubmittedDocument] {
        try record.database.execute("select \(key) as id, document from \(table) where not removed order by \(key)")
            .map(document)
    }

    func store(_ document: SubmittedDocument, restoring: Bool) throws {
        switch document.content {
        case .target(let target): try record.add(target)
        case .rule(let rule): try record.add(rule)
        case .sequence(let sequence): return try record.add(sequence)
        case .instrument: preconditionFailure("instruments are files")
        }
        // What came while it was away is looked at again.
        let done = kind == .target ? "placed_revision" : "evaluated_revision"
        if restoring {
            try record.database.execute("update \(table) set \(done) = 0 where \(key) = $1", [.text(document.id)])
        }
    }

    func remove(_ id: String) throws {
        try record.database.execute("update \(table) set removed = true where \(key) = $1", [.text(id)])
        if kind == .sequence { try record.placeAgain(sequence: id) }
    }

    func objections(to documents: [SubmittedDocument]) throws -> [String] {
        switch kind {
        case .target, .sequence: try SequenceClaims(record, changedBy: documents).problems
        case .instrument, .rule: []
        }
    }

    func together(_ body: () throws -> Void) throws {
        try record.database.transaction(body)
    }
}
