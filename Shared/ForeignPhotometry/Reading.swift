public import Foundation

extension ForeignPhotometryFile {
    /// Reads a file of photometry: AAVSO Extended where a `#TYPE` line says so, else CSV.
    ///
    /// Never fails as a whole: what cannot be read is told line by line, and everything else is read.
    ///
    /// - Parameters:
    ///   - bytes: the file, UTF-8 or Latin text with any line ends.
    ///   - defaults: what holds where the file does not say.
    public init(reading bytes: Data, defaults: ForeignDefaults = ForeignDefaults()) {
        guard let lines = TextLines(bytes) else {
            self.init(format: .csv)
            add(LineProblem(lineNumber: 0, column: nil, text: "is text in UTF-16; save it as UTF-8"))
            return
        }
        if Self.isAAVSO(lines) {
            var reader = AAVSOReader(defaults: defaults)
            for line in lines { reader.read(line) }
            self = reader.file
        } else {
            var reader = CSVReader(defaults: defaults)
            for line in lines {
                reader.read(line)
                if reader.isHopeless { break }
            }
            self = reader.file
        }
        if points.isEmpty, problemCount == 0 {
            add(LineProblem(lineNumber: 0, column: nil, text: "has no points"))
        }
    }

    /// Reads a table whose columns have names, those that a heading line of CSV may have: what a VOTable or a FITS
    /// table of photometry holds.
    ///
    /// - Parameters:
    ///   - format: what the table is of.
    ///   - headings: names of the columns.
    ///   - rows: texts under them; empty: not known. A point's line is its row, from 1.
    public init(
        format: Format, headings: [String], rows: some Sequence<[String]>,
        defaults: ForeignDefaults = ForeignDefaults()
    ) {
        var reader = CSVReader(format: format, defaults: defaults)
        reader.read(headings: headings)
        var number = 0
        for row in rows where !reader.isHopeless {
            number += 1
            reader.read(row: row, number)
        }
        self = reader.file
        if points.isEmpty, problemCount == 0 {
            add(LineProblem(lineNumber: 0, column: nil, text: "has no points"))
        }
    }

    /// A file that cannot be read at all.
    public init(format: Format, unreadable reason: String) {
        self.init(format: format)
        add(LineProblem(lineNumber: 0, column: nil, text: reason))
    }
}
