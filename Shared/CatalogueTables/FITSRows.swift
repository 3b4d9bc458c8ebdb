internal import FITS
public import ReferenceCatalogue

/// Rows of the first binary table of a FITS file: single numbers and texts. A column's TNULL is a missing value.
public struct FITSRows: TableRows {
    private enum Column {
        case numbers(FITSColumn)
        case texts([String])
    }

    private let columns: [Column]
    /// Of the columns that the fields are of.
    public let names: [String]
    private let count: Int
    private var row = 0

    public var place: String { "row \(row)" }

    /// - Parameter wanted: names; nil: all columns that can be read.
    /// - Throws: `TableError` when there is no such table or column, or a column holds arrays or logicals.
    public init(_ path: String, columns wanted: [String]?) throws(TableError) {
        let table: FITSTable
        do {
            var file = try FITSFile(reading: path)
            table = try file.readTable()
        } catch {
            throw TableError(file: path, reason: "\(error.action): \(error.detail)")
        }
        let other = (wanted ?? []).filter { name in
            table.unreadColumns.contains { $0.lowercased() == name.lowercased() }
        }
        guard other.isEmpty else {
            let names = other.joined(separator: ", ")
            throw TableError(
                file: path,
                reason: "column \(names) holds neither single numbers nor texts; of FITS tables only those are read: "
                    + "write the table as CSV or VOTable")
        }
        let numbers = table.columns.map { ($0.name, Column.numbers($0)) }
        let all = numbers + table.texts.map { ($0.name, Column.texts($0.values)) }
        names = wanted ?? all.map(\.0)
        columns = try places(of: names, among: all.map(\.0), in: path).map { all[$0].1 }
        count = table.columns.first?.count ?? table.texts.first?.values.count ?? 0
    }

    public mutating func next() throws(TableError) -> [TableField]? {
        guard row < count else { return nil }
        defer { row += 1 }
        return columns.map { column in
            switch column {
            case .texts(let texts): texts[row].isEmpty ? .missing : .text(texts[row])
            case .numbers(let column): Self.field(column, row)
            }
        }
    }

    private static func field(_ column: FITSColumn, _ row: Int) -> TableField {
        switch column.values {
        case .double(let values): .number(values[row])
        case .float(let values): .number(Double(values[row]))
        case .int32(let values): Int64(values[row]) == column.null ? .missing : .integer(Int64(values[row]))
        case .int64(let values): values[row] == column.null ? .missing : .integer(values[row])
        }
    }
}
