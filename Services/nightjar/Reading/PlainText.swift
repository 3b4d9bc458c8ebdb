internal import Foundation

extension String {
    /// Without control characters: what a file or header was called cannot steer a terminal.
    var printable: String {
        var result = ""
        for scalar in unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// As a word of a shell command.
    var shellWord: String {
        let isPlain =
            !isEmpty && allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/._-+=:@,".contains($0)) }
        return isPlain ? self : "'" + replacingOccurrences(of: "'", with: "'\\''") + "'"
    }
}

/// Columns under their headings, for people. The last column is not padded.
struct TextTable {
    let headings: [String]
    var rows: [[String]] = []

    init(_ headings: [String]) {
        self.headings = headings
    }

    var text: String {
        let lines = ([headings] + rows).map { $0.map(\.printable) }
        let widths = headings.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            let padded = zip(line, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            let text = padded.joined(separator: "  ")
            return String(text.reversed().drop { $0 == " " }.reversed())
        }.joined(separator: "\n")
    }
}

/// A length of time as people write it: `90s`, `30m`, `2h`, `1.5d`, `2w`.
struct TimeSpan: Equatable {
    /// At least 0, at most a hundred years [s].
    let seconds: Double

    /// - Parameter option: the option it was given for, named in the error.
    init(_ text: String, option: String) throws(UsageError) {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
        let digits = text.dropLast()
        let isPlain = !digits.isEmpty && digits.allSatisfy { ("0"..."9").contains($0) || $0 == "." }
        guard let unit = text.last.flatMap({ units[$0] }), isPlain, let count = Double(digits),
            count * unit <= 100 * 365.25 * 86_400
        else {
            throw UsageError(
                "--\(option) \(text.printable): give a length of time like 90s, 30m, 2h, 1.5d or 2w, at most 5000w")
        }
        seconds = count * unit
    }

    var hours: Double { seconds / 3600 }
}

/// The date on which an observing night begins at the site: `2026-11-21`.
struct NightDate {
    let text: String

    init(_ text: String) throws(UsageError) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let isDigits = parts.allSatisfy { $0.allSatisfy { ("0"..."9").contains($0) } }
        let numbers = parts.compactMap { Int($0) }
        guard parts.map(\.count) == [4, 2, 2], isDigits, numbers.count == 3, (1...12).contains(numbers[1]),
            (1...Self.days(month: numbers[1], year: numbers[0])).contains(numbers[2])
        else {
            throw UsageError(
                "night '\(text.printable)': give the date of its evening at the site, like 2026-11-21")
        }
        self.text = text
    }

    private static func days(month: Int, year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }
}
