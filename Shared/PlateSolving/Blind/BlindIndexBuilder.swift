public import Foundation
public import Sky

/// Makes an index of quads of a catalogue's bright stars.
public struct BlindIndexBuilder {
    /// A star at the catalogue's epoch.
    private struct Candidate {
        let direction: SkyVector
        let magnitude: Float
        /// HEALPix cell of the densest layer.
        let cell: Int64
    }

    /// Which stars a layer takes: so many of each HEALPix cell of an order, the brightest.
    struct Depth {
        let order: Int
        let starsPerCell: Int

        /// Lengths of the quads that are kept [rad], of a layer of so many stars: four in five where every cell has its
        /// stars, longer ones where the catalogue has too few. A frame's quad then has two or three layers to be looked
        /// up in.
        ///
        /// - Parameter skyShare: share of the sky that the catalogue is of.
        func lengths(stars: Int, skyShare: Double) -> ClosedRange<Float> {
            let full = skyShare * Double(SkyCell.count(order: order)) * Double(starsPerCell)
            let spacing = Float((skyShare * 4 * Double.pi / Double(stars)).squareRoot())
            let longest = min(1.5, Double(stars) < 0.97 * full ? 4 * spacing : 2.8 * spacing)
            return min(1.3 * spacing, longest)...longest
        }
    }

    /// 14 stars to the square degree and half as many from layer to layer, down to 0.014.
    static let depths: [Depth] = [
        (7, 3), (6, 6), (6, 3), (5, 6), (5, 3), (4, 6), (4, 3), (3, 6), (3, 3), (2, 6), (2, 3),
    ].map { Depth(order: $0.0, starsPerCell: $0.1) }

    private let catalogueID: String
    private let catalogueStars: Int
    private var candidates: [Candidate] = []

    /// - Parameters:
    ///   - catalogueID: as `CatalogueDescription.id` has it; 64 bytes of it are kept.
    ///   - catalogueStars: that the catalogue has; the index need not be given all of them.
    public init(catalogueID: String, catalogueStars: Int) {
        self.catalogueID = catalogueID
        self.catalogueStars = catalogueStars
    }

    /// Takes a star at the catalogue's epoch, in any order; those without a magnitude count as the faintest.
    public mutating func add(_ position: SkyPosition, magnitude: Float) {
        let cell = SkyCell(containing: position, order: Self.depths[0].order).number
        candidates.append(
            Candidate(
                direction: SkyVector(position), magnitude: magnitude.isNaN ? .infinity : magnitude, cell: cell))
    }

    /// The bytes of the index, with zeros where `BlindIndexLayout.digestRange` wants a checksum. Same stars, same
    /// bytes, in whatever order they came.
    public func bytes() -> Data {
        let sorted = candidates.sorted {
            ($0.magnitude, $0.direction.x, $0.direction.y, $0.direction.z)
                < ($1.magnitude, $1.direction.x, $1.direction.y, $1.direction.z)
        }
        var layers: [(head: BlindLayerHead, columns: BlindColumns)] = []
        var last = Int.max
        let skyShare = skyShare
        for depth in Self.depths {
            let chosen = Self.selection(sorted, depth)
            // Where the catalogue has no more stars, a denser layer would be the same again.
            guard chosen.count >= 8 else { continue }
            if Double(chosen.count) > 0.9 * Double(last), !layers.isEmpty { layers.removeLast() }
            last = chosen.count
            layers.append(Self.layer(chosen.map { sorted[$0] }, depth, skyShare: skyShare))
        }
        return Self.written(layers, id: catalogueID, stars: catalogueStars)
    }

    /// Share of the cells of 4 degrees that have stars.
    private var skyShare: Double {
        let order = 4
        let cells = Set(candidates.map { $0.cell >> Int64(2 * (Self.depths[0].order - order)) })
        return Double(cells.count) / Double(SkyCell.count(order: order))
    }

    private static func selection(_ sorted: [Candidate], _ depth: Depth) -> [Int] {
        let shift = Int64(2 * (depths[0].order - depth.order))
        var filled = [UInt8](repeating: 0, count: Int(SkyCell.count(order: depth.order)))
        return sorted.indices.filter { index in
            let cell = Int(sorted[index].cell >> shift)
            guard filled[cell] < depth.starsPerCell else { return false }
            filled[cell] += 1
            return true
        }
    }

