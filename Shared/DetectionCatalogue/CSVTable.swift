public import FITS

extension DetectionCatalogue {
    /// The table as CSV with a line of column names. An empty field means that the value is not known.
    ///
    /// Numbers are rounded to what they can mean: 1e-4 px, 1e-7 deg (0.4 milliarcsec), 1e-4 of magnitudes, sigmas and
    /// shapes, 1e-3 electrons.
    public static func csv(of table: FITSTable) -> String {
        var text = table.columns.map(\.name).joined(separator: ",") + "\n"
        let fields = table.columns.map { texts(of: $0) }
        for row in 0..<(fields.first?.count ?? 0) {
            for column in fields.indices {
                if column > 0 { text += "," }
                text += fields[column][row]
            }
            text += "\n"
        }
        return text
    }

    private static func texts(of column: FITSColumn) -> [String] {
        switch column.values {
        case .double(let values):
            let scale = column.name.hasPrefix("ra_") || column.name.hasPrefix("dec_") ? 1e7 : scale(of: column.unit)
            return values.map { number($0, scale: scale) }
        case .float(let values): return values.map { number(Double($0), scale: scale(of: column.unit)) }
        case .int32(let values): return values.map { String($0) }
        case .int64(let values): return values.map { String($0) }
        }
    }

    private static func scale(of unit: String) -> Double { unit == "electron" ? 1e3 : 1e4 }

    private static func number(_ value: Double, scale: Double) -> String {
        guard value.isFinite else { return "" }
        // Beyond 2^53 / scale rounding would only add noise.
        let rounded = abs(value) < 1e11 ? (value * scale).rounded() / scale : value
        return rounded == 0 ? "0" : "\(rounded)"
    }
}
