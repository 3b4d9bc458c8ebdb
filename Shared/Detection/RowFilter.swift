internal import CKernels

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
        kernel_row_scale(target, storage, kernel[0], width)
        for tap in 1..<kernel.count { kernel_row_add(target, storage + tap, kernel[tap], width) }
    }

    /// Filters along y.
    mutating func makeRow(_ y: Int) {
        let (first, last) = (max(0, y - reach), min(height - 1, y + reach))
        kernel_row_scale(output, ring(first), kernel[first - y + reach], width)
        for row in (first + 1)..<max(first + 1, last + 1) {
            kernel_row_add(output, ring(row), kernel[row - y + reach], width)
        }
    }
}
