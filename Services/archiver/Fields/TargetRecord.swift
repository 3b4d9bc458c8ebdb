internal import Events
internal import Instruments
internal import PostgresStore

/// The targets people gave, in the record.
struct TargetRecord {
    let archive: Archive
    private var database: Database { archive.database }

    init(archive: Archive) {
        self.archive = archive
    }

    /// In order of their ids.
    func all() throws -> [RecordedTarget] {
        try read("select document from archive.target where not removed order by target")
    }

    func target(_ id: String, revision: Int) throws -> RecordedTarget? {
        try all().first { $0.id == id && $0.revision == revision }
    }

    /// Targets that were added or changed, or got another sequence, since the frames of the past were looked at for
    /// them.
    func unplaced() throws -> [RecordedTarget] {
        try read("select document from archive.target where not removed and placed_revision < revision order by target")
    }

    /// A target as it is now, its row locked until the end of the transaction: whoever gives it another sequence says
    /// so in that row, and waits.
    func locked(_ id: String) throws -> RecordedTarget? {
        try read("select document from archive.target where target = $1 and not removed for update", [.text(id)]).first
    }

    /// With their sequences, which are read after the targets.
    private func read(_ statement: String, _ parameters: [SQLValue] = []) throws -> [RecordedTarget] {
        let documents = try database.execute(statement, parameters).map {
            try $0.payload(TargetDocument.self, "document")
        }
        let sequences = documents.isEmpty ? [] : try Self.sequences(in: database)
        return documents.map { RecordedTarget(document: $0, sequences: sequences) }
    }

    func setPlaced(_ target: RecordedTarget) throws {
        try database.execute(
            "update archive.target set placed_revision = $2 where target = $1",
            [.text(target.id), .int(target.revision)])
    }
}
