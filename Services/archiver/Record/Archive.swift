internal import Events
internal import Foundation
internal import Pipeline
internal import PostgresStore

/// The record: the database with its inbox and outbox, used by one thread.
struct Archive {
    let database: Database
    let inbox = Inbox(schema: ArchiveSchema.name)
    let outbox = Outbox(schema: ArchiveSchema.name)
    let now: () -> String

    /// Records what one event says: once, whatever the number of times it comes.
    ///
    /// - Parameter body: writes the rows and may add events to the outbox; all of it or nothing happens.
    func record<Payload: EventPayload>(_ event: Event<Payload>, _ body: () throws -> Void) throws {
        try database.transaction {
            if try inbox.firstTime(event.id, topic: Payload.type.topic, in: database) { try body() }
        }
    }

    /// Adds an event to the outbox, inside a transaction.
    func announce<Payload: EventPayload>(_ payload: Payload, trace: Trace = Trace()) throws {
        try outbox.add([Outgoing(payload)], source: "archiver", trace: trace, time: now(), in: database)
    }
}

extension Rows {
    /// The only value of the only row.
    func single(_ column: String) throws -> Int { try self[0].int(column) }
}

extension SQLValue {
    /// An event's payload as jsonb.
    static func payload(_ value: some Encodable) throws -> SQLValue { .json(try EventCodec.json(value)) }
}

extension Row {
    /// A jsonb column as the type it was written from.
    func payload<Value: Decodable>(_ type: Value.Type, _ column: String) throws -> Value {
        try JSONDecoder().decode(Value.self, from: data(column))
    }
}
