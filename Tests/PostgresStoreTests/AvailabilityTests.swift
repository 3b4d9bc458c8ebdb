import Foundation
import Pipeline
import PostgresStore
import TestKit
import Testing

@Suite struct AvailabilityTests {
    @Test("a lost connection is Unavailable, and the next use connects again")
    func lostConnection() throws {
        let database = try Cluster.connect()
        let other = try Cluster.connect()
        func cut() throws {
            let pid = try database.execute("SELECT pg_backend_pid() AS pid")[0].int("pid")
            try other.execute("SELECT pg_terminate_backend($1::int, 5000)", [.int(pid)])
        }
        try cut()
        let error = #expect(throws: Unavailable.self) { try database.execute("SELECT 1") }
        #expect(error?.reason.contains("nightjar at /") == true)
        #expect(try database.execute("SELECT 1 AS one")[0].int("one") == 1)
        try cut()
        #expect(try database.transaction { try database.execute("SELECT 2 AS two")[0].int("two") } == 2)
    }

    @Test("a connection lost inside a transaction loses the whole transaction, not only its first half")
    func lostInsideTransaction() throws {
        let (database, schema) = try Cluster.schema()
        let other = try Cluster.connect()
        try database.execute("CREATE TABLE \(schema).t (n int)")
        #expect(throws: Unavailable.self) {
            try database.transaction {
                try database.execute("INSERT INTO \(schema).t VALUES (1)")
                let pid = try database.execute("SELECT pg_backend_pid() AS pid")[0].int("pid")
                try other.execute("SELECT pg_terminate_backend($1::int, 5000)", [.int(pid)])
                _ = Result { try database.execute("INSERT INTO \(schema).t VALUES (2)") }
                try database.execute("INSERT INTO \(schema).t VALUES (3)")
            }
        }
        #expect(try database.execute("SELECT count(*) AS n FROM \(schema).t")[0].int("n") == 0)
    }

    @Test("COPY on a connection that is cut is Unavailable, and works again afterwards")
    func lostInsideCopy() throws {
        let (database, schema) = try Cluster.schema()
        let other = try Cluster.connect()
        try database.execute("CREATE TABLE \(schema).t (n int8)")
        let pid = try database.execute("SELECT pg_backend_pid() AS pid")[0].int("pid")
        #expect(throws: Unavailable.self) {
            try database.copy(into: "\(schema).t", columns: ["n"], rows: 1...200_000) { number, row in
                if number == 100_000 { try other.execute("SELECT pg_terminate_backend($1::int, 5000)", [.int(pid)]) }
                row.int64(number)
            }
        }
        #expect(try database.copy(into: "\(schema).t", columns: ["n"], rows: 1...10) { $1.int64($0) } == 10)
    }

    @Test(
        "what may work later is Unavailable: full disk, too many connections, starting up, deadlock, lock",
        arguments: ["53100", "53300", "53200", "57P03", "40P01", "40001", "55P03", "58030", "08006"])
    func temporaryStates(state: String) throws {
        let database = try Cluster.connect()
        let error = #expect(throws: Unavailable.self) {
            try database.execute("DO $$ BEGIN RAISE EXCEPTION 'told so' USING ERRCODE = '\(state)'; END $$")
        }
        #expect(error?.reason.contains("told so") == true && error?.reason.contains(state) == true)
        try database.execute("SELECT 1")
    }

    @Test("a serialization failure is Unavailable, and the transaction works when repeated")
    func serializationFailure() throws {
        let (first, schema) = try Cluster.schema()
        let second = try Cluster.connect()
        try first.execute("CREATE TABLE \(schema).t AS SELECT 1 AS n")
        let update = "UPDATE \(schema).t SET n = n + 1"
        #expect(throws: Unavailable.self) {
            try first.transaction(isolation: .repeatableRead) {
                try first.execute("SELECT n FROM \(schema).t")
                try second.execute(update)
                try first.execute(update)
            }
        }
        try first.transaction(isolation: .repeatableRead) { try first.execute(update) }
        #expect(try first.execute("SELECT n FROM \(schema).t")[0].int("n") == 3)
    }

    @Test("no server, no such database and a name that does not resolve are Unavailable and never tell the password")
    func nobodyThere() throws {
        for address in [
            "postgresql://reader:hunter22@127.0.0.1:1/nightjar", "host=/nowhere password=hunter22 dbname=x",
            "postgresql://reader:hunter22@no-such-host.invalid/nightjar",
            try Cluster.address + " password=hunter22 dbname=none",
        ] {
            let database = try Database(address)
            #expect(!database.address.description.contains("hunter22"))
            let error = #expect(throws: Unavailable.self) { try database.connect() }
            #expect(error?.reason.contains("hunter22") == false)
            #expect(error?.reason.contains("\n") == false)
        }
    }

    @Test(
        "an address that cannot be read is refused without repeating it",
        arguments: [
            "postgresql://reader:hunter22@host:notaport:5/x", "host=x passwort=hunter22", "dbname hunter22",
            "postgresql://reader:hunter22@[::1/x", "postgresql://h/x?hunter22=1",
        ])
    func unreadableAddress(address: String) {
        let error = #expect(throws: (any Error).self) { try Database(address).connect() }
        #expect("\(String(describing: error))".contains("hunter22") == false)
    }
}
