public import Foundation
public import PostgresStore

/// One private PostgreSQL for the whole test run, in /tmp, stopped and deleted when the process exits.
public enum Cluster {
    public static let postgres: PrivatePostgres = {
        // Not the temporary folder of the session, which PostgreSQL's user might not be able to enter.
        let directory = URL(filePath: "/tmp/nightjar-tests-\(getpid())")
        atexit {
            do {
                try Cluster.postgres.destroy()
                try FileManager.default.removeItem(at: Cluster.postgres.directory)
            } catch {
                print("cannot remove \(Cluster.postgres.directory.path): \(error)")
            }
        }
        return PrivatePostgres(directory: directory, durable: false)
    }()

    private static let started = Result { try postgres.start() }

    public static var address: String { get throws { try started.get() } }

    /// A connection of its own.
    public static func connect(statementTimeoutSeconds: Double? = nil) throws -> Database {
        try Database(try address, statementTimeoutSeconds: statementTimeoutSeconds)
    }

    /// An empty schema with a name of its own, and a connection.
    public static func schema() throws -> (Database, String) {
        let database = try connect()
        let name = "t" + UUID().uuidString.lowercased().filter { $0 != "-" }
        try database.execute("CREATE SCHEMA \(name)")
        return (database, name)
    }

    /// An empty database of its own, for services whose schemas have fixed names.
    public static func newDatabase() throws -> Database {
        let name = "t" + UUID().uuidString.lowercased().filter { $0 != "-" }
        try connect().execute("CREATE DATABASE \(name)")
        return try Database(try address.replacing("dbname=nightjar", with: "dbname=\(name)"))
    }
}

/// A folder of its own in /tmp, which the body gets and which is deleted afterwards.
public func withFolder<Value>(_ body: (URL) throws -> Value) throws -> Value {
    let folder = URL(filePath: "/tmp/nightjar-test-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer {
        do { try FileManager.default.removeItem(at: folder) } catch { print("cannot remove \(folder.path): \(error)") }
    }
    return try body(folder)
}
