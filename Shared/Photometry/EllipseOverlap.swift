/// The exact areas that an ellipse shares with the unit squares of a pixel grid.
///
/// The shared area of a square is a polygon - the parts of the square's edges that lie inside the ellipse, joined by
/// chords - and one segment of the ellipse behind each chord. With S = [[xx, xy], [xy, yy]] the ellipse is
/// p^T S^-1 p <= 1, so that all needed is rational but for square roots:
///
///     line v = const crosses at u = v xy / yy +- (a b / yy) sqrt((Y - v)(Y + v)),   Y = sqrt(yy) the half height
///     segment behind a chord d   = a b (t - sin t cos t),   sin^2 t = d^T S^-1 d / 4  (the affine map to a circle
///                                  keeps ratios of areas; the centre right of the chord: pi a b minus that)
///
/// No angle is computed by a library, so that every machine gives the same bits.
struct EllipseOverlap {
    /// Centre [px], 0-based, (0, 0) the centre of the first pixel.
    var x: Double
    var y: Double
    /// S, the "second moments" of the outline [px^2].
    let xx: Double
    let yy: Double
    let xy: Double
    /// Product of the half axes [px^2].
    let axes: Double
    /// Half the sides of the box around it [px].
    let halfWidth: Double
    let halfHeight: Double

    /// - Parameters:
    ///   - a, b: half axes [px], > 0 and finite.
    ///   - theta: angle of a, counter-clockwise from +x [radians].
    init(x: Double, y: Double, a: Double, b: Double, cosine: Double, sine: Double) {
        (self.x, self.y) = (x, y)
        xx = a * a * cosine * cosine + b * b * sine * sine
        yy = a * a * sine * sine + b * b * cosine * cosine
        xy = (a * a - b * b) * sine * cosine
        axes = a * b
        (halfWidth, halfHeight) = (xx.squareRoot(), yy.squareRoot())
    }

    /// A circle.
    init(x: Double, y: Double, radius: Double) {
        (self.x, self.y) = (x, y)
        (xx, yy, xy) = (radius * radius, radius * radius, 0)
        axes = radius * radius
        (halfWidth, halfHeight) = (radius, radius)
    }

    var area: Double { .pi * axes }

    /// Part of a line inside the ellipse; empty when low > high.
    struct Crossing {
        var low: Double
        var high: Double
        static let none = Crossing(low: .infinity, high: -.infinity)
    }

    /// The part of the row at height v above the centre that lies inside, measured from the centre.
    @inline(__always)
    func crossing(v: Double) -> Crossing {
        let square = (halfHeight - v) * (halfHeight + v)
        guard square > 0 else { return .none }
        let (middle, reach) = (v * xy / yy, axes / yy * square.squareRoot())
        return Crossing(low: middle - reach, high: middle + reach)
    }

    /// The same of the column at distance u right of the centre.
    @inline(__always)
    func crossing(u: Double) -> Crossing {
        let square = (halfWidth - u) * (halfWidth + u)
        guard square > 0 else { return .none }
        let (middle, reach) = (u * xy / xx, axes / xx * square.squareRoot())
        return Crossing(low: middle - reach, high: middle + reach)
    }

    /// The squared distance from the centre in units in which the outline is at 1.
    @inline(__always)
    func squaredRadius(_ dx: Double, _ dy: Double) -> Double {
        (yy * dx * dx - 2 * xy * dx * dy + xx * dy * dy) / (axes * axes)
    }

    /// Shared area of the pixel at a column and row, 0...1.
    func overlap(column: Int, row: Int) -> Double {
        let (u, v) = (Double(column) - 0.5 - x, Double(row) - 0.5 - y)
        return overlap(
            u: u, v: v, bottom: crossing(v: v), top: crossing(v: v + 1), left: crossing(u: u),
            right: crossing(u: u + 1))
    }

