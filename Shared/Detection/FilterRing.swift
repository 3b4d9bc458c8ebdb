internal import CKernels

/// Separable convolution by a symmetric kernel, a row at a time; outside the image is 0.
///
/// Rows go in by `input` and `take`, in order; rows y - 1 and y can be made when row y + reach has been taken, or the
/// image has ended.
struct FilterRing: ~Copyable {
    private let across: [Float]
    private let along: [Float]
    private let height: Int
    /// Of a row, rounded up to whole blocks of the kernels.
    private let stride: Int
    /// On either side of the input, so that everything begins where a vector of 64 bytes may.
    private let margin: Int
    /// Rows filtered along x that are held.
    private let slots: Int
    /// A row of zeros, two of output, the input between margins, and the ring of rows filtered along x.
    private let storage: UnsafeMutablePointer<Float>
    private let rows: UnsafeMutablePointer<UnsafePointer<Float>?>

    static func stride(_ width: Int) -> Int { (width + 63) / 64 * 64 }

    /// - Parameters:
    ///   - across, along: halves of the kernel, from its centre outwards, along x and y.
    init(_ across: [Float], _ along: [Float], width: Int, height: Int) {
        (self.across, self.along, self.height) = (across, along, height)
        stride = Self.stride(width)
        margin = (across.count + 15) / 16 * 16
        slots = 2 * along.count
        let count = stride * (slots + 4) + 2 * margin
        storage = UnsafeMutableRawPointer.allocate(byteCount: 4 * count, alignment: 64).bindMemory(
            to: Float.self, capacity: count)
        storage.initialize(repeating: 0, count: count)
        rows = .allocate(capacity: slots)
        rows.initialize(repeating: nil, count: slots)
    }

    deinit {
        storage.deallocate()
        rows.deallocate()
    }

    private var zeros: UnsafePointer<Float> { UnsafePointer(storage) }
    /// The rows made last.
    func output(_ index: Int) -> UnsafeMutablePointer<Float> { storage + stride * (1 + index) }
    /// Where the next row is to be put.
    var input: UnsafeMutablePointer<Float> { storage + 3 * stride + margin }

    private func slot(_ y: Int) -> UnsafeMutablePointer<Float> {
        storage + 4 * stride + 2 * margin + stride * (y % slots)
    }

    /// Filters the input row along x.
    mutating func take(_ y: Int) { kernel_filter_row(slot(y), input, across, across.count - 1, stride) }

    /// Takes a row that is filtered already.
    mutating func put(_ filtered: [Float], at y: Int) {
        filtered.withUnsafeBufferPointer { row in
            if let base = row.baseAddress { slot(y).update(from: base, count: stride) }
        }
    }

    /// A row filtered along x.
    func copy(_ y: Int) -> [Float] { Array(UnsafeBufferPointer(start: slot(y), count: stride)) }

    /// Filters one or two rows along y.
    mutating func make(_ made: ClosedRange<Int>) {
        let reach = along.count - 1
        for (index, y) in ((made.lowerBound - reach)...(made.upperBound + reach)).enumerated() {
            rows[index] = y >= 0 && y < height ? UnsafePointer(slot(y)) : zeros
        }
        if made.count == 1 {
            kernel_filter_column(output(0), rows, along, reach, stride)
        } else {
            kernel_filter_two_columns(output(0), output(1), rows, along, reach, stride)
        }
    }
}

/// Which part of a star image's weight lies on usable pixels, computed only near excluded ones.
struct CoverageRing: ~Copyable {
    private var ring: FilterRing
    private let height: Int
    private let width: Int
    private let reach: Int
    /// Excluded pixels in each of the last rows.
    private var counts: [Int]
    /// Whether the ring holds those rows yet: rows without excluded pixels are put there when they are needed.
    private var isHeld: [Bool]
    private let least: Float
    /// A row without excluded pixels, filtered along x.
    private var clean: [Float]

    init(_ across: [Float], _ along: [Float], width: Int, height: Int) {
        ring = FilterRing(across, along, width: width, height: height)
        (self.width, self.height) = (width, height)
        reach = along.count - 1
        counts = [Int](repeating: 0, count: 2 * along.count)
        isHeld = [Bool](repeating: false, count: counts.count)
        let whole = { (half: [Float]) in half.reduce(-half[0]) { $0 + 2 * $1 } }
        least = 0.25 * whole(across) * whole(along)
        clean = []
        ring.input.update(repeating: 1, count: width)
        ring.take(0)
        clean = ring.copy(0)
    }

    /// - Parameter found: number of excluded pixels in the row.
    mutating func take(_ y: Int, _ marks: UnsafePointer<UInt8>, found: Int) {
        counts[y % counts.count] = found
        isHeld[y % counts.count] = found > 0
        guard found > 0 else { return }
        let input = ring.input
        for x in 0..<width { input[x] = Float(1 - marks[x] & PixelMarks.excluded) }
        ring.take(y)
    }

    /// The row's coverage and the least that suffices; nil where all pixels around are usable.
    mutating func make(_ y: Int) -> (row: UnsafePointer<Float>, least: Float)? {
        let rows = max(0, y - reach)...min(height - 1, y + reach)
        guard rows.contains(where: { counts[$0 % counts.count] > 0 }) else { return nil }
        for row in rows where !isHeld[row % counts.count] {
            ring.put(clean, at: row)
            isHeld[row % counts.count] = true
        }
        ring.make(y...y)
        return (UnsafePointer(ring.output(0)), least)
    }
}

/// Picks the pixels of a filtered row that stand out.
struct RowThreshold: ~Copyable {
    let width: Int
    private let square: Float
    private let above: UnsafeMutablePointer<UInt8>
    /// Scatter of single pixels as seen [e-], to be filled in before.
    let rms: UnsafeMutablePointer<Float>
    /// The ratio of each pixel that stands out; any value elsewhere.
    let ratio: UnsafeMutablePointer<Float>
    /// Stretches of pixels that stand out: first, and one past the last.
    let starts: UnsafeMutablePointer<Int32>
    let ends: UnsafeMutablePointer<Int32>

    init(width: Int, threshold: Double) {
        self.width = width
        square = Float(threshold * threshold)
        above = .allocate(capacity: width)
        rms = .allocate(capacity: width)
        ratio = .allocate(capacity: width)
        starts = .allocate(capacity: width / 2 + 1)
        ends = .allocate(capacity: width / 2 + 1)
    }

    deinit {
        above.deallocate()
        rms.deallocate()
        ratio.deallocate()
        starts.deallocate()
        ends.deallocate()
    }

    /// - Returns: the number of stretches.
    mutating func apply(
        _ numerator: UnsafePointer<Float>, _ denominator: UnsafePointer<Float>, _ variance: UnsafePointer<Float>,
        _ marks: UnsafePointer<UInt8>, _ coverage: (row: UnsafePointer<Float>, least: Float)?
    ) -> Int {
        var row = kernel_filtered_row(
            numerator: numerator, denominator: denominator, rms: rms, variance: variance, marks: marks)
        guard kernel_above(above, &row, square, width) > 0 else { return 0 }
        if let coverage {
            for x in 0..<width where !(coverage.row[x] > coverage.least) { above[x] = 0 }
        }
        let count = kernel_runs(above, width, starts, ends)
        kernel_ratios(ratio, &row, starts, ends, count, width)
        return count
    }
}
