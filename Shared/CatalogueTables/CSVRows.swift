public import ReferenceCatalogue

/// Rows of a table of separated values: RFC 4180, or with another separator; lines that begin with "#" are remarks.
///
/// A line of dashes, three or more together, below the heading ends it: what stands between them, such as units, is
/// passed over (VizieR writes a line of units and one of dashes). With a layout there is no heading.
public struct CSVRows: TableRows {
    private var lines: TextLines
    private var wanted: [Int] = []
    private var columnCount = 0
    private let separator: UInt8
    /// Rows that were read while the end of the heading was looked for, with the numbers of their lines.
    private var pending: [(number: Int, line: [UInt8])] = []
    private var number = 1

    public var place: String { "line \(number)" }

    /// How many lines below the first one a heading may have.
    private static let longestHeading = 3

    /// - Parameters:
    ///   - path: the file; "-" is standard input.
    ///   - columns: names as in the heading line, or in the layout.
    ///   - layout: names and separator of a table without a heading.
    public init(_ path: String, columns: [String], layout: TextLayout? = nil) throws(TableError) {
        if let names = layout?.names, let byte = layout?.separator?.utf8.first {
            separator = byte
            lines = try TextLines(path, hasQuotes: false, skipping: layout?.skip ?? [])
            columnCount = names.count
            wanted = try places(of: columns, among: names, in: lines.file)
            return
        }
        lines = try TextLines(path, hasQuotes: true)
        guard let heading = try lines.next() else { throw TableError(file: lines.file, reason: "it is empty") }
        separator = Self.separator(of: heading)
        let names = try fields(heading).map { $0.text ?? "" }
        columnCount = names.count
        wanted = try places(of: columns, among: names, in: lines.file)
        try passHeading()
    }

    public mutating func next() throws(TableError) -> [TableField]? {
        let line: ArraySlice<UInt8>
        if pending.isEmpty {
            guard let following = try lines.next() else { return nil }
            (number, line) = (lines.number, following)
        } else {
            let first = pending.removeFirst()
            (number, line) = (first.number, first.line[...])
        }
        let fields = try fields(line)
        guard fields.count == columnCount else {
            throw TableError(
                file: lines.file, reason: "\(place): there are \(fields.count) fields under \(columnCount) headings")
        }
        return wanted.map { fields[$0] }
    }

    private mutating func passHeading() throws(TableError) {
        var passed: [(number: Int, line: [UInt8])] = []
        while passed.count < Self.longestHeading, let line = try lines.next() {
            let other = line.first { $0 != UInt8(ascii: "-") && $0 != separator && $0 != UInt8(ascii: " ") }
            let dashes = line.split { $0 != UInt8(ascii: "-") }
            if other == nil, dashes.contains(where: { $0.count >= 3 }) { return }
            passed.append((lines.number, Array(line)))
        }
        pending = passed
    }

    /// The separator that the heading has most of.
    private static func separator(of heading: ArraySlice<UInt8>) -> UInt8 {
        let candidates: [UInt8] = [",", "\t", ";", "|"].map { UInt8(ascii: $0) }
        let counts = candidates.map { candidate in heading.count { $0 == candidate } }
        return zip(candidates, counts).max { $0.1 < $1.1 }?.0 ?? UInt8(ascii: ",")
    }

    private func fields(_ line: ArraySlice<UInt8>) throws(TableError) -> [TableField] {
        let (quote, blank) = (UInt8(ascii: "\""), UInt8(ascii: " "))
        if separator == blank {
            return line.split { $0 == blank || $0 == UInt8(ascii: "\t") }.map {
                .text(String(decoding: $0, as: UTF8.self))
            }
        }
        var result: [TableField] = []
        var field: [UInt8] = []
        var isQuoted = false
        var wasQuoted = false
        func finish() {
            while !wasQuoted, field.last == blank { field.removeLast() }
            let text = String(decoding: wasQuoted ? field[...] : field.drop { $0 == blank }, as: UTF8.self)
            result.append(text.isEmpty ? .missing : .text(text))
            field.removeAll(keepingCapacity: true)
            wasQuoted = false
        }
        for byte in line {
            if byte == quote {
                // Blanks before a quoted field are not part of it; two quotes inside are one of its letters.
                if !wasQuoted, field.allSatisfy({ $0 == blank }) { field.removeAll() }
                if !isQuoted, wasQuoted { field.append(quote) }
                isQuoted.toggle()
                wasQuoted = true
            } else if byte == separator, !isQuoted {
                finish()
            } else {
                field.append(byte)
            }
        }
        guard !isQuoted else { throw TableError(file: lines.file, reason: "\(place): a quote is not closed") }
        finish()
        return result
    }
}
