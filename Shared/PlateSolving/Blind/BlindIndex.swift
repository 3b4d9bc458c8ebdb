public import Foundation

/// Quads of bright stars over the whole sky, by their codes: what finds a frame of which nothing is known.
///
/// Several layers, each with twice the stars of the next, evenly over the sky; every star makes quads with its nearest
/// neighbours in its layer. A frame of any width has a layer that puts some twenty stars into it. See
/// `BlindIndexLayout` for the bytes, `BlindIndexBuilder` for how they are made.
/// - Source: Lang et al. 2010, AJ 139, 1782, section 2.2, for indexes of several scales.
public struct BlindIndex: Sendable {
    /// Of the catalogue whose stars it has.
    public let catalogueID: String
    public let catalogueStars: Int
    let heads: [BlindLayerHead]
    private let starts: [Int]
    private let bytes: Data

    /// - Parameter bytes: a whole index. Its head is checked, its checksum is not; numbers beyond
    ///   the head that cannot be are passed over when they are met.
    /// - Throws: `BlindIndexError` saying what is wrong.
    public init(_ bytes: Data) throws(BlindIndexError) {
        // Offsets below count from 0, whatever slice it was, and columns are read in registers of 16 bytes.
        let isAligned = bytes.withUnsafeBytes { Int(bitPattern: $0.baseAddress) % 16 == 0 }
        let bytes = bytes.startIndex == 0 && isAligned ? bytes : Data(bytes)
        guard bytes.count >= BlindIndexLayout.layerOffset(0) else {
            throw BlindIndexError("it ends after \(bytes.count) bytes, before its head does")
        }
        guard bytes.prefix(8).elementsEqual(BlindIndexLayout.magic) else {
            throw BlindIndexError("it is no index of quads")
        }
        let (version, layers): (UInt32, UInt32) = (bytes.number(at: 8), bytes.number(at: 12))
        guard version == BlindIndexLayout.version else {
            throw BlindIndexError(
                "its format has version \(version); this program reads \(BlindIndexLayout.version)")
        }
        let (stars, length): (UInt64, UInt64) = (bytes.number(at: 16), bytes.number(at: 24))
        guard (1...BlindIndexLayout.maximumLayers).contains(Int(layers)), stars < 1 << 40 else {
            throw BlindIndexError("it claims \(layers) layers of \(stars) stars")
        }
        let first = BlindIndexLayout.layerOffset(Int(layers))
        guard length == UInt64(bytes.count), bytes.count >= first else {
            throw BlindIndexError("it has \(bytes.count) bytes; its head says \(length)")
        }
        var (heads, starts, start): ([BlindLayerHead], [Int], Int) = ([], [], BlindIndexLayout.padded(first))
        for layer in 0..<Int(layers) {
            let head = try BlindLayerHead(bytes, at: BlindIndexLayout.layerOffset(layer))
            heads.append(head)
            starts.append(start)
            start = head.offsets(from: start)[4]
        }
        guard start == bytes.count else {
            throw BlindIndexError("it has \(bytes.count) bytes; its layers take \(start)")
        }
        catalogueID = String(
            decoding: bytes[BlindIndexLayout.idRange].prefix { $0 != 0 }.map {
                (33...126).contains($0) ? $0 : UInt8(ascii: "?")
            }, as: UTF8.self)
        catalogueStars = Int(stars)
        (self.heads, self.starts, self.bytes) = (heads, starts, bytes)
    }

    /// Quads of all layers.
    public var quadCount: Int { heads.reduce(0) { $0 + $1.quadCount } }
    /// Stars of all layers; a bright one is in several.
    public var starCount: Int { heads.reduce(0) { $0 + $1.starCount } }
    /// [bytes]
    public var length: Int { bytes.count }
    public var layerCount: Int { heads.count }

    /// Gives the layers, where they lie in memory.
    func withLayers<Result>(_ body: ([BlindLayer]) throws -> Result) rethrows -> Result {
        try bytes.withUnsafeBytes { raw in
            guard let base = raw.baseAddress else { return try body([]) }
            return try body(zip(heads, starts).map { BlindLayer($0, base, start: $1) })
        }
    }
}