    private static func layer(
        _ stars: [Candidate], _ depth: Depth, skyShare: Double
    ) -> (head: BlindLayerHead, columns: BlindColumns) {
        let grid = CubeGrid(stars: stars.count)
        let cells = stars.map { grid.cell($0.direction) }
        let (order, starts) = countingSort(cells, count: grid.count)
        let directions = order.map { stars[$0].direction }
        let rows = order.map { index in
            let star = stars[index]
            return SIMD4<Float>(
                Float(star.direction.x), Float(star.direction.y), Float(star.direction.z), star.magnitude)
        }
        let quads = SkyQuads(directions).quads(lengths: depth.lengths(stars: stars.count, skyShare: skyShare))
        let boxes = CodeBoxes(quads: quads.count)
        let packed = quads.map { quad in
            SIMD4<UInt32>(truncatingIfNeeded: quad.stars)
                | PackedCode.pack(quad.code) &<< BlindIndexLayout.starBits
        }
        let numbers = packed.map { boxes.number(boxes.place(PackedCode.unpack($0 &>> BlindIndexLayout.starBits))) }
        let (quadOrder, quadStarts) = countingSort(numbers, count: boxes.count)
        let shortest = quads.map(\.length).min() ?? 1
        let head = BlindLayerHead(
            order: depth.order, starsPerCell: depth.starsPerCell, starCount: stars.count, quadCount: quads.count,
            grid: grid, boxes: boxes, lengths: shortest...max(shortest, quads.map(\.length).max() ?? 1))
        return (
            head, BlindColumns(stars: rows, cells: starts, quads: quadOrder.map { packed[$0] }, boxes: quadStarts)
        )
    }

    /// Indices in the order of their keys, and where each key begins.
    private static func countingSort(_ keys: [Int], count: Int) -> (order: [Int], starts: [UInt32]) {
        var starts = [UInt32](repeating: 0, count: count + 1)
        for key in keys { starts[key + 1] += 1 }
        for index in 1...count { starts[index] += starts[index - 1] }
        var (next, order) = (starts, [Int](repeating: 0, count: keys.count))
        for (index, key) in keys.enumerated() {
            order[Int(next[key])] = index
            next[key] += 1
        }
        return (order, starts)
    }
}

/// The columns of a layer, before they are bytes.
private struct BlindColumns {
    let stars: [SIMD4<Float>]
    let cells: [UInt32]
    let quads: [SIMD4<UInt32>]
    let boxes: [UInt32]
}

extension BlindIndexBuilder {
    private static func written(
        _ layers: [(head: BlindLayerHead, columns: BlindColumns)], id: String, stars: Int
    ) -> Data {
        let first = BlindIndexLayout.padded(BlindIndexLayout.layerOffset(layers.count))
        let length = layers.reduce(first) { $1.head.offsets(from: $0)[4] }
        var bytes = Data(capacity: length)
        bytes.append(contentsOf: BlindIndexLayout.magic)
        bytes.append(number: BlindIndexLayout.version)
        bytes.append(number: UInt32(layers.count))
        bytes.append(number: UInt64(stars))
        bytes.append(number: UInt64(length))
        bytes.pad(to: BlindIndexLayout.idRange.lowerBound)
        bytes.append(contentsOf: id.utf8.prefix(BlindIndexLayout.idRange.count))
        for (index, layer) in layers.enumerated() {
            bytes.pad(to: BlindIndexLayout.layerOffset(index))
            let head = layer.head
            let numbers = [
                head.order, head.starsPerCell, head.starCount, head.quadCount, head.grid.side, head.boxes.perUnit,
            ]
            for number in numbers { bytes.append(number: UInt32(number)) }
            bytes.append(number: head.lengths.lowerBound)
            bytes.append(number: head.lengths.upperBound)
        }
        for layer in layers {
            bytes.pad(to: BlindIndexLayout.padded(bytes.count))
            let offsets = layer.head.offsets(from: bytes.count)
            bytes.append(column: layer.columns.stars)
            bytes.pad(to: offsets[1])
            bytes.append(column: layer.columns.cells)
            bytes.pad(to: offsets[2])
            bytes.append(column: layer.columns.quads)
            bytes.pad(to: offsets[3])
            bytes.append(column: layer.columns.boxes)
        }
        bytes.pad(to: length)
        return bytes
    }
}

extension Data {
    fileprivate mutating func append<Number: BitwiseCopyable>(number: Number) {
        Swift.withUnsafeBytes(of: number) { append(contentsOf: $0) }
    }

    fileprivate mutating func append<Number: BitwiseCopyable>(column: [Number]) {
        column.withUnsafeBytes { append(contentsOf: $0) }
    }

    /// Zeros up to an offset.
    fileprivate mutating func pad(to offset: Int) {
        precondition(offset >= count, "what is written does not reach back")
        append(Data(count: offset - count))
    }
}
