internal import Foundation
public import ReferenceCatalogue

/// Rows of a table of separated values: RFC 4180, or with another separator; lines that begin with "#" are remarks.
///
/// Reads as it goes: the memory taken does not depend on the length of the file.
public struct CSVRows: TableRows {
    private let file: String
    private let handle: FileHandle
    private var buffer: [UInt8] = []
    private var position = 0
    private var isAtEnd = false
    private var lineNumber = 0
    private var columnCount = 0
    private var wanted: [Int] = []
    private var separator: UInt8?

    /// A row longer than this is no row.
    static let maximumRowLength = 1 << 20

    public var place: String { "line \(lineNumber)" }

    /// - Parameters:
    ///   - path: the file; "-" is standard input.
    ///   - columns: names as in the heading line.
    public init(_ path: String, columns: [String]) throws(TableError) {
        file = path == "-" ? "standard input" : path
        do {
            handle = path == "-" ? .standardInput : try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        } catch {
            throw TableError(file: file, reason: "it cannot be opened: \(error.localizedDescription)")
        }
        guard let heading = try nextLine() else { throw TableError(file: file, reason: "it is empty") }
        separator = Self.separator(of: heading)
        let names = try fields(heading).map { $0.text ?? "" }
        columnCount = names.count
        wanted = try places(of: columns, among: names, in: file)
    }

    public mutating func next() throws(TableError) -> [TableField]? {
        guard let line = try nextLine() else { return nil }
        let fields = try fields(line)
        guard fields.count == columnCount else {
            throw TableError(
                file: file, reason: "\(place): there are \(fields.count) fields under \(columnCount) headings")
        }
        return wanted.map { fields[$0] }
    }

    /// The separator that the heading has most of.
    private static func separator(of heading: ArraySlice<UInt8>) -> UInt8 {
        let candidates: [UInt8] = [",", "\t", ";", "|"].map { UInt8(ascii: $0) }
        let counts = candidates.map { candidate in heading.count { $0 == candidate } }
        return zip(candidates, counts).max { $0.1 < $1.1 }?.0 ?? UInt8(ascii: ",")
    }
}

extension CSVRows {
    /// The next line that is neither empty nor a remark, without its end; one with an open quote goes on to the next.
    private mutating func nextLine() throws(TableError) -> ArraySlice<UInt8>? {
        while true {
            guard let line = try rawLine() else { return nil }
            if let first = line.first, first != UInt8(ascii: "#") { return line }
        }
    }

    private mutating func rawLine() throws(TableError) -> ArraySlice<UInt8>? {
        lineNumber += 1
        var scanned = position
        var isQuoted = false
        while true {
            while scanned < buffer.count {
                let byte = buffer[scanned]
                if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
                if byte == UInt8(ascii: "\n"), !isQuoted { break }
                scanned += 1
            }
            if scanned < buffer.count || (isAtEnd && position < buffer.count) { break }
            if isAtEnd { return nil }
            guard scanned - position <= Self.maximumRowLength else {
                throw TableError(
                    file: file,
                    reason: "\(place): longer than \(Self.maximumRowLength) bytes, or a quote "
                        + "is not closed")
            }
            scanned -= position
            try fill()
        }
        var end = scanned
        defer { position = min(scanned + 1, buffer.count) }
        while end > position, buffer[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        return buffer[position..<end]
    }

    /// Drops what was read and reads on behind what was not.
    private mutating func fill() throws(TableError) {
        buffer.removeFirst(position)
        position = 0
        do {
            let piece = try handle.read(upToCount: 1 << 18) ?? Data()
            if lineNumber == 1, buffer.isEmpty, piece.starts(with: [0xEF, 0xBB, 0xBF]) {
                buffer.append(contentsOf: piece.dropFirst(3))
            } else {
                buffer.append(contentsOf: piece)
            }
            isAtEnd = piece.isEmpty
        } catch {
            throw TableError(file: file, reason: "it cannot be read on: \(error.localizedDescription)")
        }
    }

    private func fields(_ line: ArraySlice<UInt8>) throws(TableError) -> [TableField] {
        let (quote, blank) = (UInt8(ascii: "\""), UInt8(ascii: " "))
        let separator = separator ?? UInt8(ascii: ",")
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
        guard !isQuoted else { throw TableError(file: file, reason: "\(place): a quote is not closed") }
        finish()
        return result
    }
}
