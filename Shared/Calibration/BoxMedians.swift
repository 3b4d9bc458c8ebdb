internal import CKernels
internal import Imaging

/// A smooth background: medians of boxes, and bilinear in between; beyond the outermost centres the slope goes on. A
/// box that is more than 3 sigma away from the median of its neighbours (a galaxy, a bright star) takes that.
struct BoxMedians {
    private let columns: Int
    private let rows: Int
    private let width: Int
    private let height: Int
    private var levels: [Float]
    /// For each column of the section: its place between the centres of two boxes, and where the pair changes.
    private let shares: [Float]
    private let stretches: [(columns: Range<Int>, box: Int)]

    init<Unit>(of image: Image<Unit>, in section: FrameSection, boxSize: Int, mask: Mask? = nil, threads: Int = 1) {
        (width, height) = (section.width, section.height)
        columns = max(1, (width + boxSize / 2) / boxSize)
        rows = max(1, (height + boxSize / 2) / boxSize)
        let places = (0..<width).map { [width, columns] in Self.place($0, width, columns) }
        shares = places.map(\.share)
        var stretches: [(columns: Range<Int>, box: Int)] = []
        for (column, place) in places.enumerated() {
            if let last = stretches.last, last.box == place.box {
                stretches[stretches.count - 1].columns = last.columns.lowerBound..<(column + 1)
            } else {
                stretches.append((column..<(column + 1), place.box))
            }
        }
        self.stretches = stretches
        levels = Self.medians(of: image, in: section, mask: mask, columns: columns, rows: rows, threads: threads)
        smooth()
    }

    private static func medians<Unit>(
        of image: Image<Unit>, in section: FrameSection, mask: Mask?, columns: Int, rows: Int, threads: Int
    ) -> [Float] {
        let (width, height, stride) = (section.width, section.height, image.width)
        let bits = mask?.bits ?? []
        var medians = [Float](repeating: .nan, count: columns * rows)
        let room = (width / columns + 1) * (height / rows + 1)
        medians.withUnsafeMutableBufferPointer { medians in
            image.pixels.withUnsafeBufferPointer { pixels in
                bits.withUnsafeBufferPointer { bits in
                    parallelRows(rows, threads: threads) { range in
                        withUnsafeTemporaryAllocation(of: Float.self, capacity: room) { values in
                            for box in (range.lowerBound * columns)..<(range.upperBound * columns) {
                                let (row, column) = (box / columns, box % columns)
                                let first = column * width / columns
                                let count = (column + 1) * width / columns - first
                                var taken = 0
                                for j in (row * height / rows)..<((row + 1) * height / rows) {
                                    let start = (section.y0 + j) * stride + section.x0 + first
                                    taken += kernel_pick(
                                        pixels.baseAddress! + start, mask == nil ? nil : bits.baseAddress! + start, 1,
                                        count,
                                        values.baseAddress! + taken)
                                }
                                let median = Robust.median(withNaN: values.baseAddress!, count: taken)
                                medians[box] = median ?? .nan
                            }
                        }
                    }
                }
            }
        }
        return medians
    }

    /// Replaces boxes that stand out.
    private mutating func smooth() {
        let medians = levels
        let around = medians.indices.map { self.around($0, in: medians) }
        let distances = zip(medians, around).map { $0 - $1 }
        let reach = Float(3 * (Robust.clippedMoments(distances)?.sigma ?? 0))
        for index in levels.indices {
            levels[index] = abs(distances[index]) <= reach ? medians[index] : around[index]
        }
    }

    private func around(_ index: Int, in medians: [Float]) -> Float {
        let (row, column) = (index / columns, index % columns)
        var near: [Float] = []
        for r in max(row - 1, 0)...min(row + 1, rows - 1) {
            for c in max(column - 1, 0)...min(column + 1, columns - 1) { near.append(medians[r * columns + c]) }
        }
        return Robust.median(near) ?? Robust.median(medians) ?? 0
    }

    /// The box whose centre lies before a pixel, and how far the pixel is on the way to the next centre.
    private static func place(_ pixel: Int, _ size: Int, _ boxes: Int) -> (box: Int, share: Float) {
        let centre = (Float(pixel) + 0.5) * Float(boxes) / Float(size) - 0.5
        let low = max(0, min(Int(centre.rounded(.down)), boxes - 2))
        return (low, boxes > 1 ? centre - Float(low) : 0)
    }

    /// Levels at row `j` of the section, one for each of its columns.
    func write(row j: Int, into line: UnsafeMutablePointer<Float>) {
        let (row, fy) = Self.place(j, height, rows)
        let (top, bottom) = (row * columns, min(row + 1, rows - 1) * columns)
        shares.withUnsafeBufferPointer { shares in
            for stretch in stretches {
                let (left, right) = (stretch.box, min(stretch.box + 1, columns - 1))
                let (topLeft, topRight) = (levels[top + left], levels[top + right])
                let (bottomLeft, bottomRight) = (levels[bottom + left], levels[bottom + right])
                for i in stretch.columns {
                    let fx = shares[i]
                    let above = topLeft * (1 - fx) + topRight * fx
                    let below = bottomLeft * (1 - fx) + bottomRight * fx
                    line[i] = above * (1 - fy) + below * fy
                }
            }
        }
    }
}
