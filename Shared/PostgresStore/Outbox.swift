public import Events
internal import Foundation
public import Pipeline

/// Events to be published, written in the same transaction as the rows they tell of, and published after it has
/// committed. So rows and events cannot disagree; a crash in between publishes later, and perhaps twice, under the same
/// event id.
public struct Outbox: Sendable {
    private let schema: String
    private let table: String
    private let lockName: String

    public init(schema: String) {
        self.schema = schema
        table = "\(Database.quoted(schema)).outbox"
        lockName = "nightjar outbox \(schema)"
    }

    /// The table, for a migration of the schema. Published rows are deleted, so it holds only what is pending.
    public static func tableSQL(schema: String) -> String {
        """
        CREATE TABLE \(Database.quoted(schema)).outbox (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            topic text NOT NULL CHECK (topic <> ''),
            key text NOT NULL,
            headers jsonb NOT NULL CHECK (jsonb_typeof(headers) = 'array'),
            value bytea NOT NULL,
            added timestamptz NOT NULL DEFAULT now());
        """
    }

    /// Adds messages, to be published in this order if the transaction commits.
    ///
    /// - Precondition: inside `database.transaction`.
    public func add(_ messages: [Message], in database: Database) throws {
        precondition(database.transactionIsOpen, "the outbox is written inside a transaction")
        guard !messages.isEmpty else { return }
        try database.copy(into: "\(schema).outbox", columns: ["topic", "key", "headers", "value"], rows: messages) {
            message, row in
            row.text(message.topic)
            row.text(message.key)
            row.json(try EventCodec.json(message.headers))
            row.data(message.value)
        }
    }

    public func add(_ message: Message, in database: Database) throws {
        try add([message], in: database)
    }

    /// Adds events as the worker would publish them.
    public func add(
        _ events: [Outgoing], source: String, trace: Trace, time: String, in database: Database
    ) throws {
        try add(try events.map { try $0.message(source: source, trace: trace, time: time) }, in: database)
    }

    /// Publishes the oldest pending messages in the order in which they were added, and deletes them once the broker
    /// has acknowledged them all. When the broker is away they stay.
    ///
    /// Only one process publishes at a time, so that the order holds; the others return 0 at once.
    ///
    /// - Returns: how many were published; less than `limit` means that nothing more is pending.
    /// - Throws: `Unavailable` of database or broker.
    /// - Precondition: no transaction is open.
    @discardableResult
    public func publishPending(to sink: any Sink, limit: Int = 1000, in database: Database) throws -> Int {
        try database.transaction {
            let lock = try database.execute(
                "SELECT pg_try_advisory_xact_lock(hashtextextended($1::text, 0)) AS mine", [.text(lockName)])
            guard try lock[0].bool("mine") else { return 0 }
            let rows = try database.execute(
                "SELECT id, topic, key, headers, value FROM \(table) ORDER BY id LIMIT $1", [.int(limit)])
            guard !rows.isEmpty else { return 0 }
            try sink.publish(try rows.map(message))
            let ids = try rows.map { try $0.int("id") }
            try database.execute("DELETE FROM \(table) WHERE id = ANY($1)", [.ints(ids)])
            return rows.count
        }
    }

    /// How many messages wait to be published.
    public func pendingCount(in database: Database) throws -> Int {
        try database.execute("SELECT count(*) AS pending FROM \(table)")[0].int("pending")
    }

    private func message(_ row: Row) throws -> Message {
        Message(
            topic: try row.text("topic"), key: try row.text("key"),
            headers: try JSONDecoder().decode([Message.Header].self, from: try row.data("headers")),
            value: try row.data("value"))
    }
}
