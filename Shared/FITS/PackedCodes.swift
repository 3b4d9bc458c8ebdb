/// Reads the codes of a Rice-packed tile without making pixels of them, and never beyond its end.
struct RiceScan {
    private let packed: UnsafeRawBufferPointer
    private let bytesPerPixel: Int
    private let blockSize: Int

    init(_ packed: UnsafeRawBufferPointer, bytesPerPixel: Int, blockSize: Int) {
        self.packed = packed
        self.bytesPerPixel = bytesPerPixel
        self.blockSize = max(1, blockSize)
    }

    /// Whether there are codes for so many pixels.
    func holds(_ pixels: Int) -> Bool {
        let (codeBits, rawCode) = bytesPerPixel == 1 ? (3, 6) : bytesPerPixel == 2 ? (4, 14) : (5, 25)
        let rawBits = 8 * bytesPerPixel
        // The first value stands before the codes.
        var bit = rawBits
        let end = 8 * packed.count
        var left = pixels
        while left > 0 {
            guard bit + codeBits <= end else { return false }
            let split = bits(at: bit, count: codeBits) - 1
            bit += codeBits
            let count = min(blockSize, left)
            left -= count
            if split < 0 { continue }
            if split >= rawCode {
                guard split == rawCode else { return false }
                bit += rawBits * count
                if bit > end { return false }
                continue
            }
            for _ in 0..<count {
                guard let one = nextOne(from: bit, end) else { return false }
                bit = one + 1 + split
                if bit > end { return false }
            }
        }
        return true
    }

    private func bits(at bit: Int, count: Int) -> Int {
        (bit..<bit + count).reduce(0) { $0 << 1 | Int(packed[$1 >> 3] >> UInt8(7 - $1 & 7)) & 1 }
    }

    /// The place of the next bit that is set.
    private func nextOne(from start: Int, _ end: Int) -> Int? {
        guard start < end else { return nil }
        var byte = start >> 3
        let first = packed[byte] & (0xFF >> UInt8(start & 7))
        if first != 0 { return byte * 8 + first.leadingZeroBitCount }
        byte += 1
        while byte < packed.count {
            if packed[byte] != 0 { return byte * 8 + packed[byte].leadingZeroBitCount }
            byte += 1
        }
        return nil
    }
}

/// The 23 bytes before an HCOMPRESS tile: magic number, size, scale, sum and the numbers of bit planes.
enum HCompressScan {
    static func fault(_ packed: UnsafeRawBufferPointer, _ pixels: Int) -> String? {
        guard packed.count >= 25, packed[0] == 0xDD, packed[1] == 0x99 else { return "is no HCOMPRESS tile" }
        let x = PackedTiles.integer(packed, 2, bytes: 4)
        let y = PackedTiles.integer(packed, 6, bytes: 4)
        guard x > 0, y > 0, x.multipliedReportingOverflow(by: y) == (pixels, false) else {
            return "is of \(x) x \(y) pixels, expected \(pixels)"
        }
        let planes = (22..<25).map { Int(packed[$0]) }
        guard planes.allSatisfy({ $0 <= 62 }) else { return "has \(planes) bit planes" }
        return nil
    }
}

/// A PLIO line list: a header of three words, or of seven with its length in two, then instructions.
enum LineListScan {
    static func fault(_ packed: UnsafeRawBufferPointer) -> String? {
        func word(_ index: Int) -> Int { PackedTiles.integer(packed, 2 * index, bytes: 2) }
        let words = packed.count / 2
        guard words >= 5 || words >= 3 && word(2) > 0 else { return "is too short for a line list" }
        let isShort = word(2) > 0
        let length = isShort ? word(2) : word(4) << 15 + word(3)
        let first = isShort ? 3 : word(1)
        guard length >= 0, length <= words else { return "promises \(length) words and has \(words)" }
        guard first >= 0 else { return "begins at word \(first)" }
        var place = first
        while place < length {
            // "Set high" is the one instruction of two words.
            if word(place) / 4096 == 1 { place += 1 }
            guard place < length else { return "ends within an instruction" }
            place += 1
        }
        return nil
    }
}
