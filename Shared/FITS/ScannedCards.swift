internal import Foundation

/// The integers and texts of one header that tell its data's size and compression.
struct ScannedCards {
    private var integers: [String: Int] = [:]
    private var texts: [String: String] = [:]
    private var isCompressed = false

    mutating func take(_ card: ArraySlice<UInt8>) {
        guard card[card.startIndex + 8] == 0x3D else { return }
        let keyword = String(decoding: card.prefix(8), as: UTF8.self).trimmingCharacters(in: .whitespaces)
        let rest = String(decoding: card.dropFirst(10), as: UTF8.self)
        let value = rest.split(separator: "/", maxSplits: 1).first.map { $0.trimmingCharacters(in: .whitespaces) } ?? ""
        // The first card of a keyword counts, as for cfitsio.
        if keyword == "ZIMAGE" { isCompressed = isCompressed || value.hasPrefix("T") }
        guard texts[keyword] == nil else { return }
        texts[keyword] = value
        integers[keyword] = Int(value)
    }

    /// Bytes of the unit's data without padding; nil when they cannot be told.
    var dataBytes: Int? {
        guard let bits = integers["BITPIX"], let axes = integers["NAXIS"], (0...999).contains(axes) else { return nil }
        if axes == 0 { return 0 }
        var lengths: [Int] = []
        for axis in 1...axes {
            guard let length = integers["NAXIS\(axis)"], length >= 0 else { return nil }
            // Random groups: the first axis has length 0 and does not count.
            if axis > 1 || length > 0 || texts["GROUPS"] != "T" { lengths.append(length) }
        }
        let (count, tooMany) = product(lengths).addingReportingOverflow(max(0, integers["PCOUNT"] ?? 0))
        let bytes = product([tooMany ? .max : count, Int(bits.magnitude / 8), max(1, integers["GCOUNT"] ?? 1)])
        return bytes == .max ? nil : bytes
    }

    /// The product, or `Int.max` when it is larger than that.
    private func product(_ factors: [Int]) -> Int {
        factors.reduce(1) { product, factor in
            let (next, overflow) = product.multipliedReportingOverflow(by: factor)
            return overflow ? .max : next
        }
    }

    /// An image of two axes or more, packed or not.
    var isImage: Bool {
        isCompressed || (texts["XTENSION"].map { $0.hasPrefix("'IMAGE") } ?? true) && (integers["NAXIS"] ?? 0) >= 2
    }

    /// What is wrong with the description of a tile-compressed image.
    var compressionFault: String? {
        guard isCompressed else { return nil }
        for (keyword, expected) in [("ZPCOUNT", 0), ("ZGCOUNT", 1)] {
            guard let text = texts[keyword], integers[keyword] != expected else { continue }
            return "\(keyword) = \(text), expected \(expected)"
        }
        guard let axes = integers["ZNAXIS"] else { return "a compressed image without ZNAXIS" }
        guard (1...6).contains(axes) else { return "ZNAXIS = \(axes), expected 1 to 6" }
        for axis in 1...axes {
            guard let length = integers["ZNAXIS\(axis)"] else { return "a compressed image without ZNAXIS\(axis)" }
            guard length > 0 else { return "ZNAXIS\(axis) = \(length), expected 1 or more" }
            guard let tile = texts["ZTILE\(axis)"] else { continue }
            guard let size = integers["ZTILE\(axis)"], size > 0 else {
                return "ZTILE\(axis) = \(tile), expected 1 or more"
            }
        }
        if let bits = texts["ZBITPIX"], ![8, 16, 32, 64, -32, -64].contains(integers["ZBITPIX"]) {
            return "ZBITPIX = \(bits), expected 8, 16, 32, 64, -32 or -64"
        }
        // cfitsio looks up its random numbers with it.
        if let seed = texts["ZDITHER0"], !(1...10_000).contains(integers["ZDITHER0"] ?? 0) {
            return "ZDITHER0 = \(seed), expected 1 to 10000"
        }
        return parameterFault
    }

