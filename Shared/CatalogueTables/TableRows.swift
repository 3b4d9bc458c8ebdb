public import ReferenceCatalogue

/// What is wrong with a table on disk, and where.
public struct TableError: Error, Sendable, Hashable, CustomStringConvertible {
    public let file: String
    public let reason: String

    public var description: String { "\(file): \(reason)" }
}

/// The rows of a table, one after the other, with chosen columns only.
public protocol TableRows {
    /// The next row's fields in the order of the columns asked for; `nil` after the last.
    ///
    /// - Throws: `TableError` where the table cannot be read on.
    mutating func next() throws(TableError) -> [TableField]?
    /// Where the row that came last begins: "line 17", "row 3".
    var place: String { get }
}

extension TableError {
    /// For columns that a table does not have.
    static func missing(_ columns: [String], among known: [String], in file: String) -> TableError {
        let names = known.prefix(40).joined(separator: ", ")
        let more = known.count > 40 ? " and \(known.count - 40) more" : ""
        let wanted = columns.joined(separator: ", ")
        return TableError(file: file, reason: "there is no column \(wanted); its columns are \(names)\(more)")
    }
}

/// The places of columns by their names: exactly as written, else without regard to case.
func places(of columns: [String], among known: [String], in file: String) throws(TableError) -> [Int] {
    var found: [Int] = []
    var absent: [String] = []
    for column in columns {
        let exact = known.firstIndex(of: column)
        if let place = exact ?? known.firstIndex(where: { $0.lowercased() == column.lowercased() }) {
            found.append(place)
        } else {
            absent.append(column)
        }
    }
    guard absent.isEmpty else { throw .missing(absent, among: known, in: file) }
    return found
}

/// The format of a table, by what its first bytes say.
public enum TableFormat: String, Sendable, CaseIterable {
    case csv, fits, votable
}
