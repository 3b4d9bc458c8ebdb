import PortableNumbers

/// Breaks the bytes of a FITS file in the ways that disks, transfers and other people's programs do.
struct Mutation {
    private var words: SplitMix64

    init(seed: UInt64) { words = SplitMix64(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ 1) }

    /// One to four injuries.
    mutating func applied(to bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0...below(4) where !bytes.isEmpty { injure(&bytes) }
        return bytes
    }

    /// One to twenty bytes changed from a place on: packed pixels and the table that points at them.
    mutating func applied(to bytes: [UInt8], from start: Int) -> [UInt8] {
        var bytes = bytes
        for _ in 0...below(20) {
            let place = start + below(bytes.count - start)
            bytes[place] = below(2) == 0 ? UInt8(below(256)) : bytes[place] ^ 1 << UInt8(below(8))
        }
        return bytes
    }

    private mutating func injure(_ bytes: inout [UInt8]) {
        switch below(9) {
        case 0: bytes[below(bytes.count)] ^= 1 << UInt8(below(8))
        case 1: bytes[below(bytes.count)] = UInt8(below(256))
        case 2, 3, 4: replaceValue(&bytes)
        case 5: swapCards(&bytes)
        case 6: bytes.removeSubrange(block(of: bytes))
        case 7: bytes.insert(contentsOf: bytes[block(of: bytes)], at: 2880 * below(bytes.count / 2880 + 1))
        default: bytes.removeLast(below(bytes.count))
        }
    }

    private static let values = [
        "0", "-1", "1", "2", "7", "99", "40000", "65536", "2147483647", "2147483648", "9223372036854775807", "1E400",
        "-1.5", "NaN", "T", "F", "'x'", "'1PB(99999999)'", "'1QB(-5)'", "'999999999J'", "'RICE_1'", "'HCOMPRESS_1'",
        "'PLIO_1'", "'GZIP_1'", "'NONE'", "'unclosed", "", "'SUBTRACTIVE_DITHER_2'",
    ]

    /// Gives one card of a header another value.
    private mutating func replaceValue(_ bytes: inout [UInt8]) {
        guard let card = card(of: bytes) else { return }
        let value = Array(Self.values[below(Self.values.count)].utf8)
        let text = value + [UInt8](repeating: 0x20, count: 70 - value.count)
        bytes.replaceSubrange(card + 10..<card + 80, with: text)
    }

    private mutating func swapCards(_ bytes: inout [UInt8]) {
        guard let first = card(of: bytes), let second = card(of: bytes) else { return }
        for index in 0..<80 { bytes.swapAt(first + index, second + index) }
    }

    /// Where a card with a value begins: `KEYWORD = ` at a multiple of 80.
    private mutating func card(of bytes: [UInt8]) -> Int? {
        let cards = stride(from: 0, through: bytes.count - 80, by: 80).filter { bytes[$0 + 8] == 0x3D }
        return cards.isEmpty ? nil : cards[below(cards.count)]
    }

    private mutating func block(of bytes: [UInt8]) -> Range<Int> {
        let start = 2880 * below((bytes.count + 2879) / 2880)
        return start..<min(start + 2880, bytes.count)
    }

    /// A number in 0..<count.
    private mutating func below(_ count: Int) -> Int { Int(words.next() % UInt64(max(1, count))) }
}