    /// What is wrong with the numbers that belong to the algorithm, in pairs of ZNAMEi and ZVALi.
    private var parameterFault: String? {
        let allowed: [String: [Int]] = ["BLOCKSIZE": [16, 32], "BYTEPIX": [1, 2, 4, 8]]
        for number in 1...99 {
            guard let quoted = texts["ZNAME\(number)"] else { return nil }
            let name = quoted.trimmingCharacters(in: CharacterSet(charactersIn: "' "))
            guard let values = allowed[name], !values.contains(integers["ZVAL\(number)"] ?? 0) else { continue }
            return "\(name) = \(texts["ZVAL\(number)"] ?? "nothing"), expected \(values)"
        }
        return nil
    }
}

// The table of a tile-compressed image.
extension ScannedCards {
    /// Where the packed pixels are; nil for another unit, and for one that cannot be followed.
    var packedTiles: PackedTiles? {
        guard isCompressed, let bytes = dataBytes, let rowBytes = integers["NAXIS1"], let rows = integers["NAXIS2"],
            let columns = columns(rowBytes: rowBytes), let tiles = tilePixels
        else { return nil }
        let table = rowBytes * rows
        let heap = integers["THEAP"] ?? table
        guard heap >= table, heap <= bytes else { return nil }
        let names = (1...99).prefix { texts["ZNAME\($0)"] != nil }
        func parameter(_ name: String) -> Int? {
            names.first { word("ZNAME\($0)") == name }.flatMap { integers["ZVAL\($0)"] }
        }
        let bytesPerPixel = parameter("BYTEPIX") ?? 4
        return PackedTiles(
            columns: columns, rowBytes: rowBytes, rowCount: rows, heapStart: heap, dataBytes: bytes, tilePixels: tiles,
            algorithm: word("ZCMPTYPE") ?? "", blockSize: parameter("BLOCKSIZE") ?? 32,
            bytesPerPixel: bytesPerPixel <= 2 ? bytesPerPixel : 4)
    }

    /// A text without its quotes, in upper case.
    private func word(_ keyword: String) -> String? {
        texts[keyword]?.trimmingCharacters(in: CharacterSet(charactersIn: "' ")).uppercased()
    }

    /// The columns of variable length that hold pixels.
    private func columns(rowBytes: Int) -> [PackedTiles.Column]? {
        guard let fields = integers["TFIELDS"], (1...999).contains(fields) else { return nil }
        let packed: Set<String> = ["COMPRESSED_DATA", "GZIP_COMPRESSED_DATA", "UNCOMPRESSED_DATA"]
        var columns: [PackedTiles.Column] = []
        var offset = 0
        for field in 1...fields {
            guard let form = word("TFORM\(field)") else { return nil }
            let repeats = Int(form.prefix { $0.isASCII && $0.isNumber }) ?? 1
            let letters = form.drop { $0.isASCII && $0.isNumber }
            guard let letter = letters.first, let size = Self.elementBytes[letter], repeats < 1 << 31 else {
                return nil
            }
            if letter == "P" || letter == "Q", repeats > 0, let name = word("TTYPE\(field)"), packed.contains(name) {
                guard let element = letters.dropFirst().first.flatMap({ Self.elementBytes[$0] }) else { return nil }
                columns.append(
                    PackedTiles.Column(name: name, offset: offset, isLong: letter == "Q", elementBytes: element))
            }
            offset += letter == "X" ? (repeats + 7) / 8 : repeats * size
        }
        return offset <= rowBytes ? columns : nil
    }

    private static let elementBytes: [Character: Int] = [
        "L": 1, "X": 1, "B": 1, "I": 2, "J": 4, "K": 8, "A": 1, "E": 4, "D": 8, "C": 8, "M": 16, "P": 8, "Q": 16,
    ]

    /// Pixels of each tile, the first axis running fastest; by default a tile is a row.
    private var tilePixels: [Int]? {
        guard let axes = integers["ZNAXIS"], (1...6).contains(axes) else { return nil }
        var sizes = [1]
        for axis in 1...axes {
            guard let length = integers["ZNAXIS\(axis)"], length > 0 else { return nil }
            let tile = integers["ZTILE\(axis)"] ?? (axis == 1 ? length : 1)
            guard tile > 0, (length - 1) / tile < 1 << 24 else { return nil }
            let count = (length - 1) / tile + 1
            let lengths = (0..<count).map { min(tile, length - $0 * tile) }
            guard sizes.count * count <= 1 << 24 else { return nil }
            sizes = lengths.flatMap { length in sizes.map { product([$0, length]) } }
        }
        return sizes
    }
}
