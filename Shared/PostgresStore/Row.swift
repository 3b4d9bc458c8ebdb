internal import CLibPQ
public import Foundation

/// What a statement returned. Rows keep the whole result alive.
public struct Rows: RandomAccessCollection {
    let table: ResultTable
    /// Rows inserted, updated, deleted or selected.
    public let affected: Int

    public var startIndex: Int { 0 }
    public var endIndex: Int { table.count }
    public subscript(position: Int) -> Row {
        precondition(position >= 0 && position < table.count, "row \(position) of \(table.count)")
        return Row(table: table, index: position)
    }
}

/// Owns a PGresult until the last row that looks into it is gone.
final class ResultTable {
    private let result: OpaquePointer
    let count: Int
    private let columns: [String: Int32]

    /// Takes `result` over.
    init(owning result: OpaquePointer) {
        self.result = result
        count = Int(PQntuples(result))
        var columns: [String: Int32] = [:]
        for column in 0..<PQnfields(result) { columns[String(cString: PQfname(result, column))] = column }
        self.columns = columns
    }

    deinit {
        PQclear(result)
    }

    func column(_ name: String) -> Int32? { columns[name] }
    func type(of column: Int32) -> UInt32 { PQftype(result, column) }

    /// The value's text as the server sent it; nil for NULL. Valid as long as the table.
    func bytes(_ row: Int, _ column: Int32) -> UnsafeBufferPointer<UInt8>? {
        guard PQgetisnull(result, Int32(row), column) == 0, let start = PQgetvalue(result, Int32(row), column) else {
            return nil
        }
        let length = Int(PQgetlength(result, Int32(row), column))
        return start.withMemoryRebound(to: UInt8.self, capacity: length + 1) {
            UnsafeBufferPointer(start: $0, count: length)
        }
    }
}

/// One row, read by column name. A NULL where none was allowed for is an error that names the column.
public struct Row {
    let table: ResultTable
    let index: Int

    /// Any type, as PostgreSQL writes it; times in UTC, ISO 8601.
    public func text(_ column: String) throws(ColumnError) -> String { try required(column, "String", Self.text) }
    public func optionalText(_ column: String) throws(ColumnError) -> String? {
        try read(column, "String", Self.text)
    }

    public func int(_ column: String) throws(ColumnError) -> Int { try required(column, "Int", Self.int) }
    public func optionalInt(_ column: String) throws(ColumnError) -> Int? { try read(column, "Int", Self.int) }

    /// Exactly the number that was stored, NaN and infinities included.
    public func double(_ column: String) throws(ColumnError) -> Double { try required(column, "Double", Self.double) }
    public func optionalDouble(_ column: String) throws(ColumnError) -> Double? {
        try read(column, "Double", Self.double)
    }

    public func bool(_ column: String) throws(ColumnError) -> Bool { try required(column, "Bool", Self.bool) }
    public func optionalBool(_ column: String) throws(ColumnError) -> Bool? { try read(column, "Bool", Self.bool) }

    /// The bytes of a bytea, or the UTF-8 text of a json or jsonb.
    public func data(_ column: String) throws(ColumnError) -> Data { try required(column, "Data", Self.data) }
    public func optionalData(_ column: String) throws(ColumnError) -> Data? { try read(column, "Data", Self.data) }

    /// A one-dimensional array without NULLs.
    public func texts(_ column: String) throws(ColumnError) -> [String] { try required(column, "[String]", Self.texts) }
    /// A one-dimensional array without NULLs.
    public func doubles(_ column: String) throws(ColumnError) -> [Double] {
        try required(column, "[Double]", Self.doubles)
    }

    private typealias Parse<Value> = (UnsafeBufferPointer<UInt8>, UInt32) -> Value?

    private func required<Value>(
        _ column: String, _ wanted: String, _ parse: Parse<Value>
    ) throws(ColumnError) -> Value {
        guard let value = try read(column, wanted, parse) else {
            throw ColumnError(column: column, wanted: wanted, found: "null")
        }
        return value
    }

    private func read<Value>(_ column: String, _ wanted: String, _ parse: Parse<Value>) throws(ColumnError) -> Value? {
        guard let place = table.column(column) else {
            throw ColumnError(column: column, wanted: wanted, found: "not in the result")
        }
        guard let bytes = table.bytes(index, place) else { return nil }
        let type = table.type(of: place)
        guard let value = parse(bytes, type) else {
            throw ColumnError(column: column, wanted: wanted, found: PostgresType.name(type))
        }
        return value
    }

    private static func text(_ bytes: UnsafeBufferPointer<UInt8>, _ type: UInt32) -> String? {
        String(decoding: bytes, as: UTF8.self)
    }

    private static func int(_ bytes: UnsafeBufferPointer<UInt8>, _ type: UInt32) -> Int? {
        Int(String(decoding: bytes, as: UTF8.self))
    }

    private static func double(_ bytes: UnsafeBufferPointer<UInt8>, _ type: UInt32) -> Double? {
        Double(String(decoding: bytes, as: UTF8.self))
    }

    private static func bool(_ bytes: UnsafeBufferPointer<UInt8>, _ type: UInt32) -> Bool? {
        guard type == PostgresType.bool else { return nil }
        return bytes.first == UInt8(ascii: "t")
    }

    private static func data(_ bytes: UnsafeBufferPointer<UInt8>, _ type: UInt32) -> Data? {
        switch type {
        case PostgresType.json, PostgresType.jsonb: return Data(bytes)
        case PostgresType.bytea: return unhex(bytes)
        default: return nil
        }
    }

    private static func texts(_ bytes: UnsafeBufferPointer<UInt8>, _ type: UInt32) -> [String]? {
        guard let elements = ArrayText.read(String(decoding: bytes, as: UTF8.self)) else { return nil }
        let texts = elements.compactMap { $0 }
        return texts.count == elements.count ? texts : nil
    }

    private static func doubles(_ bytes: UnsafeBufferPointer<UInt8>, _ type: UInt32) -> [Double]? {
        guard let texts = texts(bytes, type) else { return nil }
        let numbers = texts.compactMap { Double($0) }
        return numbers.count == texts.count ? numbers : nil
    }

    /// `\x0aff...`
    private static func unhex(_ bytes: UnsafeBufferPointer<UInt8>) -> Data? {
        guard bytes.count >= 2, bytes.count % 2 == 0, bytes[0] == UInt8(ascii: "\\"), bytes[1] == UInt8(ascii: "x")
        else {
            return nil
        }
        func digit(_ character: UInt8) -> UInt8 {
            character <= UInt8(ascii: "9") ? character - UInt8(ascii: "0") : character - UInt8(ascii: "a") + 10
        }
        var data = Data(capacity: bytes.count / 2 - 1)
        for index in stride(from: 2, to: bytes.count, by: 2) {
            data.append(digit(bytes[index]) << 4 | digit(bytes[index + 1]))
        }
        return data
    }
}
