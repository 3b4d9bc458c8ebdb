internal import CKernels

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
    /// Slopes of the lines through the middles of rows' and columns' crossings: xy / yy and xy / xx.
    private let rowShear: Double
    private let columnShear: Double
    /// a b / yy and a b / xx.
    private let rowSpread: Double
    private let columnSpread: Double
    /// S^-1 = [[cxx, cxy / 2], [cxy / 2, cyy]].
    let cxx: Double
    let cyy: Double
    let cxy: Double

    /// - Parameters:
    ///   - a, b: half axes [px], > 0 and finite.
    ///   - cosine, sine: of the angle of a, counter-clockwise from +x.
    init(x: Double, y: Double, a: Double, b: Double, cosine: Double, sine: Double) {
        self.init(
            x: x, y: y, xx: a * a * cosine * cosine + b * b * sine * sine,
            yy: a * a * sine * sine + b * b * cosine * cosine, xy: (a * a - b * b) * sine * cosine, axes: a * b)
    }

    /// A circle.
    init(x: Double, y: Double, radius: Double) {
        self.init(x: x, y: y, xx: radius * radius, yy: radius * radius, xy: 0, axes: radius * radius)
    }

    private init(x: Double, y: Double, xx: Double, yy: Double, xy: Double, axes: Double) {
        (self.x, self.y, self.xx, self.yy, self.xy, self.axes) = (x, y, xx, yy, xy, axes)
        (halfWidth, halfHeight) = (xx.squareRoot(), yy.squareRoot())
        (rowShear, columnShear) = (xy / yy, xy / xx)
        (rowSpread, columnSpread) = (axes / yy, axes / xx)
        let square = axes * axes
        (cxx, cyy, cxy) = (yy / square, xx / square, -2 * xy / square)
    }

    var area: Double { .pi * axes }

    var kernelForm: kernel_ellipse {
        kernel_ellipse(
            half_width: halfWidth, topmost: topmostDistance, shear: columnShear, spread: columnSpread, xx: cxx, yy: cyy,
            xy: cxy, axes: axes)
    }

    var kernelOutline: kernel_outline {
        kernel_outline(x: x, y: y, half_height: halfHeight, shear: rowShear, spread: rowSpread)
    }

    /// Height of the rightmost point above the centre.
    var rightmostHeight: Double { columnShear * halfWidth }

    /// Distance of the topmost point right of the centre.
    var topmostDistance: Double { rowShear * halfHeight }

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
        let (middle, reach) = (v * rowShear, rowSpread * square.squareRoot())
        return Crossing(low: middle - reach, high: middle + reach)
    }

    /// The same of the column at distance u right of the centre.
    @inline(__always)
    func crossing(u: Double) -> Crossing {
        let square = (halfWidth - u) * (halfWidth + u)
        guard square > 0 else { return .none }
        let (middle, reach) = (u * columnShear, columnSpread * square.squareRoot())
        return Crossing(low: middle - reach, high: middle + reach)
    }

    /// The squared distance from the centre in units in which the outline is at 1.
    @inline(__always)
    func squaredRadius(_ dx: Double, _ dy: Double) -> Double {
        cxx * dx * dx + cxy * dx * dy + cyy * dy * dy
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
        // In coordinates of the square, whose corners are then exactly 0 and 1.
        var outline = Outline(ellipse: self, u: u, v: v)
        let (low, high) = (max(0, bottom.low - u), min(1, bottom.high - u))
        if low < high { outline.edge(0, low, 0, high, 0) }
        let (lowRight, highRight) = (max(0, right.low - v), min(1, right.high - v))
        if lowRight < highRight { outline.edge(1, 1, lowRight, 1, highRight) }
        let (lowTop, highTop) = (max(0, top.low - u), min(1, top.high - u))
        if lowTop < highTop { outline.edge(2, highTop, 1, lowTop, 1) }
        let (lowLeft, highLeft) = (max(0, left.low - v), min(1, left.high - v))
        if lowLeft < highLeft { outline.edge(3, 0, highLeft, 0, lowLeft) }
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
    private var firstEdge = -1
    private var lastEdge = -1

    init(ellipse: EllipseOverlap, u: Double, v: Double) {
        (self.ellipse, self.u, self.v) = (ellipse, u, v)
    }

    /// The part of an edge (0 bottom, 1 right, 2 top, 3 left) that lies inside, from the square's corner.
    @inline(__always)
    mutating func edge(_ edge: Int, _ fromX: Double, _ fromY: Double, _ toX: Double, _ toY: Double) {
        if firstEdge < 0 {
            (first, firstEdge) = ((fromX, fromY), edge)
        } else {
            join(edge, fromX, fromY)
        }
        twiceArea += fromX * toY - fromY * toX
        (last, lastEdge) = ((toX, toY), edge)
    }

    /// Joins the last point to the next by a chord and adds what lies between chord and ellipse.
    @inline(__always)
    private mutating func join(_ edge: Int, _ toX: Double, _ toY: Double) {
        let (dx, dy) = (toX - last.0, toY - last.1)
        if dx == 0, dy == 0 { return }
        twiceArea += last.0 * toY - last.1 * toX
        let part = circularSegment(squaredSine: min(1, ellipse.squaredRadius(dx, dy) / 4))
        segments += isMinor(edge, dx, dy) ? part : .pi - part
    }

    /// Whether the arc is the smaller one over its chord. More than half of an ellipse fits into a square only when
    /// its half axes do, and never around a single corner, where the arc turns by less than half a turn; else the
    /// centre tells, which the shortest chords are too inexact for.
    @inline(__always)
    private func isMinor(_ edge: Int, _ dx: Double, _ dy: Double) -> Bool {
        ellipse.halfWidth > 1 || ellipse.halfHeight > 1 || edge - lastEdge == 1 || edge - lastEdge == -3
            || dy * (last.0 + u) - dx * (last.1 + v) >= 0
    }

    @inline(__always)
    mutating func close() -> Double {
        guard firstEdge >= 0 else {
            // No edge is crossed: all of the ellipse or nothing of it.
            let isInside = u < 0 && v < 0 && u > -1 && v > -1
            return isInside ? ellipse.area : 0
        }
        join(firstEdge, first.0, first.1)
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
