internal import FITS
internal import Foundation
internal import Imaging

extension LightCurveTable {
    /// The table as a FITS binary table: numbers first (not known: NaN), then texts in ASCII; `provisional` is 0 or 1.
    ///
    /// Times have the cards of FITS 4.0, section 9: TIMESYS and TREFPOS for the table, TCTYPn and TRPOSn by column.
    func fits(_ exported: ExportedCurve) -> FITSTable {
        var numbers: [FITSColumn] = []
        var texts: [FITSTextColumn] = []
        for column in columns {
            switch column.values {
            case .numbers(let values, _): numbers.append(column.fits(.double(values.map { $0 ?? .nan })))
            case .integers(let values): numbers.append(column.fits(.int64(values.map(Int64.init))))
            case .booleans(let values): numbers.append(column.fits(.int32(values.map { $0 ? 1 : 0 })))
            case .texts(let values):
                texts.append(
                    FITSTextColumn(
                        name: column.name, description: column.description, values: values.map(Self.ascii)))
            }
        }
        return FITSTable(name: "LIGHTCURVE", columns: numbers, texts: texts, header: header(exported, numbers))
    }

    private func header(_ exported: ExportedCurve, _ numbers: [FITSColumn]) -> Header {
        var header = Header()
        header.append("OBJECT", .string(Self.ascii(exported.curve.target)))
        if let ra = exported.raDegrees, let dec = exported.decDegrees {
            header.append("RADESYS", .string("ICRS"))
            header.append("RA_TARG", .real(ra), comment: "[deg]")
            header.append("DEC_TARG", .real(dec), comment: "[deg]")
        }
        header.append("TIMESYS", .string("TDB"))
        header.append("TREFPOS", .string("BARYCENTER"))
        header.append("TIMEUNIT", .string("d"))
        for (index, number) in numbers.enumerated() {
            guard let frame = columns.first(where: { $0.name == number.name })?.frame else { continue }
            let isTDB = frame == .barycentricTDB
            header.append("TCTYP\(index + 1)", .string(isTDB ? "TDB" : "UTC"), comment: isTDB ? "JD" : "MJD")
            header.append("TRPOS\(index + 1)", .string(isTDB ? "BARYCENTER" : "TOPOCENTER"))
        }
        return header
    }

    /// Printable ASCII; anything else becomes a question mark.
    static func ascii(_ text: String) -> String {
        String(text.unicodeScalars.map { (32..<127).contains($0.value) ? Character($0) : "?" })
    }
}

extension LightCurveTable.Column {
    fileprivate func fits(_ values: FITSColumn.Values) -> FITSColumn {
        FITSColumn(name: name, unit: unit == "pix" ? "pixel" : unit, description: description, values: values)
    }
}
