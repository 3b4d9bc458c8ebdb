/// A smooth map given at the nodes of a coarse grid, with cubic convolution between them (Keys 1981, a = -1/2: exact
/// for polynomials of second degree).
///
/// For world coordinates with distortions, of which one evaluation costs far more than one pixel. With nodes every
/// `spacing` pixels the error is about spacing^3 / 60 times the third derivative: below 1e-6 px for camera lenses.
public struct SampledMap: Sendable {
    let spacing: Int
    let columns: Int
    /// x and y in the frame at node (column, row), which is pixel ((column - 1) spacing, (row - 1) spacing).
    let nodes: [(x: Double, y: Double)]
    let width: Int
    let height: Int

    /// - Parameters:
    ///   - width: of the new grid [px], > 0.
    ///   - height: of the new grid [px], > 0.
    ///   - spacing: of the nodes [px], >= 1.
    ///   - place: from a pixel of the new grid, up to two spacings outside it, to the frame; `nil` where there is none:
    ///     pixels whose sixteen nodes are not all there have no data.
    public init(
        width: Int, height: Int, spacing: Int = 32, _ place: (_ x: Double, _ y: Double) -> (x: Double, y: Double)?
    ) {
        precondition(width > 0 && height > 0 && spacing > 0, "a map needs pixels")
        self.width = width
        self.height = height
        self.spacing = spacing
        columns = (width - 1) / spacing + 4
        let rows = (height - 1) / spacing + 4
        var nodes: [(x: Double, y: Double)] = []
        nodes.reserveCapacity(columns * rows)
        for row in 0..<rows {
            for column in 0..<columns {
                nodes.append(place(Double((column - 1) * spacing), Double((row - 1) * spacing)) ?? (.nan, .nan))
            }
        }
        self.nodes = nodes
    }

    /// Weights of four nodes at `t` after the second one, and their derivatives by t.
    static func cubic(_ t: Double) -> (value: SIMD4<Double>, slope: SIMD4<Double>) {
        let value = SIMD4(
            ((-0.5 * t + 1) * t - 0.5) * t, (1.5 * t - 2.5) * t * t + 1, ((-1.5 * t + 2) * t + 0.5) * t,
            (0.5 * t - 0.5) * t * t)
        let slope = SIMD4(
            (-1.5 * t + 2) * t - 0.5, (4.5 * t - 5) * t, (-4.5 * t + 4) * t + 0.5, (1.5 * t - 1) * t)
        return (value, slope)
    }

    /// See `PixelMap.fill`. Rows and columns outside the map have no place.
    func fill(_ row: inout PlaceRow, y: Int) {
        guard (0..<height).contains(y) else {
            for x in 0..<row.x.count { (row.x[x], row.y[x], row.area[x]) = (.nan, .nan, 1) }
            return
        }
        let line = column(at: y)
        let steps = (0..<spacing).map { Self.cubic(Double($0) / Double(spacing)) }
        for x in 0..<row.x.count {
            guard x < width else {
                (row.x[x], row.y[x], row.area[x]) = (.nan, .nan, 1)
                continue
            }
            let (start, step) = (x / spacing, steps[x % spacing])
            var place = SIMD2<Double>.zero
            var alongX = SIMD2<Double>.zero
            var alongY = SIMD2<Double>.zero
            for node in 0..<4 {
                place += step.value[node] * line[start + node].value
                alongX += step.slope[node] * line[start + node].value
                alongY += step.value[node] * line[start + node].slope
            }
            (row.x[x], row.y[x]) = (place.x, place.y)
            row.area[x] = Float(abs(alongX.x * alongY.y - alongX.y * alongY.x) / Double(spacing * spacing))
        }
    }

    /// Place and its derivative along y, at each column of nodes, for row `y`.
    private func column(at y: Int) -> [(value: SIMD2<Double>, slope: SIMD2<Double>)] {
        let (start, weights) = (y / spacing, Self.cubic(Double(y % spacing) / Double(spacing)))
        return (0..<columns).map { column in
            var (value, slope) = (SIMD2<Double>.zero, SIMD2<Double>.zero)
            for line in 0..<4 {
                let node = nodes[(start + line) * columns + column]
                value += weights.value[line] * SIMD2(node.x, node.y)
                slope += weights.slope[line] * SIMD2(node.x, node.y)
            }
            return (value, slope)
        }
    }
}
