internal import CKernels

/// How a star image is laid out as coefficients of cubic B-splines.
///
///     P(u, v) = sum_jk c_jk B(s u + n - j) B(s v + n - k)        u, v: offset from the star's centre [px]
///
/// with s nodes per pixel and node n at the centre; B is the cubic B-spline of unit integral, so that the integral of P
/// over the plane is sum c / s^2, and values and gradients are exact and smooth at every sub-pixel phase.
///
/// - Source: Unser 1999, IEEE Signal Processing Magazine 16(6), 22.
struct SplineTable: Sendable, Equatable {
    /// Nodes per pixel.
    let oversampling: Int
    /// The table covers offsets of this many pixels from a star's central pixel.
    let radius: Int
    /// Index of the node at the star's centre.
    let centre: Int
    /// Nodes along an axis; a multiple of `oversampling`.
    let side: Int

    init(oversampling: Int, radius: Int) {
        precondition(oversampling > 0 && radius > 0 && radius < 64, "a table has nodes, and its stamps fit the kernels")
        self.oversampling = oversampling
        self.radius = radius
        centre = oversampling * (radius + 1) + 2
        let nodes = 2 * centre + 1
        side = (nodes + oversampling - 1) / oversampling * oversampling
    }

    /// A table for stars of this width: about nine nodes per FWHM, out to five FWHM.
    init(fwhmPixels: Double) {
        let nodes = Int((9 / fwhmPixels).rounded(.up))
        let radius = Int((5 * fwhmPixels).rounded(.up))
        self.init(oversampling: min(max(nodes, 1), 6), radius: min(max(radius, 7), 60))
    }

    var count: Int { side * side }
    /// Coefficients of one phase in a row.
    var run: Int { side / oversampling }

    /// Where node (column, row) is stored: rows one after the other, and in each the nodes of one phase together.
    func index(_ column: Int, _ row: Int) -> Int {
        row * side + column % oversampling * run + column / oversampling
    }

    /// Splines of a stamp whose central pixel is `half` from its edge, for a star at (x, y) from that pixel's centre.
    func taps(dx: Double, dy: Double, half: Int) -> kernel_psf_taps {
        var taps = kernel_psf_taps()
        let (column, x, xSlope) = splines(dx, half)
        let (row, y, ySlope) = splines(dy, half)
        taps.row = row
        (taps.x, taps.x_slope, taps.y, taps.y_slope) = (x, xSlope, y, ySlope)
        func place(_ tap: Int) -> Int { (column + tap) % oversampling * run + (column + tap) / oversampling }
        taps.column = (place(0), place(1), place(2), place(3))
        return taps
    }

    typealias Weights = (Float, Float, Float, Float)

    private func splines(_ offset: Double, _ half: Int) -> (first: Int, value: Weights, slope: Weights) {
        let scale = Double(oversampling)
        let place = Double(centre) - scale * (Double(half) + offset)
        let node = place.rounded(.down)
        let f = place - node
        let g = 1 - f
        let value: Weights = (
            Float(g * g * g / 6), Float((3 * f * f * f - 6 * f * f + 4) / 6),
            Float((3 * g * g * g - 6 * g * g + 4) / 6), Float(f * f * f / 6)
        )
        let slope: Weights = (
            Float(scale * g * g / 2), Float(-scale * (3 * f * f - 4 * f) / 2),
            Float(scale * (3 * g * g - 4 * g) / 2), Float(-scale * f * f / 2)
        )
        return (Int(node) - 1, value, slope)
    }
}

/// Between values at nodes and coefficients of splines, along both axes of a square, row-major.
enum SplineFilter {
    /// Coefficients whose splines pass through the values; outside the square is 0.
    static func coefficients(of values: [Double], side: Int) -> [Double] {
        separable(values, side) { line in
            let pole = 3.0.squareRoot() - 2
            for i in 1..<side { line[i] += pole * line[i - 1] }
            line[side - 1] *= -pole / (1 - pole * pole)
            for i in stride(from: side - 2, through: 0, by: -1) { line[i] = pole * (line[i + 1] - line[i]) }
            for i in 0..<side { line[i] *= 6 }
        }
    }

    /// Integrals of the splines over squares of `width` nodes around each node, divided by width^2.
    static func boxMeans(of coefficients: [Double], side: Int, width: Int) -> [Double] {
        let reach = width / 2 + 2
        let half = Double(width) / 2
        let kernel = (-reach...reach).map {
            (integral(Double($0) + half) - integral(Double($0) - half)) / Double(width)
        }
        var copy = [Double](repeating: 0, count: side + 2 * reach)
        return separable(coefficients, side) { line in
            for i in 0..<side { copy[i + reach] = line[i] }
            for i in 0..<side {
                var sum = 0.0
                for tap in 0..<kernel.count { sum += kernel[tap] * copy[i + tap] }
                line[i] = sum
            }
        }
    }

    /// Integral of the cubic B-spline from minus infinity to x.
    static func integral(_ x: Double) -> Double {
        if x <= -2 { return 0 }
        if x > 0 { return 1 - integral(-x) }
        let t = x + 2
        if x <= -1 { return t * t * t * t / 24 }
        return 0.5 + (2 * x / 3 - x * x * x / 3 - x * x * x * x / 8)
    }

    private static func separable(
        _ square: [Double], _ side: Int, _ work: (UnsafeMutableBufferPointer<Double>) -> Void
    ) -> [Double] {
        var result = square
        for _ in 0..<2 {
            result.withUnsafeMutableBufferPointer { rows in
                for row in 0..<side { work(.init(rebasing: rows[(row * side)..<(row * side + side)])) }
            }
            result = transposed(result, side)
        }
        return result
    }

    private static func transposed(_ square: [Double], _ side: Int) -> [Double] {
        [Double](unsafeUninitializedCapacity: square.count) { out, used in
            used = square.count
            square.withUnsafeBufferPointer { square in
                for row in 0..<side {
                    for column in 0..<side { out[column * side + row] = square[row * side + column] }
                }
            }
        }
    }
}
