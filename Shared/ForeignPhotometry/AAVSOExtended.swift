/// Reads the AAVSO Extended File Format, version 1.2 (https://www.aavso.org/aavso-extended-file-format).
///
/// Header lines (`#TYPE`, `#OBSCODE`, `#SOFTWARE`, `#DELIM`, `#DATE`) may stand anywhere and hold for the lines after
/// them; other lines with `#` are comments. Notes may contain the delimiter. A magnitude of type DIF is a difference
/// from the comparison star and keeps the system `differential`.
struct AAVSOReader {
    private enum DateKind {
        case julian, heliocentric, excel
    }

    static let columns = [
        "NAME", "DATE", "MAG", "MERR", "FILT", "TRANS", "MTYPE", "CNAME", "CMAG", "KNAME", "KMAG", "AMASS", "GROUP",
        "CHART",
        "NOTES",
    ]

    private(set) var file = ForeignPhotometryFile(format: .aavsoExtended)
    private var delimiter: Character = ","
    private var dateKind = DateKind.julian
    private var observer: String?
    private var software: String?
    private let defaults: ForeignDefaults

    init(defaults: ForeignDefaults) {
        self.defaults = defaults
        observer = defaults.observer
    }

    mutating func read(_ line: TextLines.Line) {
        guard let text = line.text else {
            file.add(
                LineProblem(lineNumber: line.number, column: nil, text: "longer than \(TextLines.maximumLength) bytes"))
            return
        }
        let trimmed = text.trimmed
        do {
            if trimmed.first == "#" {
                try readHeader(trimmed.dropFirst())
            } else if !trimmed.isEmpty {
                file.points.append(try point(trimmed, line.number))
            }
        } catch {
            file.add(LineProblem(lineNumber: line.number, column: error.column, text: error.text))
        }
    }

    private mutating func readHeader(_ text: Substring) throws(FieldProblem) {
        guard let equals = text.firstIndex(of: "=") else { return }
        let key = String(text[..<equals]).trimmed.uppercased()
        let value = String(text[text.index(after: equals)...]).trimmed
        switch key {
        case "TYPE":
            guard value.uppercased() == "EXTENDED" else {
                throw FieldProblem(column: "#TYPE", text: "\(value.excerpt) is not read; only EXTENDED is")
            }
        case "OBSCODE": observer = FieldValues.text(value) ?? defaults.observer
        case "SOFTWARE": software = FieldValues.text(value)
        case "DELIM": try readDelimiter(value)
        case "DATE":
            switch value.uppercased() {
            case "JD": dateKind = .julian
            case "HJD": dateKind = .heliocentric
            case "EXCEL": dateKind = .excel
            default: throw FieldProblem(column: "#DATE", text: "\(value.excerpt) is none of JD, HJD, EXCEL")
            }
        default: return
        }
    }

    private mutating func readDelimiter(_ value: String) throws(FieldProblem) {
        switch value.lowercased() {
        case "comma": delimiter = ","
        case "tab", "\\t": delimiter = "\t"
        case "semicolon": delimiter = ";"
        case "": throw FieldProblem(column: "#DELIM", text: "is empty; write comma, tab or the character itself")
        default:
            guard value.count == 1, let character = value.first, !"|# ".contains(character), character.isASCII,
                !character.isLetter, !character.isNumber
            else { throw FieldProblem(column: "#DELIM", text: "\(value.excerpt) cannot part fields") }
            delimiter = character
        }
    }

    private func point(_ text: String, _ number: Int) throws(FieldProblem) -> ForeignPoint {
        // Bytes, not characters: the delimiter is ASCII, and a hostile file of many megabytes has to end soon.
        let bytes = text.utf8.split(
            separator: delimiter.asciiValue ?? UInt8(ascii: ","), maxSplits: 14, omittingEmptySubsequences: false)
        var fields = bytes.map { String(Substring($0)).trimmed }
        guard fields.count >= 14 else {
            throw FieldProblem(
                column: "NAME", text: "the line has \(fields.count) fields instead of 15: \(text.excerpt)")
        }
        if fields.count == 14 { fields.append("na") }
        guard let target = FieldValues.text(fields[0]) ?? defaults.target else {
            throw FieldProblem(column: "NAME", text: "is missing")
        }
        guard let brightness = try FieldValues.brightness(fields[2], column: "MAG") else {
            throw FieldProblem(column: "MAG", text: "is missing")
        }
        guard let filter = FieldValues.text(fields[4]) ?? defaults.filter else {
            throw FieldProblem(column: "FILT", text: "is missing")
        }
        var point = ForeignPoint(
            lineNumber: number, target: target, filter: FieldValues.filter(filter), time: try time(fields[1]),
            brightness: brightness)
        if point.magnitude != nil { point.magnitudeError = try FieldValues.error(fields[3], column: "MERR") }
        point.isTransformed = try transformed(fields[5])
        point.magnitudeSystem = try system(fields[6], filter: point.filter)
        try addComparison(fields, to: &point)
        point.observer = observer
        point.source = software
        return point
    }

    private func addComparison(_ fields: [String], to point: inout ForeignPoint) throws(FieldProblem) {
        point.comparison = FieldValues.text(fields[7])
        point.comparisonMagnitude = try FieldValues.number(fields[8], column: "CMAG", in: FieldValues.magnitudes)
        point.check = FieldValues.text(fields[9])
        point.checkMagnitude = try FieldValues.number(fields[10], column: "KMAG", in: FieldValues.magnitudes)
        point.airmass = try FieldValues.number(fields[11], column: "AMASS", in: 0.9...100)
        point.chart = FieldValues.text(fields[13])
        point.notes = FieldValues.text(fields[14])
    }

    private func time(_ text: String) throws(FieldProblem) -> ForeignTime {
        if dateKind == .excel {
            guard let mjd = ExcelDate.mjd(text) else {
                throw FieldProblem(column: "DATE", text: "\(text.excerpt) is not month/day/year hour:minute:second")
            }
            return .utc(mjd: mjd)
        }
        guard let days = try FieldValues.number(text, column: "DATE", in: FieldValues.julianDates) else {
            throw FieldProblem(column: "DATE", text: "is missing")
        }
        return dateKind == .heliocentric ? .heliocentricUTC(mjd: days - 2_400_000.5) : .utc(mjd: days - 2_400_000.5)
    }

    private func transformed(_ text: String) throws(FieldProblem) -> Bool? {
        switch text.uppercased() {
        case "YES", "Y": return true
        case "NO", "N": return false
        default:
            if FieldValues.isMissing(text) { return nil }
            throw FieldProblem(column: "TRANS", text: "\(text.excerpt) is neither YES nor NO")
        }
    }

    private func system(_ text: String, filter: String) throws(FieldProblem) -> String? {
        switch text.uppercased() {
        case "STD", "ABS": return FieldValues.magnitudeSystem(ofFilter: filter)
        case "DIF": return "differential"
        default:
            if FieldValues.isMissing(text) { return FieldValues.magnitudeSystem(ofFilter: filter) }
            throw FieldProblem(column: "MTYPE", text: "\(text.excerpt) is none of STD, DIF, ABS")
        }
    }
}
