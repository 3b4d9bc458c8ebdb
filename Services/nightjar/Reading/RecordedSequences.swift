internal import Events
internal import Foundation
internal import Instruments
internal import PhotometricCalibration
internal import PostgresStore

extension Record {
    /// Stores a comparison sequence, or a new revision of it. `DocumentIntake` decides whether it may be stored.
    func add(_ sequence: ComparisonSequence) throws {
        // A new revision may be another target's.
        try placeAgain(sequence: sequence.id)
        try database.execute(
            """
            insert into archive.sequence (sequence, revision, document) values ($1, $2, $3)
            on conflict (sequence) do update set document = excluded.document, revision = excluded.revision,
                removed = false
            """, [.text(sequence.id), .int(sequence.revision), .json(try EventCodec.json(sequence))])
        try placeAgain(sequence: sequence.id)
    }

    /// Has frames of the past looked at again for the target of a sequence.
    func placeAgain(sequence id: String) throws {
        let sequences = try database.execute(
            "select document from archive.sequence where sequence = $1", [.text(id)])
        guard let row = sequences.first else { return }
        let sequence = try JSONDecoder().decode(ComparisonSequence.self, from: row.data("document"))
        let targets = try database.execute("select document from archive.target where not removed").map {
            try JSONDecoder().decode(TargetDocument.self, from: $0.data("document"))
        }
        let own = targets.filter { $0.isCalled(sequence.target) }.map(\.id).sorted()
        try database.execute("update archive.target set placed_revision = 0 where target = any($1)", [.texts(own)])
    }

    /// The sequence in force of a target; nil when it has none.
    func sequence(of target: TargetDocument) throws -> ComparisonSequence? {
        let rows = try database.execute("select document from archive.sequence where not removed order by sequence")
        return try rows.map { try JSONDecoder().decode(ComparisonSequence.self, from: $0.data("document")) }
            .first { target.comparisonStars.isEmpty && target.isCalled($0.target) }
    }
}
