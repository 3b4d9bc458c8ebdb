internal import Foundation

/// Pixel positions from a text file: columns x and y by name, or the first two columns where there is no header.
///
/// Fields are separated by commas, semicolons, tabs or blanks; empty lines and lines that begin with # do not count.
enum PositionList {
    /// - Throws: `FrameError` with the line at fault.
    static func read(_ path: String) throws -> [(x: Double, y: Double)] {
        let text = String(decoding: try givenText(path, what: "the positions"), as: UTF8.self)
        let positions = try parse(text, path: path)
        guard !positions.isEmpty else { throw FrameError(path, "there is no position in it: give columns x and y") }
        return positions
    }

    static func parse(_ text: String, path: String) throws -> [(x: Double, y: Double)] {
        var columns: (x: Int, y: Int)?
        var positions: [(x: Double, y: Double)] = []
        for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let fields = fields(of: line)
            if fields.isEmpty || fields[0].hasPrefix("#") { continue }
            if columns == nil {
                columns = try header(fields, path)
                if columns != nil, Double(fields[0]) == nil { continue }
            }
            let (x, y) = columns ?? (0, 1)
            guard fields.count > max(x, y), let left = Double(fields[x]), let up = Double(fields[y]), left.isFinite,
                up.isFinite
            else { throw FrameError(path, "line \(number + 1): '\(line.prefix(60))' does not give x and y as numbers") }
            positions.append((left, up))
        }
        return positions
    }

    /// Places of the columns: by name, or the first two of a line of numbers.
    private static func header(_ fields: [String], _ path: String) throws -> (x: Int, y: Int) {
        if Double(fields[0]) != nil { return (0, 1) }
        let names = fields.map { $0.lowercased() }
        guard let x = names.firstIndex(of: "x"), let y = names.firstIndex(of: "y") else {
            throw FrameError(path, "the columns are \(fields.joined(separator: ", ")); x and y are needed")
        }
        return (x, y)
    }

    private static func fields(of line: Substring) -> [String] {
        let separator: Character? = [",", ";", "\t"].first { line.contains($0) }
        let parts =
            separator.map { line.split(separator: $0, omittingEmptySubsequences: false) }
            ?? line.split(whereSeparator: \.isWhitespace)
        let fields = parts.map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " \t\r\"")) }
        return fields.allSatisfy(\.isEmpty) ? [] : fields
    }
}
