internal import CLibPQ

/// A large result in PostgreSQL's binary format, read by row and place of the column: for tables of numbers, where
/// text and column names would take most of the time.
public struct BinaryRows {
    private let table: ResultTable
    public var count: Int { table.count }

    fileprivate init(_ table: ResultTable) {
        self.table = table
    }

    public func isNull(_ row: Int, _ column: Int) -> Bool { table.bytes(row, Int32(column)) == nil }

    /// bigint
    public func int64(_ row: Int, _ column: Int) throws(ColumnError) -> Int64 {
        Int64(bitPattern: try word(row, column, PostgresType.int8, "bigint"))
    }

    /// integer
    public func int32(_ row: Int, _ column: Int) throws(ColumnError) -> Int32 {
        guard let bytes = table.bytes(row, Int32(column)), bytes.count == 4 else { throw misfit(column, "integer") }
        return Int32(bitPattern: bytes.reduce(0) { $0 << 8 | UInt32($1) })
    }

    /// double precision
    public func double(_ row: Int, _ column: Int) throws(ColumnError) -> Double {
        Double(bitPattern: try word(row, column, PostgresType.float8, "double precision"))
    }

    /// double precision; nil for NULL
    public func optionalDouble(_ row: Int, _ column: Int) throws(ColumnError) -> Double? {
        isNull(row, column) ? nil : try double(row, column)
    }

    private func word(_ row: Int, _ column: Int, _ type: UInt32, _ wanted: String) throws(ColumnError) -> UInt64 {
        let bytes = table.type(of: Int32(column)) == type ? table.bytes(row, Int32(column)) : nil
        guard let bytes, bytes.count == 8 else { throw misfit(column, wanted) }
        return bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    private func misfit(_ column: Int, _ wanted: String) -> ColumnError {
        ColumnError(
            column: "column \(column)", wanted: wanted, found: PostgresType.name(table.type(of: Int32(column))))
    }
}

extension Database {
    /// Runs one statement whose result is wanted in binary.
    ///
    /// - Throws: `Unavailable`, `DatabaseError`.
    public func executeBinary(_ statement: String, _ parameters: [SQLValue] = []) throws -> BinaryRows {
        let encoded = try EncodedParameters(parameters, statement: statement)
        let connection = try connected()
        let result = encoded.withPointers { values in
            PQexecParams(
                connection, statement, Int32(values.count), encoded.types, values, encoded.lengths, encoded.formats, 1)
        }
        return BinaryRows(ResultTable(owning: try checked(result, statement)))
    }
}
