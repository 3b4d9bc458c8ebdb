internal import FITS
internal import Foundation
internal import FrameSolving
internal import PlateSolving
internal import Sky

/// The files by which stars go to the engine and its answer comes back.
enum StarExchange {
    /// Most index stars of one field that are taken.
    private static let mostStars = 20_000

    /// Writes the stars with pixels counted from 1, the first to be used with the greatest `TURN`.
    static func write(_ stars: ArraySlice<ImageStar>, to path: String) throws {
        let table = FITSTable(
            name: "STARS",
            columns: [
                FITSColumn(name: "X", unit: "pix", values: .double(stars.map { $0.x + 1 })),
                FITSColumn(name: "Y", unit: "pix", values: .double(stars.map { $0.y + 1 })),
                FITSColumn(name: "TURN", values: .double(stars.indices.map { Double(stars.endIndex - $0) })),
            ])
        do { try table.write(to: path) } catch {
            throw EngineError("the list of stars for solve-field: \(error)")
        }
    }

    /// - Throws: `EngineError` for whatever is not there or is none.
    static func answer(in folder: String) throws -> EngineAnswer {
        EngineAnswer(
            tangent: try tangent(folder + "/stars.wcs"), stars: try indexStars(folder + "/stars.rdls"))
    }

    /// A TAN header without data. What lies beyond the linear part is for our own fit.
    private static func tangent(_ path: String) throws -> TangentSolution {
        let cards = try numbers(path)
        let values = try ["CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2", "CD1_1", "CD1_2", "CD2_1", "CD2_2"].map { keyword in
            guard let value = cards[keyword], value.isFinite, abs(value) < 1e7 else {
                throw EngineError("the coordinates of solve-field have no usable \(keyword)")
            }
            return value
        }
        guard values[4] * values[7] != values[5] * values[6] else {
            throw EngineError("the coordinates of solve-field have a singular CD matrix")
        }
        do {
            return TangentSolution(
                referencePosition: try SkyPosition(raDegrees: values[0], decDegrees: values[1]),
                referenceX: values[2] - 1, referenceY: values[3] - 1, cd11: values[4], cd12: values[5],
                cd21: values[6], cd22: values[7])
        } catch {
            throw EngineError("the coordinates of solve-field: \(error)")
        }
    }

    private static let cardLength = 80
    private static let mostBytes = 1 << 20

    private static func numbers(_ path: String) throws -> [String: Double] {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw EngineError("solve-field says that it solved the field, and wrote no coordinates")
        }
        defer { file.closeFile() }
        let bytes = [UInt8](file.readData(ofLength: mostBytes))
        var found: [String: Double] = [:]
        for start in stride(from: 0, to: bytes.count - cardLength + 1, by: cardLength) {
            let card = String(decoding: bytes[start..<(start + cardLength)], as: UTF8.self)
            let parts = card.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let value = parts[1].split(separator: "/").first else { continue }
            let keyword = parts[0].trimmingCharacters(in: .whitespaces)
            found[keyword] = Double(value.trimmingCharacters(in: .whitespaces))
        }
        return found
    }

    /// Index stars of the field, the brightest first as the index has them; their magnitudes, where it has any.
    private static func indexStars(_ path: String) throws -> [EngineStar] {
        let table: FITSTable
        do {
            var file = try FITSFile(reading: path)
            table = try file.readTable()
        } catch {
            throw EngineError("the index stars of solve-field: \(error)")
        }
        guard let ra = values(table["RA"]), let dec = values(table["DEC"]), ra.count == dec.count else {
            throw EngineError("the index stars of solve-field have no RA and DEC")
        }
        let name = table.columns.map(\.name).first { $0.uppercased().hasPrefix("MAG") }
        let magnitudes = name.flatMap { values(table[$0]) }
        var stars: [EngineStar] = []
        for row in ra.indices.prefix(mostStars) {
            guard ra[row].isFinite, dec[row].isFinite else { continue }
            do {
                stars.append(
                    EngineStar(
                        position: try SkyPosition(raDegrees: ra[row], decDegrees: dec[row]),
                        magnitude: magnitudes?[row] ?? .nan))
            } catch {
                throw EngineError("an index star of solve-field: \(error)")
            }
        }
        return stars
    }

    private static func values(_ column: FITSColumn?) -> [Double]? {
        switch column?.values {
        case .double(let values)?: values
        case .float(let values)?: values.map(Double.init)
        default: nil
        }
    }
}
