internal import CKernels

/// Pixels on the rim of an ellipse, gathered until the areas that they share with it are computed side by side.
///
/// Most have one arc through them, which falls away from the centre: mirrored so that it is the upper right one, the
/// area is a rectangle, a trapezium and one segment, without asking which edges are crossed. The others are walked
/// around one by one.
struct RimPixels: ~Copyable {
    private static let capacity = 64
    /// Corners, crossings and sides as `kernel_rim` has them, then the areas, each `capacity` long.
    private let numbers: UnsafeMutablePointer<Double>
    /// Row and column of each.
    private let places: UnsafeMutablePointer<(row: Int, column: Int)>
    private var count = 0

    private init(
        _ numbers: UnsafeMutablePointer<Double>, _ places: UnsafeMutablePointer<(row: Int, column: Int)>
    ) {
        (self.numbers, self.places) = (numbers, places)
    }

    @inline(__always)
    static func withRoom(_ body: (inout RimPixels) -> Void) {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 7 * capacity) { numbers in
            withUnsafeTemporaryAllocation(of: (row: Int, column: Int).self, capacity: capacity) { places in
                guard let numbers = numbers.baseAddress, let places = places.baseAddress else { return }
                var pixels = RimPixels(numbers, places)
                body(&pixels)
            }
        }
    }

    /// Adds a stretch of a row; where there is no room for it calls `rim` with those that were added before.
    ///
    /// - Parameter isRight: whether the stretch lies at the right end of the row.
    @inline(__always)
    mutating func add(
        _ columns: Range<Int>, row: Int, _ ellipse: EllipseOverlap, _ outline: EllipseRow, isRight: Bool,
        _ rim: (Int, Int, Double) -> Void
    ) {
        guard !columns.isEmpty else { return }
        let v = Double(row) - 0.5 - ellipse.y
        // Above or below the outermost point the outline only falls or only rises from pixel to pixel.
        let height = isRight ? ellipse.rightmostHeight : -ellipse.rightmostHeight
        let isUpper = v >= height
        let isMonotone = isUpper || v + 1 <= height
        let (near, far) = isUpper ? (outline.bottom, outline.top) : (outline.top, outline.bottom)
        // No square lies right of infinity: these are left to be walked around.
        let enters = isMonotone ? (isRight ? near.low : -near.high) : .infinity
        let (leaves, leavesAbove) = isRight ? (near.high, far.high) : (-near.low, -far.low)
        let (mirrored, parity) = (isUpper ? v : -v - 1, isRight == isUpper ? 1.0 : -1.0)
        for column in columns {
            if count == Self.capacity { finish(ellipse, rim) }
            let u = Double(column) - 0.5 - ellipse.x
            let entry = numbers + count
            entry[0] = isRight ? u : -u - 1
            entry[Self.capacity] = mirrored
            entry[2 * Self.capacity] = enters
            entry[3 * Self.capacity] = leaves
            entry[4 * Self.capacity] = leavesAbove
            entry[5 * Self.capacity] = parity
            (places + count).initialize(to: (row, column))
            count += 1
        }
    }

    /// Calls `rim` with each pixel and its area.
    @inline(__always)
    mutating func finish(_ ellipse: EllipseOverlap, _ rim: (Int, Int, Double) -> Void) {
        computeShares(ellipse)
        for index in 0..<count {
            let (row, column) = places[index]
            let share = numbers[6 * Self.capacity + index]
            rim(column, row, share >= 0 ? share : ellipse.overlap(column: column, row: row))
        }
        count = 0
    }

    private func computeShares(_ ellipse: EllipseOverlap) {
        let padded = (count + 7) / 8 * 8
        for array in 0..<6 {
            for index in count..<padded { numbers[array * Self.capacity + index] = 0 }
        }
        var shape = ellipse.kernelForm
        var rim = kernel_rim(
            u: numbers, v: numbers + Self.capacity, enters: numbers + 2 * Self.capacity,
            leaves: numbers + 3 * Self.capacity, leaves_above: numbers + 4 * Self.capacity,
            parity: numbers + 5 * Self.capacity)
        kernel_rim_shares(numbers + 6 * Self.capacity, &rim, &shape, padded)
    }
}
