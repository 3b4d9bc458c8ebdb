import Foundation
import Pipeline
import PostgresStore
import TestKit
import Testing

@Suite struct CopyTests {
    @Test("COPY stores each type exactly, NULLs and odd names included")
    func types() throws {
        let (database, schema) = try Cluster.schema()
        try database.execute(
            """
            CREATE TABLE \(schema).\(Database.quoted("Odd \"name\"")) (
                a int8, b float8, c float4, d text, e bool, f int4, g int2,
                h bytea,
                i jsonb, "order" float8)
            """)
        let columns = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "order"]
        let count = try database.copy(into: "\(schema).Odd \"name\"", columns: columns, rows: [true, false]) {
            full, row in
            row.int64(full ? .max : nil)
            row.float64(full ? 0.1 : nil)
            row.float32(full ? 0.1 : nil)
            row.text(full ? "é\\.\n\t\\N" : nil)
            row.bool(full ? true : nil)
            row.int32(full ? .min : nil)
            row.int16(full ? -2 : nil)
            row.data(full ? Data([0, 255]) : nil)
            row.json(full ? Data("[1]".utf8) : nil)
            if full { row.float64(.nan) } else { row.null() }
        }
        #expect(count == 2)
        let rows = try database.execute("SELECT * FROM \(schema).\"Odd \"\"name\"\"\" ORDER BY a NULLS LAST")
        #expect(try rows[0].int("a") == .max)
        #expect(try rows[0].double("b") == 0.1)
        #expect(try rows[0].text("c") == "0.1")
        #expect(try rows[0].text("d") == "é\\.\n\t\\N")
        #expect(try rows[0].bool("e"))
        #expect(try rows[0].int("f") == Int(Int32.min))
        #expect(try rows[0].int("g") == -2)
        #expect(try rows[0].data("h") == Data([0, 255]))
        #expect(try rows[0].data("i") == Data("[1]".utf8))
        #expect(try rows[0].double("order").isNaN)
        for column in columns { #expect(try rows[1].optionalText(column) == nil) }
    }

    @Test("COPY is all or nothing: a bad row, a wrong type or a throwing writer leave no row and a usable connection")
    func allOrNothing() throws {
        let (database, schema) = try Cluster.schema()
        try database.execute("CREATE TABLE \(schema).t (n int8 PRIMARY KEY, name text)")
        struct Stop: Error {}
        func copy(_ numbers: some Sequence<Int>, _ name: (Int) throws -> String) throws {
            try database.copy(into: "\(schema).t", columns: ["n", "name"], rows: numbers) { number, row in
                row.int64(number)
                row.text(try name(number))
            }
        }
        let duplicate = #expect(throws: DatabaseError.self) { try copy([1, 2, 1]) { _ in "secret" } }
        #expect(duplicate?.isUniqueViolation == true && duplicate?.description.contains("secret") == false)
        #expect(throws: Stop.self) {
            try copy(1...50_000) { number in if number == 49_999 { throw Stop() } else { "x" } }
        }
        let nul = #expect(throws: DatabaseError.self) { try copy([1]) { _ in "a\0b" } }
        #expect(nul?.sqlState == "22021")
        let type = #expect(throws: DatabaseError.self) {
            try database.copy(into: "\(schema).t", columns: ["n"], rows: [1]) { _, row in row.int32(1) }
        }
        #expect(type?.sqlState == "08P01")
        let missing = #expect(throws: DatabaseError.self) {
            try database.copy(into: "\(schema).none", columns: ["n"], rows: [1]) { _, row in row.int64(1) }
        }
        #expect(missing?.sqlState == "42P01")
        #expect(try database.execute("SELECT count(*) AS n FROM \(schema).t")[0].int("n") == 0)
        try copy([]) { _ in "none" }
        try copy(1...3) { "\($0)" }
        #expect(try database.execute("SELECT count(*) AS n FROM \(schema).t")[0].int("n") == 3)
    }

    @Test("COPY inside a transaction that fails is undone with it")
    func insideTransaction() throws {
        let (database, schema) = try Cluster.schema()
        try database.execute("CREATE TABLE \(schema).t (n int8)")
        #expect(throws: DatabaseError.self) {
            try database.transaction {
                try database.copy(into: "\(schema).t", columns: ["n"], rows: 1...1000) { $1.int64($0) }
                try database.execute("SELECT 1/0")
            }
        }
        #expect(try database.execute("SELECT count(*) AS n FROM \(schema).t")[0].int("n") == 0)
    }

    @Test("a row with the wrong number of fields is our own mistake")
    func wrongFieldCount() async throws {
        let address = try Cluster.address
        await #expect(processExitsWith: .failure) { [address = address as String] in
            let database = try Database(address)
            try database.execute("CREATE TEMP TABLE t (a int8, b int8)")
            try database.copy(into: "t", columns: ["a", "b"], rows: [1]) { $1.int64($0) }
        }
    }
}
