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
        try database.execute("select document from archive.target where not removed order by target").map {
            RecordedTarget(document: try $0.payload(TargetDocument.self, "document"))
        }
    }

    func target(_ id: String, revision: Int) throws -> RecordedTarget? {
        try all().first { $0.id == id && $0.revision == revision }
    }

    /// Targets that were added or changed since the frames of the past were looked at for them.
    func unplaced() throws -> [RecordedTarget] {
        try database.execute(
            "select document from archive.target where not removed and placed_revision < revision order by target"
        ).map { RecordedTarget(document: try $0.payload(TargetDocument.self, "document")) }
    }

    func setPlaced(_ target: RecordedTarget) throws {
        try database.execute(
            "update archive.target set placed_revision = $2 where target = $1",
            [.text(target.id), .int(target.revision)])
    }
}
