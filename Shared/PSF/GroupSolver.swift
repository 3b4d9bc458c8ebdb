internal import CKernels

/// A star under the fit.
struct FittedStar {
    var x: Double
    var y: Double
    /// Where it was first [px].
    let startX: Double
    let startY: Double
    var flux: Double
    /// The stamp in which it is fitted and subtracted.
    var layout: StampLayout
    /// Its position does not move.
    var isFixed: Bool
    /// It moved too far, or its flux was negative, and it was put back and held.
    var isHeld = false
    /// No usable pixel under its image.
    var isDead = false
    /// A hidden star that the fit did not ask for in the end.
    var isGivenUp = false
    /// Part of P^2 that lies on usable pixels.
    var coverage = 1.0
    /// Square of its last step in units of its errors, the largest of flux and place.
    var lastStep = Double.infinity

    var column: Int { Int(x.rounded()) }
    var row: Int { Int(y.rounded()) }
    var moves: Bool { !isFixed && !isHeld && flux > 0 }
}

/// The normal equations of one group, and the stamps they are made from.
final class GroupSolver {
    private let planes: PixelPlanes
    private var memory: UnsafeMutablePointer<Float>
    private var capacity: Int
    private var starts: [Int] = []
    private(set) var layouts: [StampLayout] = []
    /// Sums of each star, as `kernel_psf_sums` orders them.
    private(set) var sums: [[Double]] = []
    /// Per star: value, by x, by y, weight, residual, data, variance.
    private static let buffers = 7

    init(_ planes: PixelPlanes) {
        self.planes = planes
        capacity = 1 << 16
        memory = .allocate(capacity: capacity)
        memory.initialize(repeating: 0, count: capacity)
    }

    deinit { memory.deallocate() }

    func value(_ slot: Int) -> UnsafeMutablePointer<Float> { memory + starts[slot] }
    func weight(_ slot: Int) -> UnsafeMutablePointer<Float> { memory + starts[slot] + 3 * layouts[slot].count }
    func byX(_ slot: Int) -> UnsafeMutablePointer<Float> { memory + starts[slot] + layouts[slot].count }
    func residual(_ slot: Int) -> UnsafeMutablePointer<Float> { memory + starts[slot] + 4 * layouts[slot].count }

    private func reserve(_ stars: [FittedStar], _ group: [Int]) {
        layouts = group.map { stars[$0].layout }
        starts = []
        var total = 0
        for layout in layouts {
            starts.append(total)
            total += Self.buffers * layout.count
        }
        guard total > capacity else { return }
        memory.deallocate()
        capacity = 2 * total
        memory = .allocate(capacity: capacity)
        memory.initialize(repeating: 0, count: capacity)
    }

    /// Reads the group's pixels and star images.
    func load(_ stars: inout [FittedStar], _ group: [Int], _ sampler: PointSpreadSampler) {
        reserve(stars, group)
        sums = []
        for (slot, index) in group.enumerated() {
            let star = stars[index]
            let (layout, base) = (star.layout, memory + starts[slot])
            let count = layout.count
            let isWhole = planes.gather(
                column: star.column, row: star.row, layout, data: base + 5 * count, residual: base + 4 * count,
                variance: base + 6 * count)
            sampler.stamp(
                x: star.x, y: star.y, half: layout.half, stride: layout.stride,
                into: StampPlanes(value: base, byX: base + count, byY: base + 2 * count))
            kernel_psf_weights(
                base + 5 * count, base + 4 * count, base + 6 * count, planes.photonNoise, count, base + 3 * count)
            var own = [Double](repeating: 0, count: 12)
            kernel_psf_sums(base, base + count, base + 2 * count, base + 3 * count, base + 4 * count, count, &own)
            sums.append(own)
            stars[index].coverage = isWhole ? 1 : Self.coverage(base, base + 3 * count, layout)
            stars[index].isDead = !(own[0] > 0) || stars[index].coverage < 0.002
        }
    }

    private static func coverage(
        _ value: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, _ layout: StampLayout
    ) -> Double {
        var (used, all) = (0.0, 0.0)
        for line in 0..<layout.side {
            for i in (line * layout.stride)..<(line * layout.stride + layout.side) {
                let square = Double(value[i]) * Double(value[i])
                all += square
                if weight[i] > 0 { used += square }
            }
        }
        return all > 0 ? used / all : 0
    }

    /// What is solved for: star by star its flux and, where it moves, x and y in units of flux [e- px].
    struct Unknowns {
        /// (slot, image): image 0 the value, 1 by x, 2 by y.
        var entries: [(slot: Int, image: Int)] = []

        init(_ stars: [FittedStar], _ group: [Int], movesPlaces: Bool) {
            for (slot, index) in group.enumerated() where !stars[index].isDead {
                entries.append((slot, 0))
                guard movesPlaces, stars[index].moves else { continue }
                entries.append((slot, 1))
                entries.append((slot, 2))
            }
        }

        /// The equations without what stars have to do with each other, for stars that cannot be told apart.
        func apart(_ matrix: [Double]) -> [Double] {
            var apart = matrix
            for row in entries.indices {
                for column in 0..<row where entries[row].slot != entries[column].slot {
                    apart[row * entries.count + column] = 0
                }
            }
            return apart
        }
    }

    /// J^T W J and J^T W r of the group.
    func equations(
        _ stars: [FittedStar], _ group: [Int], _ unknowns: Unknowns
    ) -> (matrix: [Double], right: [Double]) {
        let entries = unknowns.entries
        let size = entries.count
        var matrix = [Double](repeating: 0, count: size * size)
        let right = entries.map { sums[$0.slot][6 + $0.image] }
        let places = [[0, 1, 2], [1, 3, 4], [2, 4, 5]]
        var pair = (-1, -1)
        var cross = [Double](repeating: 0, count: 9)
        for row in 0..<size {
            for column in 0...row {
                let (a, b) = (entries[row], entries[column])
                if a.slot == b.slot {
                    matrix[row * size + column] = sums[a.slot][places[a.image][b.image]]
                } else {
                    if pair != (a.slot, b.slot) {
                        pair = (a.slot, b.slot)
                        self.cross(stars[group[a.slot]], a.slot, stars[group[b.slot]], b.slot, &cross)
                    }
                    matrix[row * size + column] = cross[3 * a.image + b.image]
                }
            }
        }
        return (matrix, right)
    }

    private func cross(
        _ a: FittedStar, _ slotA: Int, _ b: FittedStar, _ slotB: Int, _ sums: inout [Double]
    ) {
        let (one, two) = (layouts[slotA], layouts[slotB])
        let left = max(a.column - one.half, b.column - two.half)
        let low = max(a.row - one.half, b.row - two.half)
        let width = min(a.column + one.half, b.column + two.half) - left + 1
        let height = min(a.row + one.half, b.row + two.half) - low + 1
        guard width > 0, height > 0 else {
            for k in 0..<9 { sums[k] = 0 }
            return
        }
        let offsetA = (low - a.row + one.half) * one.stride + left - a.column + one.half
        let offsetB = (low - b.row + two.half) * two.stride + left - b.column + two.half
        kernel_psf_cross(
            value(slotA) + offsetA, one.count, one.stride, weight(slotA) + offsetA, value(slotB) + offsetB, two.count,
            two.stride, width, height, &sums)
    }
}
