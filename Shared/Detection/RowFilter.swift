/// Separable convolution by one symmetric kernel along x and y, a row at a time; outside the image is 0.
///
/// Rows go in by `input` and `take`, in order; row y can be made when row y + reach has been taken, or the image has
/// ended.
struct RowFilter: ~Copyable {
    private let kernel: [Float]
    private let reach: Int
    private let width: Int
    private let height: Int
    /// The input row between `reach` zeros on either side, the output row, and the ring of rows filtered along x.
    private let storage: UnsafeMutablePointer<Float>

    init(_ kernel: [Float], width: Int, height: Int) {
        self.kernel = kernel
        reach = kernel.count / 2
        self.width = width
        self.height = height
        let count = 2 * reach + width * (2 + kernel.count)
        storage = .allocate(capacity: count)
        storage.initialize(repeating: 0, count: count)
    }

    deinit { storage.deallocate() }

    /// Where the next row is to be put.
    var input: UnsafeMutablePointer<Float> { storage + reach }
    /// The row made last.
    var output: UnsafeMutablePointer<Float> { storage + 2 * reach + width }

    private func ring(_ y: Int) -> UnsafeMutablePointer<Float> {
        storage + 2 * reach + width * (2 + y % kernel.count)
    }

    /// Filters the input row along x.
    mutating func take(_ y: Int) {
        let target = ring(y)
        Self.set(target, to: storage, times: kernel[0], width)
        for tap in 1..<kernel.count { Self.add(storage + tap, times: kernel[tap], to: target, width) }
    }

    /// Filters along y.
    mutating func makeRow(_ y: Int) {
        let (first, last) = (max(0, y - reach), min(height - 1, y + reach))
        Self.set(output, to: ring(first), times: kernel[first - y + reach], width)
        for row in (first + 1)..<max(first + 1, last + 1) {
            Self.add(ring(row), times: kernel[row - y + reach], to: output, width)
        }
    }

    @inline(__always)
    private static func set(
        _ target: UnsafeMutablePointer<Float>, to source: UnsafePointer<Float>, times weight: Float, _ count: Int
    ) {
        for x in 0..<count { target[x] = weight * source[x] }
    }

    @inline(__always)
    private static func add(
        _ source: UnsafePointer<Float>, times weight: Float, to target: UnsafeMutablePointer<Float>, _ count: Int
    ) {
        for x in 0..<count { target[x] += weight * source[x] }
    }
}
