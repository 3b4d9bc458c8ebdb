public import ReferenceCatalogue

/// Rows of a table of text whose fields stand at the same bytes of every line; a line that ends early has no field
/// there. Lines that begin with "#" are remarks.
public struct FixedWidthRows: TableRows {
    private var lines: TextLines
    private let wanted: [TextLayout.Field]

    public var place: String { lines.place }

    /// - Parameters:
    ///   - path: the file; "-" is standard input.
    ///   - layout: a sound one with `fields`.
    /// - Throws: `TableError` when the file cannot be opened or the layout has no such field.
    public init(_ path: String, columns: [String], layout: TextLayout) throws(TableError) {
        lines = try TextLines(path, hasQuotes: false, skipping: layout.skip ?? [])
        let fields = layout.fields ?? []
        wanted = try places(of: columns, among: fields.map(\.name), in: lines.file).map { fields[$0] }
    }

    public mutating func next() throws(TableError) -> [TableField]? {
        guard let line = try lines.next() else { return nil }
        return wanted.map { field in
            let first = line.startIndex + field.first - 1
            guard first < line.endIndex else { return .missing }
            let text = line[first..<min(line.startIndex + field.last, line.endIndex)].trimmed
            return text.isEmpty ? .missing : .text(String(decoding: text, as: UTF8.self))
        }
    }
}
