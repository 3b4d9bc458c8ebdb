/// How a frame lies in memory with a margin around it, in rows of whole blocks of 16 pixels.
///
/// Pixel (0, 0) of the frame begins a block. The margin repeats the frame's edge: filters need no special case there.
struct PaddedShape: Sendable, Equatable {
    static let blockWidth = 16
    /// Of repeated pixels on every side [px].
    static let margin = 16
    /// Before the first and behind the last row, so that filters may read a little beyond [px].
    private static let slack = 64

    let width: Int
    let height: Int
    let stride: Int

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
        let block = Self.blockWidth
        stride = (width + block - 1) / block * block + 2 * Self.margin
    }

    var blocksInRow: Int { stride / Self.blockWidth }
    var blockCount: Int { blocksInRow * (height + 2 * Self.margin) }
    var capacity: Int { stride * (height + 2 * Self.margin) + 2 * Self.slack }

    /// Where a pixel of frame or margin lies.
    @inline(__always)
    func place(_ x: Int, _ y: Int) -> Int {
        Self.slack + (y + Self.margin) * stride + x + Self.margin
    }

    /// The block that holds a pixel: counted along its row, margin included.
    @inline(__always)
    func block(_ x: Int) -> Int { (x + Self.margin) / Self.blockWidth }

    /// First column of a block.
    @inline(__always)
    func column(ofBlock block: Int) -> Int { block * Self.blockWidth - Self.margin }

    @inline(__always)
    func blockIndex(_ block: Int, _ y: Int) -> Int { (y + Self.margin) * blocksInRow + block }

    func contains(_ x: Int, _ y: Int) -> Bool { x >= 0 && y >= 0 && x < width && y < height }

    /// The columns, or rows, within `reach` of one, cut to a frame of `size`.
    static func around(_ centre: Int, _ reach: Int, _ size: Int) -> ClosedRange<Int> {
        max(centre - reach, 0)...min(centre + reach, size - 1)
    }
}

/// Memory of one number per pixel of a padded frame.
struct PaddedPlane: ~Copyable {
    let shape: PaddedShape
    let start: UnsafeMutablePointer<Float>

    /// Not set to anything: what is never asked for is never touched.
    init(_ shape: PaddedShape) {
        self.shape = shape
        start = .allocate(capacity: shape.capacity)
    }

    deinit { start.deallocate() }

    @inline(__always)
    func at(_ x: Int, _ y: Int) -> UnsafeMutablePointer<Float> { start + shape.place(x, y) }

    /// Repeats the frame's edge over the margin.
    func repeatEdges() {
        let shape = shape
        let row = shape.stride - PaddedShape.margin
        for y in 0..<shape.height {
            (at(0, y) - PaddedShape.margin).update(repeating: at(0, y).pointee, count: PaddedShape.margin)
            at(shape.width, y).update(repeating: at(shape.width - 1, y).pointee, count: row - shape.width)
        }
        for distance in 1...PaddedShape.margin {
            (at(0, -distance) - PaddedShape.margin).update(from: at(0, 0) - PaddedShape.margin, count: shape.stride)
            (at(0, shape.height - 1 + distance) - PaddedShape.margin).update(
                from: at(0, shape.height - 1) - PaddedShape.margin, count: shape.stride)
        }
        start.update(repeating: 0, count: shape.place(-PaddedShape.margin, -PaddedShape.margin))
        let end = shape.place(-PaddedShape.margin, shape.height + PaddedShape.margin)
        (start + end).update(repeating: 0, count: shape.capacity - end)
    }

    /// Sets a pixel of the frame, and its repetitions in the margin.
    func set(_ x: Int, _ y: Int, _ value: Float) {
        let margin = PaddedShape.margin
        let columns = (x == 0 ? -margin : x)...(x == shape.width - 1 ? shape.stride - margin - 1 : x)
        let rows = (y == 0 ? -margin : y)...(y == shape.height - 1 ? y + margin : y)
        for row in rows {
            for column in columns { at(column, row).pointee = value }
        }
    }
}