    /// Shared area of the unit square whose lower left corner is at (u, v) from the centre.
    ///
    /// - Parameters:
    ///   - bottom, top, left, right: crossings of the lines on which its edges lie.
    @inline(__always)
    func overlap(u: Double, v: Double, bottom: Crossing, top: Crossing, left: Crossing, right: Crossing) -> Double {
        var outline = Outline(ellipse: self, u: u, v: v)
        let (low, high) = (max(u, bottom.low), min(u + 1, bottom.high))
        if low < high { outline.edge(low - u, 0, high - u, 0) }
        let (lowRight, highRight) = (max(v, right.low), min(v + 1, right.high))
        if lowRight < highRight { outline.edge(1, lowRight - v, 1, highRight - v) }
        let (lowTop, highTop) = (max(u, top.low), min(u + 1, top.high))
        if lowTop < highTop { outline.edge(highTop - u, 1, lowTop - u, 1) }
        let (lowLeft, highLeft) = (max(v, left.low), min(v + 1, left.high))
        if lowLeft < highLeft { outline.edge(0, highLeft - v, 0, lowLeft - v) }
        return outline.close()
    }
}

/// The outline of a shared area, walked counter-clockwise along the edges of a square.
private struct Outline {
    let ellipse: EllipseOverlap
    /// The square's lower left corner, from the centre of the ellipse.
    let u: Double
    let v: Double
    private var twiceArea = 0.0
    private var segments = 0.0
    private var first = (0.0, 0.0)
    private var last = (0.0, 0.0)
    private var isEmpty = true

    init(ellipse: EllipseOverlap, u: Double, v: Double) {
        (self.ellipse, self.u, self.v) = (ellipse, u, v)
    }

    /// The part of an edge that lies inside, from the square's corner.
    @inline(__always)
    mutating func edge(_ fromX: Double, _ fromY: Double, _ toX: Double, _ toY: Double) {
        if isEmpty {
            (first, isEmpty) = ((fromX, fromY), false)
        } else {
            join(fromX, fromY)
        }
        twiceArea += fromX * toY - fromY * toX
        last = (toX, toY)
    }

    /// Joins the last point to the next by a chord and adds what lies between chord and ellipse.
    @inline(__always)
    private mutating func join(_ toX: Double, _ toY: Double) {
        let (dx, dy) = (toX - last.0, toY - last.1)
        if dx == 0, dy == 0 { return }
        twiceArea += last.0 * toY - last.1 * toX
        let part = circularSegment(squaredSine: min(1, ellipse.squaredRadius(dx, dy) / 4))
        let isCentreLeft = dy * (last.0 + u) - dx * (last.1 + v) >= 0
        segments += isCentreLeft ? part : .pi - part
    }

    @inline(__always)
    mutating func close() -> Double {
        guard !isEmpty else {
            // No edge is crossed: all of the ellipse or nothing of it.
            let isInside = u < 0 && v < 0 && u > -1 && v > -1
            return isInside ? ellipse.area : 0
        }
        join(first.0, first.1)
        return min(1, max(0, twiceArea / 2 + ellipse.axes * segments))
    }
}

/// t - sin t cos t for sin^2 t = z, t in 0...pi/2: the segment of a unit circle behind a chord of length 2 sin t.
///
/// The power series of its derivative 2 z / sqrt(1 - z) integrated, good to 1e-16 up to z = 1/16; larger segments are
/// a triangle and two segments of half the angle.
@inline(__always)
func circularSegment(squaredSine z: Double) -> Double {
    z <= 0.0625 ? z * z.squareRoot() * segmentSeries(z) : wideSegment(z)
}

@inline(never)
private func wideSegment(_ z: Double) -> Double {
    let cosine = (1 - z).squareRoot()
    let triangle = z.squareRoot() * z / (1 + cosine)
    return triangle + 2 * circularSegment(squaredSine: z / (2 * (1 + cosine)))
}

@inline(__always)
private func segmentSeries(_ z: Double) -> Double {
    // 2 binomial(2k, k) / 4^k / (2k + 3), k = 11...0, by pairs for shorter chains of products.
    let z2 = z * z
    var even = 46_189.0 / 3_014_656
    even = even * z2 + 6435.0 / 311_296
    even = even * z2 + 77.0 / 2560
    even = even * z2 + 35.0 / 704
    even = even * z2 + 3.0 / 28
    even = even * z2 + 2.0 / 3
    var odd = 88_179.0 / 6_553_600
    odd = odd * z2 + 12_155.0 / 688_128
    odd = odd * z2 + 429.0 / 17_408
    odd = odd * z2 + 63.0 / 1664
    odd = odd * z2 + 5.0 / 72
    odd = odd * z2 + 1.0 / 5
    return even + z * odd
}
