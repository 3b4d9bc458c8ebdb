/// A line's field that cannot be read.
struct FieldProblem: Error {
    var column: String
    var text: String
}

/// Turns texts into values, with the ranges beyond which a number must be in the wrong column or unit.
enum FieldValues {
    static let julianDates = 2_400_000.5...2_500_000.5
    static let modifiedJulianDates = 0.0...100_000.0
    static let magnitudes = -30.0...40.0

    /// `na`, `nan` and nothing mean not known.
    static func isMissing(_ text: String) -> Bool {
        ["", "na", "n/a", "nan", "null", "none", "-", "--"].contains(text.lowercased())
    }

    static func number(_ text: String, column: String, in range: ClosedRange<Double>) throws(FieldProblem) -> Double? {
        if isMissing(text) { return nil }
        guard let value = text.decimal else {
            throw FieldProblem(column: column, text: "\(text.excerpt) is not a number")
        }
        guard range.contains(value) else {
            throw FieldProblem(
                column: column, text: "\(text.excerpt) is outside \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// Not known where it cannot be right: an error that is zero, negative or huge says nothing.
    static func error(_ text: String, column: String) throws(FieldProblem) -> Double? {
        guard let value = try number(text, column: column, in: -1000...1000), value > 0, value < 10 else { return nil }
        return value
    }

    /// As `error`, but 0 is a level's error as any other: that of a scale by definition.
    static func levelError(_ text: String, column: String) throws(FieldProblem) -> Double? {
        guard let value = try number(text, column: column, in: -1000...1000), value >= 0, value < 10 else { return nil }
        return value
    }

    /// `12.3`, or `<12.3` for fainter than 12.3.
    static func brightness(_ text: String, column: String) throws(FieldProblem) -> Brightness? {
        let isLimit = text.first == "<"
        let bare = isLimit || text.first == ">" ? text.dropFirst().description.trimmed : text
        if text.first == ">" {
            throw FieldProblem(column: column, text: "\(text.excerpt): a limit is written with <, fainter than")
        }
        guard let value = try number(bare, column: column, in: magnitudes) else { return nil }
        return isLimit ? .limit(value) : .magnitude(value)
    }

    static func text(_ text: String) -> String? { isMissing(text) ? nil : text }

    /// Our name of a filter: AAVSO's Sloan codes lose their S.
    static func filter(_ text: String) -> String {
        let sloan = ["SU": "u", "SG": "g", "SR": "r", "SI": "i", "SZ": "z"]
        return sloan[text.uppercased()] ?? text
    }

    /// The system a filter's magnitudes are in by custom.
    static func magnitudeSystem(ofFilter filter: String) -> String? {
        if ["u", "g", "r", "i", "z", "ZS", "Y"].contains(filter) { return "AB" }
        let vega = ["U", "B", "V", "R", "I", "J", "H", "K", "TB", "TG", "TR", "CV", "CR", "CB", "Vis."]
        return vega.contains(filter) ? "Vega" : nil
    }
}
