internal import CZLib
internal import Foundation

/// Looks through a file's headers before cfitsio does: for values with which cfitsio 4.2 divides by zero or writes
/// beyond its memory. Plain and gzipped files alike.
///
/// What it cannot follow it leaves to cfitsio, which says what is wrong with it.
struct HeaderScan: ~Copyable {
    private static let blockBytes = 2880
    /// Blocks of one header: 100 MB of cards are no header any more.
    private static let maximumBlocks = 36_000

    private let stream: gzFile
    private var block = [UInt8](repeating: 0, count: blockBytes)

    init?(_ path: String) {
        guard let stream = gzopen(path, "rb") else { return nil }
        self.stream = stream
    }

    deinit { gzclose(stream) }

    /// The first fault of a header, with the number of its unit, or nil.
    ///
    /// - Parameter toFirstImage: not beyond the first unit with an image, so that a gzipped file need not be unpacked.
    mutating func fault(toFirstImage: Bool) -> String? {
        for unit in 1...FITSFile.maximumUnitCount {
            guard let cards = readHeader() else { return nil }
            if let fault = cards.compressionFault { return "unit \(unit): \(fault)" }
            if toFirstImage, cards.isImage { return nil }
            guard let bytes = cards.dataBytes, skip(bytes) else { return nil }
        }
        return nil
    }

    private mutating func readHeader() -> ScannedCards? {
        var cards = ScannedCards()
        for number in 0..<Self.maximumBlocks {
            guard gzread(stream, &block, UInt32(Self.blockBytes)) == Self.blockBytes else { return nil }
            if number == 0, !block.starts(with: Array("SIMPLE".utf8)), !block.starts(with: Array("XTENSION".utf8)) {
                return nil
            }
            for start in stride(from: 0, to: Self.blockBytes, by: CardText.length) {
                let card = block[start..<start + CardText.length]
                if card.starts(with: Array("END     ".utf8)) { return cards }
                cards.take(card)
            }
        }
        return nil
    }

    private func skip(_ bytes: Int) -> Bool {
        let (padded, overflow) = bytes.addingReportingOverflow(Self.blockBytes - 1)
        guard !overflow else { return false }
        let whole = padded / Self.blockBytes * Self.blockBytes
        return whole == 0 || gzseek(stream, Int(whole), SEEK_CUR) >= 0
    }
}

/// The integers and texts of one header that tell its data's size and compression.
struct ScannedCards {
    private var integers: [String: Int] = [:]
    private var texts: [String: String] = [:]
    private var isCompressed = false

    fileprivate mutating func take(_ card: ArraySlice<UInt8>) {
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
    fileprivate var dataBytes: Int? {
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
    fileprivate var isImage: Bool {
        isCompressed || (texts["XTENSION"].map { $0.hasPrefix("'IMAGE") } ?? true) && (integers["NAXIS"] ?? 0) >= 2
    }

    /// What is wrong with the description of a tile-compressed image.
    fileprivate var compressionFault: String? {
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
