internal import Foundation

/// The lines of a file of text, read as it goes: the memory taken does not depend on the length of the file.
struct TextLines {
    let file: String
    /// Of the line that came last, from 1.
    private(set) var number = 0
    /// A quote that is open at a line's end takes the next line with it.
    private let hasQuotes: Bool
    /// Lines that begin with one of these are passed over.
    private let skipped: [[UInt8]]
    private let handle: FileHandle
    private var buffer: [UInt8] = []
    private var position = 0
    private var isAtEnd = false

    /// A line longer than this is none.
    static let maximumLength = 1 << 20

    var place: String { "line \(number)" }

    /// - Parameter path: "-" is standard input.
    init(_ path: String, hasQuotes: Bool, skipping: [String] = []) throws(TableError) {
        file = path == "-" ? "standard input" : path
        self.hasQuotes = hasQuotes
        skipped = (["#"] + skipping).map { Array($0.utf8) }
        do {
            handle = path == "-" ? .standardInput : try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        } catch {
            throw TableError(file: file, reason: "it cannot be opened: \(error.localizedDescription)")
        }
    }

    /// The next line that is neither empty nor passed over, without its end; `nil` after the last.
    mutating func next() throws(TableError) -> ArraySlice<UInt8>? {
        while let line = try nextOfAny() {
            if !line.isEmpty, !skipped.contains(where: { line.starts(with: $0) }) { return line }
        }
        return nil
    }

    private mutating func nextOfAny() throws(TableError) -> ArraySlice<UInt8>? {
        number += 1
        var scanned = position
        var isQuoted = false
        while true {
            while scanned < buffer.count {
                let byte = buffer[scanned]
                if hasQuotes, byte == UInt8(ascii: "\"") { isQuoted.toggle() }
                if byte == UInt8(ascii: "\n"), !isQuoted { break }
                scanned += 1
            }
            if scanned < buffer.count || (isAtEnd && position < buffer.count) { break }
            if isAtEnd { return nil }
            guard scanned - position <= Self.maximumLength else {
                let quote = hasQuotes ? ", or a quote is not closed" : ""
                throw TableError(file: file, reason: "\(place): longer than \(Self.maximumLength) bytes\(quote)")
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
            if number == 1, buffer.isEmpty, piece.starts(with: [0xEF, 0xBB, 0xBF]) {
                buffer.append(contentsOf: piece.dropFirst(3))
            } else {
                buffer.append(contentsOf: piece)
            }
            isAtEnd = piece.isEmpty
        } catch {
            throw TableError(file: file, reason: "it cannot be read on: \(error.localizedDescription)")
        }
    }
}

extension ArraySlice<UInt8> {
    /// Without blanks and tabs around it.
    var trimmed: ArraySlice<UInt8> {
        var rest = self.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        while let last = rest.last, last == UInt8(ascii: " ") || last == UInt8(ascii: "\t") { rest.removeLast() }
        return rest
    }
}
