import Foundation
import PostgresStore
import TestKit
import Testing

@Suite struct MigrationTests {
    private func steps(_ schema: String, _ count: Int) -> [Migration] {
        let frame = "CREATE TABLE \(schema).frame (id text PRIMARY KEY); CREATE INDEX ON \(schema).frame (id)"
        let all = [
            Migration(1, "frames", frame),
            Migration(2, "size", "ALTER TABLE \(schema).frame ADD COLUMN bytes bigint"),
            Migration(3, "seen", Inbox.tableSQL(schema: schema) + Outbox.tableSQL(schema: schema)),
        ]
        return Array(all.prefix(count))
    }

    private func name() -> String { "m" + UUID().uuidString.lowercased().filter { $0 != "-" } }

    @Test("migrations are applied once, in order, and continued where an older version stopped")
    func continued() throws {
        let database = try Cluster.connect()
        let schema = name()
        #expect(try Migrations(schema: schema, steps(schema, 1)).apply(to: database) == [1])
        #expect(try Migrations(schema: schema, steps(schema, 3)).apply(to: database) == [2, 3])
        #expect(try Migrations(schema: schema, steps(schema, 3)).apply(to: database) == [])
        try database.execute("INSERT INTO \(schema).frame (id, bytes) VALUES ('a', 1)")
    }

    @Test("a changed migration and a newer database are clear errors")
    func refused() throws {
        let database = try Cluster.connect()
        let schema = name()
        try Migrations(schema: schema, steps(schema, 2)).apply(to: database)
        let newer = #expect(throws: MigrationError.self) {
            try Migrations(schema: schema, steps(schema, 1)).apply(to: database)
        }
        #expect(
            newer?.description
                == "schema \(schema): the database is at migration 2, this software knows 1: update the software")
        var changed = steps(schema, 2)
        changed[0] = Migration(1, "frames", changed[0].sql + " ")
        #expect(throws: MigrationError.changed(schema: schema, number: 1, name: "frames")) {
            try Migrations(schema: schema, changed).apply(to: database)
        }
    }

    @Test("a migration that fails or ends the transaction leaves nothing behind, and is named")
    func allOrNothing() throws {
        let database = try Cluster.connect()
        let schema = name()
        let broken = steps(schema, 2) + [Migration(3, "typo", "CREATE TABEL x")]
        let error = #expect(throws: MigrationError.self) { try Migrations(schema: schema, broken).apply(to: database) }
        #expect(
            error?.description.hasPrefix("schema \(schema): migration 3 'typo' failed: database error 42601") == true)
        let ended = steps(schema, 2) + [Migration(3, "own end", "ROLLBACK")]
        #expect(throws: MigrationError.endedTransaction(schema: schema, number: 3, name: "own end")) {
            try Migrations(schema: schema, ended).apply(to: database)
        }
        #expect(try Migrations(schema: schema, steps(schema, 3)).apply(to: database) == [1, 2, 3])
    }

    @Test("eight processes that start at once migrate once")
    func concurrent() async throws {
        let schema = name()
        let address = try Cluster.address
        let all = steps(schema, 3)
        let applied = try await withThrowingTaskGroup(of: [Int].self) { group in
            for _ in 0..<8 {
                group.addTask { try Migrations(schema: schema, all).apply(to: Database(address)) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(applied.count == 8 && applied.filter { !$0.isEmpty } == [[1, 2, 3]])
    }
}
