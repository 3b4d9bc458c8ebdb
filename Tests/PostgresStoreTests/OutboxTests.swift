import Events
import Foundation
import Pipeline
import PostgresStore
import TestKit
import Testing

/// Remembers what it was given; says that it is away when told to.
private final class Recorder: Sink {
    var published: [Message] = []
    var isAway = false
    var onPublish: () throws -> Void = {}

    func publish(_ messages: [Message]) throws(Unavailable) {
        guard !isAway else { throw Unavailable("broker away") }
        published += messages
        do { try onPublish() } catch { throw Unavailable("\(error)") }
    }
}

@Suite struct OutboxTests {
    private func prepared() throws -> (Database, String) {
        let (database, schema) = try Cluster.schema()
        try database.executeScript(Inbox.tableSQL(schema: schema) + Outbox.tableSQL(schema: schema))
        return (database, schema)
    }

    private func message(_ number: Int) -> Message {
        Message(
            topic: "nightjar.test.v1", key: "key '\(number)\" 星",
            headers: [.init("ce_id", "\(number)"), .init("a", ""), .init("ce_subject", "\"\\\u{1}é")],
            value: Data([0, UInt8(number % 256), 255]))
    }

    @Test("an event is new once, and new again when its transaction was rolled back")
    func inbox() throws {
        let (database, schema) = try prepared()
        let inbox = Inbox(schema: schema)
        struct Stop: Error {}
        func seen(_ id: String, fails: Bool = false) throws -> Bool {
            try database.transaction {
                let isNew = try inbox.firstTime(id, topic: "t", in: database)
                if fails { throw Stop() }
                return isNew
            }
        }
        #expect(throws: Stop.self) { try seen("a", fails: true) }
        #expect(try seen("a"))
        #expect(try !seen("a"))
        #expect(try seen("b"))
        try database.execute("UPDATE \(schema).inbox SET received = now() - interval '40 days' WHERE event_id = 'a'")
        #expect(try inbox.forget(olderThanDays: 30, in: database) == 1)
        #expect(try seen("a"))
        #expect(try !seen("b"))
    }

    @Test("messages are published as they were added, in order, once, and only those whose transaction committed")
    func order() throws {
        let (database, schema) = try prepared()
        let outbox = Outbox(schema: schema)
        let sink = Recorder()
        struct Stop: Error {}
        try database.transaction { try outbox.add((0..<10).map(message), in: database) }
        #expect(throws: Stop.self) {
            try database.transaction {
                try outbox.add(message(99), in: database)
                throw Stop()
            }
        }
        try database.transaction { try outbox.add(message(10), in: database) }
        #expect(try outbox.pendingCount(in: database) == 11)
        #expect(try outbox.publishPending(to: sink, limit: 4, in: database) == 4)
        #expect(try outbox.publishPending(to: sink, limit: 100, in: database) == 7)
        #expect(try outbox.publishPending(to: sink, in: database) == 0)
        #expect(sink.published == (0...10).map(message))
    }

    @Test("nothing is deleted while the broker is away or the database is lost after publishing")
    func kept() throws {
        let (database, schema) = try prepared()
        let other = try Cluster.connect()
        let outbox = Outbox(schema: schema)
        let sink = Recorder()
        try database.transaction { try outbox.add((0..<3).map(message), in: database) }
        sink.isAway = true
        #expect(throws: Unavailable("broker away")) { try outbox.publishPending(to: sink, in: database) }
        sink.isAway = false
        let pid = try database.execute("SELECT pg_backend_pid() AS pid")[0].int("pid")
        sink.onPublish = { try other.execute("SELECT pg_terminate_backend($1::int, 5000)", [.int(pid)]) }
        #expect(throws: Unavailable.self) { try outbox.publishPending(to: sink, in: database) }
        sink.onPublish = {}
        #expect(try outbox.publishPending(to: sink, in: database) == 3)
        #expect(sink.published == (0..<3).map(message) + (0..<3).map(message))
    }

    @Test("while one process publishes another does not overtake it")
    func oneAtATime() throws {
        let (database, schema) = try prepared()
        let other = try Cluster.connect()
        let outbox = Outbox(schema: schema)
        try database.transaction { try outbox.add((0..<6).map(message), in: database) }
        let first = Recorder()
        let second = Recorder()
        var overtaken = -1
        first.onPublish = { overtaken = try outbox.publishPending(to: second, in: other) }
        #expect(try outbox.publishPending(to: first, limit: 3, in: database) == 3)
        #expect(overtaken == 0 && second.published.isEmpty)
        #expect(try outbox.publishPending(to: second, in: other) == 3)
        #expect(first.published + second.published == (0..<6).map(message))
    }
}
