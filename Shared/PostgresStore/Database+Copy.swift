internal import CLibPQ
public import Foundation

/// Writes the fields of one row in PostgreSQL's binary COPY format, in the order of the columns. The type must be
/// exactly the column's: `int32` for integer, `float32` for real. Nil is NULL.
public struct CopyRow {
    fileprivate private(set) var bytes: [UInt8] = []
    private var fields = 0
    private let columnCount: Int

    fileprivate init(columnCount: Int) {
        self.columnCount = columnCount
        bytes.reserveCapacity(CopyRow.flushBytes + 4096)
        bytes.append(contentsOf: Array("PGCOPY\n".utf8) + [0xff, 0x0d, 0x0a, 0])  // signature
        bytes.append(contentsOf: [UInt8](repeating: 0, count: 8))  // flags, header extension
    }

    fileprivate static let flushBytes = 256 * 1024

    /// smallint
    public mutating func int16(_ value: Int16?) { fixed(value) }
    /// integer
    public mutating func int32(_ value: Int32?) { fixed(value) }
    /// bigint
    public mutating func int64(_ value: Int?) { fixed(value.map { Int64($0) }) }
    /// real
    public mutating func float32(_ value: Float?) { fixed(value?.bitPattern) }
    /// double precision
    public mutating func float64(_ value: Double?) { fixed(value?.bitPattern) }
    public mutating func bool(_ value: Bool?) { fixed(value.map { $0 ? UInt8(1) : 0 }) }
    public mutating func null() { fixed(UInt8?.none) }

    /// text, varchar
    public mutating func text(_ value: String?) {
        guard let value else { return null() }
        field(value.utf8)
    }

    /// bytea
    public mutating func data(_ value: Data?) {
        guard let value else { return null() }
        field(value)
    }

    /// jsonb, from UTF-8 bytes
    public mutating func json(_ value: Data?) {
        guard let value else { return null() }
        field([1] + value)  // format version 1
    }

    private mutating func field(_ content: some Collection<UInt8>) {
        fields += 1
        append(Int32(content.count))
        bytes.append(contentsOf: content)
    }

    private mutating func fixed<Value: FixedWidthInteger>(_ value: Value?) {
        fields += 1
        guard let value else { return append(Int32(-1)) }
        append(Int32(MemoryLayout<Value>.size))
        append(value)
    }

    private mutating func append<Value: FixedWidthInteger>(_ value: Value) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    fileprivate mutating func beginRow() {
        fields = 0
        append(Int16(columnCount))
    }

    fileprivate func endRow() {
        precondition(fields == columnCount, "COPY row with \(fields) fields for \(columnCount) columns")
    }

    fileprivate mutating func endRows() { append(Int16(-1)) }
    fileprivate mutating func emptied() { bytes.removeAll(keepingCapacity: true) }
}

extension Database {
    /// Inserts many rows by binary COPY: all of them or, when it throws, none.
    ///
    ///     try database.copy(into: "archive.detection", columns: ["frame", "x", "mag"], rows: detections) { detection,
    ///     row in
    ///         row.text(detection.frame)
    ///         row.float64(detection.x)
    ///         row.float32(detection.magnitude)
    ///     }
    ///
    /// - Parameters:
    ///   - table: may name a schema.
    ///   - write: writes one field per column, in order; a different number is a precondition failure.
    /// - Returns: the number of rows.
    /// - Throws: `Unavailable`, `DatabaseError` (08P01 or 22P03 where a field's type is not the column's), what `rows`
    ///   or `write` throw.
    @discardableResult
    public func copy<Elements: Sequence>(
        into table: String, columns: [String], rows: Elements,
        write: (Elements.Element, inout CopyRow) throws -> Void
    ) throws -> Int {
        precondition(!columns.isEmpty, "COPY without columns")
        let names = columns.map(Self.quoted).joined(separator: ", ")
        let target = table.split(separator: ".").map { Self.quoted(String($0)) }.joined(separator: ".")
        let statement = "COPY \(target) (\(names)) FROM STDIN (FORMAT binary)"
        let connection = try connected()
        PQclear(try checked(PQexec(connection, statement), statement))
        var count = 0
        do {
            var row = CopyRow(columnCount: columns.count)
            for element in rows {
                row.beginRow()
                try write(element, &row)
                row.endRow()
                count += 1
                if row.bytes.count >= CopyRow.flushBytes { try send(&row, connection) }
            }
            row.endRows()
            try send(&row, connection)
        } catch {
            abandonCopy(connection)
            throw error
        }
        try finishCopy(connection, statement)
        return count
    }

    /// A name as an identifier, whatever characters it has.
    public static func quoted(_ identifier: String) -> String {
        "\"" + identifier.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    private func send(_ row: inout CopyRow, _ connection: OpaquePointer) throws {
        let sent = row.bytes.withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) {
                PQputCopyData(connection, $0.baseAddress, Int32($0.count))
            }
        }
        guard sent == 1 else { throw unavailable(String(cString: PQerrorMessage(connection))) }
        row.emptied()
    }

    private func finishCopy(_ connection: OpaquePointer, _ statement: String) throws {
        guard PQputCopyEnd(connection, nil) == 1 else { throw unavailable(String(cString: PQerrorMessage(connection))) }
        defer { drain(connection) }
        PQclear(try checked(PQgetResult(connection), statement))
    }

    /// Makes the server forget the rows sent so far.
    private func abandonCopy(_ connection: OpaquePointer) {
        _ = PQputCopyEnd(connection, "abandoned")
        drain(connection)
    }

    private func drain(_ connection: OpaquePointer) {
        guard isOpen(connection) else { return }
        while let result = PQgetResult(connection) { PQclear(result) }
    }
}