extension BlindLayerHead {
    init(_ bytes: Data, at offset: Int) throws(BlindIndexError) {
        let numbers: [UInt32] = (0..<6).map { bytes.number(at: offset + 4 * $0) }
        let (shortest, longest): (Float, Float) = (bytes.number(at: offset + 24), bytes.number(at: offset + 28))
        guard let grid = CubeGrid(side: Int(numbers[4])), let boxes = CodeBoxes(perUnit: Int(numbers[5])),
            numbers[0] <= 29, numbers[2] < 1 << BlindIndexLayout.starBits, numbers[3] < 1 << 28,
            shortest > 0, longest >= shortest, longest < 3.2
        else { throw BlindIndexError("its head describes a layer that cannot be") }
        self.init(
            order: Int(numbers[0]), starsPerCell: Int(numbers[1]), starCount: Int(numbers[2]),
            quadCount: Int(numbers[3]), grid: grid, boxes: boxes, lengths: shortest...longest)
    }
}

/// One layer, while the bytes of its index are held.
struct BlindLayer {
    let head: BlindLayerHead
    private let stars: UnsafePointer<SIMD4<Float>>
    private let cells: UnsafePointer<UInt32>
    private let quads: UnsafePointer<SIMD4<UInt32>>
    private let boxes: UnsafePointer<UInt32>

    /// - Parameter base: of the whole index; aligned to 16 bytes at least, as allocations are.
    fileprivate init(_ head: BlindLayerHead, _ base: UnsafeRawPointer, start: Int) {
        self.head = head
        let offsets = head.offsets(from: start)
        stars = (base + offsets[0]).assumingMemoryBound(to: SIMD4<Float>.self)
        cells = (base + offsets[1]).assumingMemoryBound(to: UInt32.self)
        quads = (base + offsets[2]).assumingMemoryBound(to: SIMD4<UInt32>.self)
        boxes = (base + offsets[3]).assumingMemoryBound(to: UInt32.self)
    }

    @inline(__always)
    func direction(_ star: Int) -> SkyVector {
        let place = stars[min(star, head.starCount - 1)]
        return SkyVector(x: Double(place.x), y: Double(place.y), z: Double(place.z))
    }

    /// A range of rows; empty where damaged numbers claim what is not there.
    @inline(__always)
    private static func rows(_ start: UInt32, _ end: UInt32, of count: Int) -> Range<Int> {
        let (low, high) = (Int(start), Int(end))
        return low <= high && high <= count ? low..<high : 0..<0
    }

    /// Calls `body` with the stars of every quad whose four numbers all differ by no more than the tolerance.
    @inline(__always)
    func visit(_ code: SIMD4<Float>, tolerance: Float, _ body: (SIMD4<UInt32>) -> Void) {
        let reach = tolerance + 1 / BlindIndexLayout.codeSteps
        let (low, high) = (head.boxes.place(code - reach), head.boxes.place(code + reach))
        // Below zero, these wrap round to numbers beyond the width.
        let lowest = PackedCode.pack(code) &- (UInt32(tolerance * BlindIndexLayout.codeSteps) + 1)
        let width = 2 * UInt32(tolerance * BlindIndexLayout.codeSteps) + 2
        for xC in low.x...high.x {
            for yC in low.y...high.y {
                for xD in low.z...high.z {
                    let row = head.boxes.row(xC, yC, xD)
                    let range = Self.rows(
                        boxes[row + Int(low.w)], boxes[row + Int(high.w) + 1], of: head.quadCount)
                    for entry in range {
                        let quad = quads[entry]
                        let place = (quad &>> BlindIndexLayout.starBits) &- lowest
                        guard place.x <= width, place.y <= width, place.z <= width, place.w <= width else { continue }
                        body(quad & ((1 << BlindIndexLayout.starBits) - 1))
                    }
                }
            }
        }
    }

    /// Squared chord to the nearest star, where there is one within `radius` [rad]; stars beyond the edge of a cube's
    /// face are not seen.
    @inline(__always)
    func leastSquaredChord(_ direction: SkyVector, within radius: Double) -> Double {
        let grid = head.grid
        let place = grid.place(direction)
        let reach = radius * place.stretch
        var least = Double.infinity
        let (firstU, lastU) = (Int(max(0, place.u - reach)), Int(min(Double(grid.side - 1), place.u + reach)))
        let (firstW, lastW) = (Int(max(0, place.w - reach)), Int(min(Double(grid.side - 1), place.w + reach)))
        guard firstU <= lastU, firstW <= lastW else { return least }
        for w in firstW...lastW {
            let row = grid.cell(face: place.face, 0, w)
            for star in Self.rows(cells[row + firstU], cells[row + lastU + 1], of: head.starCount) {
                least = min(least, self.direction(star).squaredChord(direction))
            }
        }
        return least
    }
}

extension Data {
    /// A number at an offset, little-endian as is every machine this runs on.
    func number<Number: BitwiseCopyable>(at offset: Int) -> Number {
        withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Number.self) }
    }
}
