internal import Foundation

/// A stored document, in force or removed.
struct StoredDocument {
    let document: SubmittedDocument
    let isRemoved: Bool
}

/// Where documents of one kind are kept.
protocol DocumentShelf {
    var kind: DocumentKind { get }
    /// Nil when there never was one of this id.
    func stored(_ id: String) throws -> StoredDocument?
    func store(_ document: SubmittedDocument, restoring: Bool) throws
    /// In force, in order of id.
    func all() throws -> [SubmittedDocument]
    func remove(_ id: String) throws
    /// What keeps documents from being in force together with the others.
    func objections(to documents: [SubmittedDocument]) throws -> [String]
    /// All of the body or nothing, where the shelf can.
    func together(_ body: () throws -> Void) throws
}

/// Adds documents: all are read and judged before the first is stored.
struct DocumentIntake {
    struct Outcome: Encodable {
        let id: String
        let revision: Int
        /// `added`, `updated`, `restored`, `unchanged`
        let outcome: String

        var line: String { "\(id): \(outcome), revision \(revision)" }
    }

    let shelf: any DocumentShelf
    let raise: Bool

    func add(_ documents: [SubmittedDocument]) throws -> [Outcome] {
        var outcomes: [Outcome] = []
        try shelf.together {
            let judged = try judge(documents)
            for (document, decision) in judged {
                switch decision {
                case .added, .updated: try shelf.store(document, restoring: false)
                case .restored: try shelf.store(document, restoring: true)
                case .unchanged, .refused: break
                }
            }
            outcomes = judged.map {
                Outcome(id: $0.document.id, revision: $0.document.revision, outcome: $0.decision.word)
            }
        }
        return outcomes
    }

    private func judge(
        _ documents: [SubmittedDocument]
    ) throws -> [(document: SubmittedDocument, decision: RevisionDecision)] {
        var problems: [String] = []
        var names: [String: String] = [:]
        let judged = try documents.map { document -> (document: SubmittedDocument, decision: RevisionDecision) in
            if let other = names.updateValue(document.name, forKey: document.id) {
                problems.append("\(document.name): id: '\(document.id)' is in \(other) too")
            }
            let stored = try shelf.stored(document.id)
            let decision = RevisionDecision(
                given: document.revision, stored: stored.map { ($0.document.revision, $0.isRemoved) },
                differences: try stored.map { try document.differences(from: $0.document) } ?? [], raise: raise)
            switch decision {
            case .refused(let reason):
                problems.append("\(document.name): \(reason)")
                return (document, decision)
            case .updated(let revision):
                return (revision == document.revision ? document : try document.with(revision: revision), decision)
            case .unchanged, .restored: return (stored?.document ?? document, decision)
            case .added: return (document, decision)
            }
        }
        problems += try shelf.objections(to: documents)
        guard problems.isEmpty else { throw SystemError(problems.joined(separator: "\n") + "\nnothing was stored") }
        return judged
    }
}

extension RevisionDecision {
    var word: String {
        switch self {
        case .added: "added"
        case .unchanged: "unchanged"
        case .restored: "restored"
        case .updated: "updated"
        case .refused: "refused"
        }
    }
}
