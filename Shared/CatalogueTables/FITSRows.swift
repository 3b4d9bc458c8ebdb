internal import FITS
public import ReferenceCatalogue

/// Rows of the first binary table of a FITS file, scalar numbers only.
public struct FITSRows: TableRows {
    private let columns: [FITSColumn]
    private let count: Int
    private var row = 0

    public var place: String { "row \(row)" }

    /// - Throws: `TableError` when there is no such table or column, or a column holds something else than a number.
    public init(_ path: String, columns wanted: [String]) throws(TableError) {
        let table: FITSTable
        do {
            var file = try FITSFile(reading: path)
            table = try file.readTable()
        } catch {
            throw TableError(file: path, reason: "\(error.action): \(error.detail)")
        }
        let other = wanted.filter { name in table.unreadColumns.contains { $0.lowercased() == name.lowercased() } }
        guard other.isEmpty else {
            let names = other.joined(separator: ", ")
            throw TableError(
                file: path,
                reason: "column \(names) holds no single numbers; of FITS tables only those are read: write "
                    + "the table as CSV or VOTable")
        }
        let places = try places(of: wanted, among: table.columns.map(\.name), in: path)
        columns = places.map { table.columns[$0] }
        count = table.columns.first?.count ?? 0
    }

    public mutating func next() throws(TableError) -> [TableField]? {
        guard row < count else { return nil }
        defer { row += 1 }
        return columns.map { column in
            switch column.values {
            case .double(let values): .number(values[row])
            case .float(let values): .number(Double(values[row]))
            case .int32(let values): .integer(Int64(values[row]))
            case .int64(let values): .integer(values[row])
            }
        }
    }
}
