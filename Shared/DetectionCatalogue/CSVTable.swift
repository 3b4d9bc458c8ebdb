public import FITS
internal import Imaging

extension DetectionCatalogue {
    /// The table as CSV with a line of column names. An empty field means that the value is not known.
    ///
    /// Numbers are rounded to what they can mean: 1e-4 px, 1e-7 deg (0.4 milliarcsec), 1e-4 of magnitudes, sigmas and
    /// shapes, 1e-3 electrons.
    ///
    /// - Parameter threads: that write bands of rows; the text does not depend on it.
    public static func csv(of table: FITSTable, threads: Int = 1) -> String {
        let names = table.columns.map(\.name).joined(separator: ",") + "\n"
        let rows = table.columns.first?.count ?? 0
        let bands = CSVColumn.lend(table.columns[...]) { columns in
            parallelMap((rows + rowsPerBand - 1) / rowsPerBand, threads: threads) { band in
                text(of: (band * rowsPerBand)..<min((band + 1) * rowsPerBand, rows), columns)
            }
        }
        let parts = [Array(names.utf8)] + bands
        return String(unsafeUninitializedCapacity: parts.reduce(0) { $0 + $1.count }) { text in
            var count = 0
            for part in parts {
                _ = UnsafeMutableBufferPointer(rebasing: text[count...]).initialize(from: part)
                count += part.count
            }
            return count
        }
    }

    private static let rowsPerBand = 256

    private static func text(of rows: Range<Int>, _ columns: UnsafeBufferPointer<CSVColumn>) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: rows.count * max(1, columns.count) * CSVColumn.widestField) {
            text, count in
            guard let start = text.baseAddress else { return }
            var place = start
            for row in rows {
                for index in columns.indices {
                    if index > 0 { append(UInt8(ascii: ","), at: &place) }
                    columns[index].write(row, at: &place)
                }
                append(UInt8(ascii: "\n"), at: &place)
            }
            count = place - start
        }
    }
}

/// Where the next byte of a text goes.
private typealias TextPlace = UnsafeMutablePointer<UInt8>

@inline(__always)
private func append(_ byte: UInt8, at place: inout TextPlace) {
    place.initialize(to: byte)
    place += 1
}

/// One column's numbers, lent, and how many decimals they have.
///
/// An array would count its users for each field: with two threads that takes longer than writing the field.
private struct CSVColumn {
    /// Bytes of the longest field, "-1.7976931348623157e+308", and of the comma or end of line behind it.
    static let widestField = 25

    private enum Numbers {
        case double(UnsafeBufferPointer<Double>)
        case float(UnsafeBufferPointer<Float>)
        case int32(UnsafeBufferPointer<Int32>)
        case int64(UnsafeBufferPointer<Int64>)
    }

    private let numbers: Numbers
    private let decimals: Int
    private let scale: Int

    /// Runs `body` while the numbers of all columns are lent.
    static func lend<Result>(
        _ columns: ArraySlice<FITSColumn>, behind lent: [CSVColumn] = [],
        _ body: (UnsafeBufferPointer<CSVColumn>) -> Result
    ) -> Result {
        guard let column = columns.first else { return lent.withUnsafeBufferPointer(body) }
        func go(on numbers: Numbers) -> Result {
            lend(columns.dropFirst(), behind: lent + [CSVColumn(column, numbers)], body)
        }
        switch column.values {
        case .double(let values): return values.withUnsafeBufferPointer { go(on: .double($0)) }
        case .float(let values): return values.withUnsafeBufferPointer { go(on: .float($0)) }
        case .int32(let values): return values.withUnsafeBufferPointer { go(on: .int32($0)) }
        case .int64(let values): return values.withUnsafeBufferPointer { go(on: .int64($0)) }
        }
    }

    private init(_ column: FITSColumn, _ numbers: Numbers) {
        self.numbers = numbers
        let isAngle = column.name.hasPrefix("ra_") || column.name.hasPrefix("dec_")
        decimals = isAngle ? 7 : column.unit == "electron" ? 3 : 4
        scale = (0..<decimals).reduce(1) { power, _ in power * 10 }
    }

    func write(_ row: Int, at place: inout TextPlace) {
        switch numbers {
        case .double(let values): write(values[row], at: &place)
        case .float(let values): write(Double(values[row]), at: &place)
        case .int32(let values): for byte in String(values[row]).utf8 { append(byte, at: &place) }
        case .int64(let values): for byte in String(values[row]).utf8 { append(byte, at: &place) }
        }
    }

    /// The shortest text that reads back as value * scale rounded, over scale: up to 15 digits are those of the
    /// rounded integer, without the zeros at its end.
    private func write(_ value: Double, at place: inout TextPlace) {
        guard value.isFinite else { return }
        // Beyond 2^53 / scale rounding would only add noise.
        let rounded = abs(value) < 1e11 ? (value * Double(scale)).rounded() : .infinity
        if rounded == 0 { return append(UInt8(ascii: "0"), at: &place) }
        let digits = abs(rounded) < 1e15 ? Int(abs(rounded)) : 0
        // Numbers below 1e-4 are written with an exponent.
        guard digits > 0, digits >= scale / 10_000 else {
            for byte in "\(abs(value) < 1e11 ? rounded / Double(scale) : value)".utf8 { append(byte, at: &place) }
            return
        }
        if rounded < 0 { append(UInt8(ascii: "-"), at: &place) }
        let (whole, part) = digits.quotientAndRemainder(dividingBy: scale)
        Self.write(whole, digits: 1, at: &place)
        append(UInt8(ascii: "."), at: &place)
        var (fraction, length) = (part, decimals)
        while length > 1, fraction % 10 == 0 { (fraction, length) = (fraction / 10, length - 1) }
        Self.write(fraction, digits: length, at: &place)
    }

    /// A number >= 0 with at least so many digits.
    private static func write(_ number: Int, digits: Int, at place: inout TextPlace) {
        var (length, limit) = (1, 10)
        while number >= limit, length < 18 { (length, limit) = (length + 1, limit * 10) }
        length = max(length, digits)
        var rest = number
        for index in (0..<length).reversed() {
            (place + index).initialize(to: UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        }
        place += length
    }
}
