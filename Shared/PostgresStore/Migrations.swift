/// One numbered step of a schema. Once released it never changes: a correction is a new number.
public struct Migration: Sendable, Equatable {
    public let number: Int
    public let name: String
    /// One or more statements. Tables are named with their schema. No BEGIN, COMMIT or CREATE INDEX CONCURRENTLY.
    public let sql: String

    public init(_ number: Int, _ name: String, _ sql: String) {
        self.number = number
        self.name = name
        self.sql = sql
    }
}

/// Why a schema cannot be brought to where this software needs it.
public enum MigrationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// An applied migration reads differently in this software.
    case changed(schema: String, number: Int, name: String)
    /// The database has been migrated by newer software.
    case newerDatabase(schema: String, found: Int, known: Int)
    case failed(schema: String, number: Int, name: String, error: DatabaseError)
    /// The migration ended the transaction it runs in.
    case endedTransaction(schema: String, number: Int, name: String)

    public var description: String {
        switch self {
        case .changed(let schema, let number, let name):
            "schema \(schema): migration \(number) '\(name)' was applied with a different text than this software has"
        case .newerDatabase(let schema, let found, let known):
            "schema \(schema): the database is at migration \(found), this software knows \(known): update the software"
        case .failed(let schema, let number, let name, let error):
            "schema \(schema): migration \(number) '\(name)' failed: \(error)"
        case .endedTransaction(let schema, let number, let name):
            "schema \(schema): migration \(number) '\(name)' must not contain BEGIN, COMMIT or ROLLBACK"
        }
    }
}

/// The migrations of one schema, recorded in `<schema>.migration` with the SHA-256 of their text.
public struct Migrations: Sendable {
    public let schema: String
    public let all: [Migration]

    /// - Precondition: numbered 1, 2, 3, ... without gaps.
    public init(schema: String, _ all: [Migration]) {
        precondition(
            all.map(\.number) == Array(1..<(all.count + 1)), "migrations of \(schema) are not numbered 1, 2, 3, ...")
        self.schema = schema
        self.all = all
    }

    private var table: String { "\(Database.quoted(schema)).migration" }

    /// Applies what is missing, all of it or nothing, and returns the numbers applied. Several processes may do so at
    /// once: an advisory lock, one for the whole database, lets one go first, and the others find nothing left to do.
    ///
    /// - Throws: `MigrationError`, `Unavailable`, `DatabaseError`.
    @discardableResult
    public func apply(to database: Database) throws -> [Int] {
        try database.transaction {
            try database.executeScript("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
            try database.execute("SELECT pg_advisory_xact_lock(hashtextextended('nightjar migrations', 0))")
            try createTable(in: database)
            let applied = try checkApplied(in: database)
            let missing = all.dropFirst(applied)
            for migration in missing { try apply(migration, to: database) }
            return missing.map(\.number)
        }
    }

    /// A role that may not create schemas can still use one that is there.
    private func createTable(in database: Database) throws {
        let rows = try database.execute(
            "SELECT to_regnamespace($1::text) IS NOT NULL AS there", [.text(Database.quoted(schema))])
        if try !rows[0].bool("there") { try database.execute("CREATE SCHEMA \(Database.quoted(schema))") }
        try database.execute(
            """
            CREATE TABLE IF NOT EXISTS \(table) (
                number integer PRIMARY KEY CHECK (number > 0),
                name text NOT NULL,
                sha256 text NOT NULL,
                applied timestamptz NOT NULL DEFAULT now())
            """)
    }

    /// The number of migrations applied already, each of them unchanged.
    private func checkApplied(in database: Database) throws -> Int {
        let rows = try database.execute("SELECT number, sha256 FROM \(table) ORDER BY number")
        guard rows.count <= all.count else {
            throw MigrationError.newerDatabase(schema: schema, found: rows.count, known: all.count)
        }
        for (row, migration) in zip(rows, all) {
            let checksum = try database.execute(
                "SELECT encode(sha256(convert_to($1::text, 'UTF8')), 'hex') AS sha256", [.text(migration.sql)])
            guard try row.int("number") == migration.number, try row.text("sha256") == checksum[0].text("sha256") else {
                throw MigrationError.changed(schema: schema, number: migration.number, name: migration.name)
            }
        }
        return rows.count
    }

    private func apply(_ migration: Migration, to database: Database) throws {
        do {
            try database.executeScript(migration.sql)
        } catch let error as DatabaseError {
            throw MigrationError.failed(
                schema: schema, number: migration.number, name: migration.name, error: error)
        }
        guard database.serverIsInTransaction else {
            throw MigrationError.endedTransaction(schema: schema, number: migration.number, name: migration.name)
        }
        try database.execute(
            """
            INSERT INTO \(table) (number, name, sha256)
            VALUES ($1, $2, encode(sha256(convert_to($3::text, 'UTF8')), 'hex'))
            """,
            [.int(migration.number), .text(migration.name), .text(migration.sql)])
    }
}
