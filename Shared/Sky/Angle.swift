/// Reading of angles as text.
public enum Angle {
    /// What one whole unit of the text is worth.
    public enum Unit: Sendable {
        case degrees
        /// 15 degrees each.
        case hours

        var degrees: Double { self == .hours ? 15 : 1 }
    }

    /// Reads decimal or sexagesimal text to degrees.
    ///
    /// Accepted: "83.633", "05:34:31.9", "05 34 31.9", "5h34m31.9s", "+22d00m52s", "-31 16 24", "22°00'52\"", "-00:00:01"
    /// (the sign of a negative zero is kept), two parts ("05:34.5"). Only the last part may have a fraction; minutes stay
    /// below 60; 60 seconds sharp are taken as the rounding they are.
    /// - Parameters:
    ///   - text: the angle; blanks around it do not matter.
    ///   - plain: unit of a single number without a letter.
    ///   - sexagesimal: unit of the first part of several when no letter ("h", "d", "°") says otherwise.
    ///   - quantity: the name that an error carries, for example a header keyword.
    /// - Returns: the angle [deg], finite, not normalised.
    /// - Throws: `SkyError.unreadable` with the reason.
    public static func degrees(
        from text: String, plain: Unit, sexagesimal: Unit, quantity: String
    ) throws(SkyError) -> Double {
        let unreadable = { (reason: String) in SkyError.unreadable(quantity: quantity, text: text, reason: reason) }
        var body = text.trimmed().lowercased()[...]
        var sign = 1.0
        if let first = body.first, "+-\u{2212}".contains(first) {
            sign = first == "+" ? 1 : -1
            body = body.dropFirst().drop { $0 == " " }
        }
        if body.contains("e"), body.allSatisfy({ ("0"..."9").contains($0) || ".e+-".contains($0) }) {
            // A small number as programs print it: 1e-05.
            guard let value = Double(body), value.isFinite else { throw unreadable("it is no number") }
            return sign * value * plain.degrees
        }
        let tokens = try tokenise(body, orThrow: unreadable)
        guard !tokens.isEmpty else { throw unreadable("there is no number in it") }
        guard tokens.count <= 3 else { throw unreadable("more than three parts") }
        var unit = tokens.count == 1 ? plain : sexagesimal
        for (index, token) in tokens.enumerated() {
            guard let mark = token.mark else { continue }
            guard let position = marks[index].firstIndex(of: mark) else {
                throw unreadable("\"\(mark)\" does not belong behind part \(index + 1)")
            }
            if index == 0, position < 2 { unit = position == 0 ? .hours : .degrees }
            if index == 0, mark == "°" { unit = .degrees }
        }
        return try sign * unit.degrees * value(of: tokens.map(\.number), orThrow: unreadable)
    }

    /// Letters that may follow the first, second and third part.
    private static let marks: [[Character]] = [["h", "d", "°", ":"], ["m", "'", ":"], ["s", "\""]]

    private static func value(
        of numbers: [Substring], orThrow unreadable: (String) -> SkyError
    ) throws(SkyError) -> Double {
        var total = 0.0
        for (index, number) in numbers.enumerated() {
            let isLast = index == numbers.count - 1
            guard isLast || number.allSatisfy({ ("0"..."9").contains($0) }) else {
                throw unreadable("only the last part may have a fraction")
            }
            guard let value = Double(number), value.isFinite else { throw unreadable("\"\(number)\" is no number") }
            guard index == 0 || value < 60 || (index == 2 && value == 60) else {
                throw unreadable(index == 1 ? "minutes reach 60" : "seconds exceed 60")
            }
            total += value / [1.0, 60, 3600][index]
        }
        return total
    }

    private static func tokenise(
        _ body: Substring, orThrow unreadable: (String) -> SkyError
    ) throws(SkyError) -> [(number: Substring, mark: Character?)] {
        var tokens: [(number: Substring, mark: Character?)] = []
        var rest = body
        while let first = rest.first {
            let number = rest.prefix { ("0"..."9").contains($0) || $0 == "." }
            guard !number.isEmpty else { throw unreadable("unexpected \"\(first)\"") }
            guard number.contains(where: { $0 != "." }) else { throw unreadable("\"\(number)\" is no number") }
            rest = rest[number.endIndex...]
            var mark: Character?
            if let next = rest.first, next != " " {
                mark = next == "′" ? "'" : next == "″" ? "\"" : next
                rest = rest.dropFirst()
                guard mark != ":" || !rest.isEmpty else { throw unreadable("it ends with \":\"") }
            }
            rest = rest.drop { $0 == " " }
            tokens.append((number, mark))
        }
        return tokens
    }
}

extension String {
    /// Without blanks, tabs, line ends and NULs around it.
    func trimmed() -> String {
        let isBlank = { (character: Character) in character.isWhitespace || character == "\0" }
        let start = self[...].drop(while: isBlank)
        guard let last = start.lastIndex(where: { !isBlank($0) }) else { return "" }
        return String(start[...last])
    }
}
