/// FITS files written byte by byte, so that reading is tested without our own writer: sound ones and such as no writer
/// would write.
public enum RawFITS {
    /// - Parameters:
    ///   - cards: 80 characters at most each; END is added.
    ///   - data: big-endian; padded to blocks of 2880 bytes.
    public static func file(_ cards: [String], data: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        for card in cards + ["END"] {
            let text = Array(card.utf8.prefix(80))
            bytes += text + [UInt8](repeating: 0x20, count: 80 - text.count)
        }
        bytes += [UInt8](repeating: 0x20, count: (2880 - bytes.count % 2880) % 2880)
        bytes += data
        return bytes + [UInt8](repeating: 0, count: (2880 - bytes.count % 2880) % 2880)
    }

    /// `KEYWORD = value` in fixed columns.
    public static func card(_ keyword: String, _ value: String) -> String {
        keyword + String(repeating: " ", count: max(0, 8 - keyword.count)) + "= " + value
    }

    /// A raw exposure of unsigned 16-bit integers (BZERO 32768) as cameras write it.
    ///
    /// - Parameter changes: values of keywords as they stand in the card; nil leaves the card out.
    public static func exposure(
        width: Int = 40, height: Int = 30, changes: [(String, String?)] = [],
        counts: (_ x: Int, _ y: Int) -> UInt16 = { UInt16(1000 + $0 + 7 * $1) }
    ) -> [UInt8] {
        var values: [(String, String?)] = [
            ("SIMPLE", "T"), ("BITPIX", "16"), ("NAXIS", "2"), ("NAXIS1", "\(width)"), ("NAXIS2", "\(height)"),
            ("BZERO", "32768"), ("BSCALE", "1"), ("IMAGETYP", "'Light Frame'"), ("DATE-OBS", "'2025-03-01T21:00:00'"),
            ("EXPTIME", "30.0"), ("FILTER", "'V'"), ("OBJECT", "'M 13'"),
        ]
        for (keyword, value) in changes {
            if let place = values.firstIndex(where: { $0.0 == keyword }) {
                values[place].1 = value
            } else {
                values.append((keyword, value))
            }
        }
        let cards = values.compactMap { keyword, value in value.map { card(keyword, $0) } }
        var data: [UInt8] = []
        data.reserveCapacity(2 * width * height)
        for y in 0..<height {
            for x in 0..<width {
                let stored = UInt16(bitPattern: Int16(truncatingIfNeeded: Int(counts(x, y)) - 32768))
                data += [UInt8(stored >> 8), UInt8(stored & 0xFF)]
            }
        }
        return file(cards, data: data)
    }
}
