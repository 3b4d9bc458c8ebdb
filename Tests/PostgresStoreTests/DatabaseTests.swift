import Foundation
import Pipeline
import PostgresStore
import TestKit
import Testing

@Suite struct DatabaseTests {
    @Test("every double comes back bit for bit, special values included")
    func doubles() throws {
        let (database, schema) = try Cluster.schema()
        try database.execute("CREATE TABLE \(schema).number (id bigint, value float8, single float4)")
        var values: [Double] = [
            0, -0.0, 0.1, 1 / 3, .pi, .greatestFiniteMagnitude, .leastNonzeroMagnitude, .leastNormalMagnitude,
            .infinity, -.infinity, .nan, 2459123.456789012345, 1.0000000000000002,
        ]
        var state: UInt64 = 42
        for _ in 0..<500 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            values.append(Double(bitPattern: state))
        }
        for (index, value) in values.enumerated() {
            try database.execute("INSERT INTO \(schema).number VALUES ($1, $2)", [.int(index), .double(value)])
        }
        let rows = try database.execute("SELECT value FROM \(schema).number ORDER BY id")
        #expect(rows.count == values.count)
        for (row, value) in zip(rows, values) {
            let back = try row.double("value")
            #expect(back.bitPattern == value.bitPattern || (back.isNaN && value.isNaN))
        }
        let array = try database.execute("SELECT $1 AS values", [.doubles(values)])[0].doubles("values")
        #expect(zip(array, values).allSatisfy { $0.bitPattern == $1.bitPattern || ($0.isNaN && $1.isNaN) })
    }

    @Test("each type comes back as it went in, hostile text included")
    func types() throws {
        let database = try Cluster.connect()
        let hostile = "'; DROP TABLE x; -- \\ \" é 星 \u{1F31F}\n\t{}$1"
        let bytes = Data((0...255).map { UInt8($0) })
        let row = try database.execute(
            """
            SELECT $1::text AS t, $2 AS i, $3 AS b, $4 AS d, $5 AS j, $6 AS ts, $7 AS ds, $8::text AS n, '' AS empty,
                   $9::timestamptz AS at, $10 AS i8
            """,
            [
                .text(hostile), .int(.min), true, .data(bytes), .json(Data(#"{"a": "é"}"#.utf8)),
                .texts([hostile, "", "NULL", "a,b"]), .doubles([1.5, -.infinity]), nil, "2020-09-01T12:00:00+02:00",
                .ints([1, -2]),
            ])[0]
        #expect(try row.text("t") == hostile)
        #expect(try row.int("i") == .min)
        #expect(try row.bool("b"))
        #expect(try row.data("d") == bytes)
        #expect(try row.data("j") == Data(#"{"a": "é"}"#.utf8))
        #expect(try row.texts("ts") == [hostile, "", "NULL", "a,b"])
        #expect(try row.doubles("ds") == [1.5, -.infinity])
        #expect(try row.optionalText("n") == nil)
        #expect(try row.text("empty") == "")
        #expect(try row.text("at") == "2020-09-01 10:00:00+00")
        #expect(try row.texts("i8") == ["1", "-2"])
        #expect(try database.execute("SELECT $1 AS none", [.texts([])])[0].texts("none") == [])
    }

    @Test("a column that cannot be read is named with both types and without its value")
    func columnErrors() throws {
        let row = try Cluster.connect().execute(
            "SELECT 'secret'::text AS name, NULL::float8 AS mag, 1.5::numeric AS n")[0]
        #expect(throws: ColumnError(column: "name", wanted: "Int", found: "text")) { try row.int("name") }
        #expect(throws: ColumnError(column: "mag", wanted: "Double", found: "null")) { try row.double("mag") }
        #expect(throws: ColumnError(column: "n", wanted: "Int", found: "numeric")) { try row.int("n") }
        #expect(throws: ColumnError(column: "flux", wanted: "Double", found: "not in the result")) {
            try row.optionalDouble("flux")
        }
        #expect(try row.optionalDouble("mag") == nil)
    }

    @Test("a text with a NUL is refused, not cut off")
    func nulCharacter() throws {
        let database = try Cluster.connect()
        let error = #expect(throws: DatabaseError.self) { try database.execute("SELECT $1::text", ["before\0after"]) }
        #expect(error?.message == "parameter $1 holds a NUL character")
        #expect(throws: DatabaseError.self) { try database.execute("SELECT $1", [.json(Data("{\"a\":\"\0\"}".utf8))]) }
        #expect(throws: DatabaseError.self) { try database.execute("SELECT $1", [.texts(["a\0b"])]) }
    }

    @Test("a broken constraint names itself and no row data")
    func constraints() throws {
        let (database, schema) = try Cluster.schema()
        try database.execute(
            """
            CREATE TABLE \(schema).frame (
                id text CONSTRAINT frame_key PRIMARY KEY, n int CONSTRAINT positive CHECK (n > 0))
            """
        )
        let insert = "INSERT INTO \(schema).frame VALUES ($1, $2)"
        try database.execute(insert, ["secret-row", 1])
        let unique = #expect(throws: DatabaseError.self) { try database.execute(insert, ["secret-row", 1]) }
        #expect(unique?.isUniqueViolation == true && unique?.constraint == "frame_key" && unique?.table == "frame")
        let check = #expect(throws: DatabaseError.self) { try database.execute(insert, ["other-secret", -5]) }
        #expect(check?.sqlState == "23514" && check?.constraint == "positive" && check?.isConstraintViolation == true)
        let null = #expect(throws: DatabaseError.self) { try database.execute(insert, [nil, 1]) }
        #expect(null?.sqlState == "23502" && null?.column == "id")
        let value = #expect(throws: DatabaseError.self) {
            try database.execute("INSERT INTO \(schema).frame VALUES ('x', $1)", ["secret-number"])
        }
        #expect(value?.sqlState == "22P02")
        let syntax = #expect(throws: DatabaseError.self) { try database.execute("SELEC 'secret'") }
        #expect(syntax?.sqlState == "42601")
        for error in [unique, check, null, value, syntax] {
            #expect("\(try #require(error))".contains("secret") == false)
        }
    }

    @Test("a transaction commits as a whole or not at all, and an ignored error inside it is not taken for success")
    func transactions() throws {
        let (database, schema) = try Cluster.schema()
        try database.execute("CREATE TABLE \(schema).t (n int PRIMARY KEY)")
        struct Stop: Error {}
        #expect(throws: Stop.self) {
            try database.transaction {
                try database.execute("INSERT INTO \(schema).t VALUES (1)")
                throw Stop()
            }
        }
        let error = #expect(throws: DatabaseError.self) {
            try database.transaction {
                try database.execute("INSERT INTO \(schema).t VALUES (2)")
                _ = Result { try database.execute("SELECT 1/0") }
            }
        }
        #expect(error?.sqlState == "25P02")
        let count = try database.transaction { () throws -> Int in
            try database.execute("INSERT INTO \(schema).t VALUES (3)").affected
        }
        #expect(count == 1)
        #expect(try database.execute("SELECT n FROM \(schema).t").map { try $0.int("n") } == [3])
    }

    @Test("a transaction inside a transaction is our own mistake")
    func nested() async throws {
        let address = try Cluster.address
        await #expect(processExitsWith: .failure) { [address = address as String] in
            let database = try Database(address)
            try database.transaction { try database.transaction {} }
        }
    }

    @Test("a deferred constraint that breaks at commit is an error, and the connection stays usable")
    func deferredConstraint() throws {
        let (database, schema) = try Cluster.schema()
        try database.execute("CREATE TABLE \(schema).t (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        let error = #expect(throws: DatabaseError.self) {
            try database.transaction { try database.execute("INSERT INTO \(schema).t VALUES (1), (1)") }
        }
        #expect(error?.isUniqueViolation == true)
        #expect(try database.execute("SELECT count(*) AS n FROM \(schema).t")[0].int("n") == 0)
    }

    @Test("a statement that takes longer than its timeout says so")
    func timeout() throws {
        let database = try Cluster.connect(statementTimeoutSeconds: 0.05)
        let error = #expect(throws: DatabaseError.self) { try database.execute("SELECT pg_sleep(5)") }
        #expect(error?.isTimeout == true)
        try database.setStatementTimeout(seconds: nil)
        try database.execute("SELECT pg_sleep(0.1)")
    }
}
