/// The events a service has already dealt with, kept in the same transaction as what they led to. A message that comes
/// a second time is recognised by its event id and changes nothing.
public struct Inbox: Sendable {
    private let table: String

    public init(schema: String) {
        table = "\(Database.quoted(schema)).inbox"
    }

    /// The table, for a migration of the schema.
    public static func tableSQL(schema: String) -> String {
        let name = "\(Database.quoted(schema)).inbox"
        return """
            CREATE TABLE \(name) (
                event_id text PRIMARY KEY CHECK (event_id <> ''),
                topic text NOT NULL,
                received timestamptz NOT NULL DEFAULT now());
            CREATE INDEX ON \(name) (received);
            """
    }

    /// True when `eventID` is new, and remembers it if the transaction commits. Of two transactions with the same id at
    /// the same time the second waits for the first.
    ///
    /// - Precondition: inside `database.transaction`.
    public func firstTime(_ eventID: String, topic: String, in database: Database) throws -> Bool {
        precondition(database.transactionIsOpen, "the inbox is used inside a transaction")
        let rows = try database.execute(
            "INSERT INTO \(table) (event_id, topic) VALUES ($1, $2) ON CONFLICT (event_id) DO NOTHING",
            [.text(eventID), .text(topic)])
        return rows.affected == 1
    }

    /// Forgets events seen longer ago than the bus keeps them; returns how many.
    @discardableResult
    public func forget(olderThanDays days: Double, in database: Database) throws -> Int {
        try database.execute(
            "DELETE FROM \(table) WHERE received < now() - $1 * interval '1 day'", [.double(days)]
        ).affected
    }
}
