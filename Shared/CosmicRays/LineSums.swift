/// Sums along all digital lines of an image: the approximate discrete Radon transform, in n^2 log n additions.
///
/// For blocks of 2^m rows the sum over the line that enters at column x of the block's first row and leaves `shift`
/// columns to the right in its last one is that of two lines of half the shift in the blocks of half the height:
///
///     R[m](b, shift, x) = R[m-1](2b, shift / 2, x) + R[m-1](2b + 1, shift / 2, x + (shift + 1) / 2)
///
/// So trails that begin or end on the frame are seen in the blocks that they cross. Shifts go from 0 to 2^m - 1: lines
/// within 45 degrees of the columns that lean to the right; mirrored and transposed images have the others.
/// - Source: Brady 1998, SIAM J. Comput. 27, 107; Nir, Zackay & Ofek 2018, AJ 156, 229 (for streaks).
struct LineSums {
    /// Columns, with room before them for lines that begin outside; those that end outside sum nothing there.
    let stride: Int
    /// Columns before the image's first one.
    let margin: Int
    let rows: Int
    /// Rows of a block so far.
    private(set) var blockRows = 1
    private(set) var sums: [Float]
    private var next: [Float]

    init(_ image: [Float], width: Int, height: Int) {
        var rows = 1
        while rows < height { rows *= 2 }
        self.rows = rows
        margin = rows
        stride = width + rows
        sums = [Float](repeating: 0, count: stride * rows)
        next = sums
        for y in 0..<height {
            for x in 0..<width { sums[y * stride + margin + x] = image[y * width + x] }
        }
    }

    var isComplete: Bool { blockRows == rows }

    /// Where the sum over a block's line is.
    func place(block: Int, shift: Int, x: Int) -> Int { (block * blockRows + shift) * stride + margin + x }

    /// Joins neighbouring blocks.
    mutating func join() {
        let half = blockRows
        blockRows *= 2
        let (stride, blockRows, rows) = (stride, blockRows, rows)
        sums.withUnsafeBufferPointer { from in
            next.withUnsafeMutableBufferPointer { to in
                for first in Swift.stride(from: 0, to: rows, by: blockRows) {
                    for shift in 0..<blockRows {
                        let low = from.baseAddress! + (first + shift / 2) * stride
                        let offset = (shift + 1) / 2
                        let high = from.baseAddress! + (first + half + shift / 2) * stride + offset
                        let target = to.baseAddress! + (first + shift) * stride
                        for x in 0..<(stride - offset) { target[x] = low[x] + high[x] }
                        for x in (stride - offset)..<stride { target[x] = low[x] }
                    }
                }
            }
        }
        swap(&sums, &next)
    }
}

/// The four ways to lay an image so that all directions become lines near the columns that lean to the right.
enum Lay: CaseIterable {
    case upright, mirrored, transposed, transposedMirrored

    func image(_ values: [Float], width: Int, height: Int) -> (values: [Float], width: Int, height: Int) {
        switch self {
        case .upright:
            return (values, width, height)
        case .mirrored:
            return ((0..<values.count).map { values[$0 / width * width + width - 1 - $0 % width] }, width, height)
        case .transposed:
            return ((0..<values.count).map { values[$0 % height * width + $0 / height] }, height, width)
        case .transposedMirrored:
            let values = (0..<values.count).map { values[(height - 1 - $0 % height) * width + $0 / height] }
            return (values, height, width)
        }
    }

    /// Where a place of the laid image is in the image as it was, whose shape is given.
    func place(_ x: Double, _ y: Double, width: Int, height: Int) -> (x: Double, y: Double) {
        switch self {
        case .upright: (x, y)
        case .mirrored: (Double(width - 1) - x, y)
        case .transposed: (y, x)
        case .transposedMirrored: (y, Double(height - 1) - x)
        }
    }
}
