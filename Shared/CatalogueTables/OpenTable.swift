internal import Foundation
public import ReferenceCatalogue

extension TableFormat {
    /// The format of a file by its first bytes; standard input is taken as CSV.
    ///
    /// - Throws: `TableError` when the file cannot be read, or is packed.
    public static func of(_ path: String) throws(TableError) -> TableFormat {
        guard path != "-" else { return .csv }
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw TableError(file: path.isEmpty ? "''" : path, reason: String(cString: strerror(errno)))
        }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw TableError(file: path, reason: "it is a folder") }
        let head: Data
        do {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            head = try handle.read(upToCount: 4096) ?? Data()
        } catch {
            throw TableError(file: path, reason: "it cannot be opened: \(error.localizedDescription)")
        }
        if head.starts(with: Array("SIMPLE  =".utf8)) { return .fits }
        if head.starts(with: [0x1F, 0x8B]) {
            throw TableError(
                file: path, reason: "it is packed; unpack it, or hand it in by gzip -dc ... | nightjar ... -")
        }
        let text = String(decoding: head, as: UTF8.self).drop { $0.isWhitespace || $0 == "\u{FEFF}" }
        return text.hasPrefix("<") ? .votable : .csv
    }

    /// The rows of a file in this format, with chosen columns.
    ///
    /// - Parameter layout: of a table of text without a heading; other formats say themselves what their columns are.
    public func rows(
        _ path: String, columns: [String], layout: TextLayout? = nil
    ) throws(TableError) -> any TableRows {
        switch self {
        case .csv:
            if let layout, layout.fields != nil { return try FixedWidthRows(path, columns: columns, layout: layout) }
            return try CSVRows(path, columns: columns, layout: layout)
        case .fits: return try FITSRows(path, columns: columns)
        case .votable: return try VOTableRows(path, columns: columns)
        }
    }
}
