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
}
