/// Reads light curves as CSV: our own columns, or any table with a heading line that names a time and a magnitude.
///
/// Of several times in one line the first known one of MJD, JD, BJD_TDB, HJD counts. A magnitude `<12.3` is a limit, as
/// is a `limit_mag` without magnitude. Where the delimiter is not a comma, numbers may have a decimal comma.
struct CSVReader {
    private(set) var file: ForeignPhotometryFile
    private var header: CSVHeader?
    private let defaults: ForeignDefaults
    /// No heading line was found: the rest is not read.
    private(set) var isHopeless = false

    init(format: ForeignPhotometryFile.Format = .csv, defaults: ForeignDefaults) {
        file = ForeignPhotometryFile(format: format)
        self.defaults = defaults
    }

    // MARK: Tables

    mutating func read(headings: [String]) {
        header = CSVHeader(headings: headings)
        guard header == nil else { return }
        isHopeless = true
        let names = headings.joined(separator: ", ").excerpt
        file.add(
            LineProblem(
                lineNumber: 0, column: nil,
                text: "columns must name a time (mid_mjd_utc, jd, hjd, mid_bjd_tdb) and mag; there are \(names)"))
    }

    mutating func read(row: [String], _ number: Int) {
        guard let header else { return }
        do {
            if let point = try point(row, number, header) { file.points.append(point) }
        } catch {
            file.add(LineProblem(lineNumber: number, column: error.column, text: error.text))
        }
    }

    // MARK: Lines

    mutating func read(_ line: TextLines.Line) {
        guard let text = line.text?.trimmed else {
            file.add(
                LineProblem(lineNumber: line.number, column: nil, text: "longer than \(TextLines.maximumLength) bytes"))
            isHopeless = header == nil
            return
        }
        guard !text.isEmpty else { return }
        guard let header else {
            findHeader(text, line.number)
            return
        }
        guard text.first != "#" else { return }
        do {
            if let point = try point(text, line.number, header) { file.points.append(point) }
        } catch {
            file.add(LineProblem(lineNumber: line.number, column: error.column, text: error.text))
        }
    }

    private mutating func findHeader(_ text: String, _ number: Int) {
        header = CSVHeader(text)
        if header != nil || text.first == "#" { return }
        isHopeless = true
        let needed =
            "a heading line must name a time (mjd_utc, jd, hjd, bjd_tdb) and mag"
        file.add(LineProblem(lineNumber: number, column: nil, text: "\(needed); this one is \(text.excerpt)"))
    }

    private func point(_ text: String, _ number: Int, _ header: CSVHeader) throws(FieldProblem) -> ForeignPoint? {
        guard var fields = text.fields(by: header.delimiter) else {
            throw FieldProblem(column: "quote", text: "a quote is not closed: \(text.excerpt)")
        }
        guard fields.count == header.count || (fields.count == header.count + 1 && fields.last == "") else {
            throw FieldProblem(
                column: "fields", text: "\(fields.count) of them under \(header.count) headings: \(text.excerpt)")
        }
        if header.delimiter != "," { fields = fields.map(Self.withDecimalPoint) }
        return try point(fields, number, header)
    }

    private func point(
        _ fields: [String], _ number: Int, _ header: CSVHeader
    ) throws(FieldProblem) -> ForeignPoint? {
        guard let target = FieldValues.text(header.text(.target, in: fields)) ?? defaults.target else {
            throw FieldProblem(column: "target", text: "is missing")
        }
        guard let filter = FieldValues.text(header.text(.filter, in: fields)) ?? defaults.filter else {
            throw FieldProblem(column: "filter", text: "is missing")
        }
        guard let brightness = try brightness(fields, header) else { return nil }
        var point = ForeignPoint(
            lineNumber: number, target: target, filter: FieldValues.filter(filter), time: try time(fields, header),
            brightness: brightness)
        try addRest(fields, header, to: &point)
        return point
    }

    /// `nil` for a line that has neither magnitude nor limit, as a frame without a measurement does.
    private func brightness(_ fields: [String], _ header: CSVHeader) throws(FieldProblem) -> Brightness? {
        if let value = try FieldValues.brightness(header.text(.magnitude, in: fields), column: "mag") { return value }
        let limit = header.text(.limitMagnitude, in: fields)
        let bare = limit.first == "<" ? String(limit.dropFirst()).trimmed : limit
        return try FieldValues.number(bare, column: "limit_mag", in: FieldValues.magnitudes).map(Brightness.limit)
    }

    private func time(_ fields: [String], _ header: CSVHeader) throws(FieldProblem) -> ForeignTime {
        func days(_ column: CSVColumn, _ range: ClosedRange<Double>) throws(FieldProblem) -> Double? {
            try FieldValues.number(header.text(column, in: fields), column: column.names[0], in: range)
        }
        if defaults.prefersBarycentric, let days = try days(.bjdTDB, FieldValues.julianDates) {
            return .barycentricTDB(mjd: days - 2_400_000.5)
        }
        if let days = try days(.mjdUTC, FieldValues.modifiedJulianDates) { return .utc(mjd: days) }
        if let days = try days(.jdUTC, FieldValues.julianDates) { return .utc(mjd: days - 2_400_000.5) }
        if let days = try days(.bjdTDB, FieldValues.julianDates) { return .barycentricTDB(mjd: days - 2_400_000.5) }
        if let days = try days(.hjdUTC, FieldValues.julianDates) { return .heliocentricUTC(mjd: days - 2_400_000.5) }
        throw FieldProblem(column: "time", text: "is missing")
    }

    private func addRest(_ fields: [String], _ header: CSVHeader, to point: inout ForeignPoint) throws(FieldProblem) {
        func text(_ column: CSVColumn) -> String? { FieldValues.text(header.text(column, in: fields)) }
        if point.magnitude != nil {
            point.magnitudeError = try FieldValues.error(header.text(.magnitudeError, in: fields), column: "mag_err")
            point.levelError = try FieldValues.levelError(header.text(.levelError, in: fields), column: "level_err")
        } else {
            point.limitSigma = try FieldValues.number(
                header.text(.limitSigma, in: fields), column: "limit_sigma", in: 0...1000)
        }
        point.magnitudeSystem = text(.magnitudeSystem) ?? FieldValues.magnitudeSystem(ofFilter: point.filter)
        point.airmass = try FieldValues.number(header.text(.airmass, in: fields), column: "airmass", in: 0.9...100)
        point.observer = text(.observer) ?? defaults.observer
        point.source = text(.source)
        point.instrument = text(.instrument)
        point.comparison = text(.comparison)
        point.notes = text(.notes)
    }

    private static func withDecimalPoint(_ text: String) -> String {
        let dotted = text.replacing(",", with: ".")
        let bare = dotted.first == "<" ? String(dotted.dropFirst()) : dotted
        return text.contains(",") && bare.decimal != nil ? dotted : text
    }
}

extension ForeignPhotometryFile {
    /// Whether any of the first lines says it is an AAVSO file.
    static func isAAVSO(_ lines: TextLines) -> Bool {
        lines.prefix(50).contains { $0.text?.trimmed.uppercased().hasPrefix("#TYPE") ?? false }
    }
}
