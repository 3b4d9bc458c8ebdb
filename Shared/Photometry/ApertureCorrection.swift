internal import Foundation

/// What the frame's aperture misses of a star's light, from the curve of growth of bright isolated stars.
///
///     total flux = aperture flux * 10^(-0.4 (magnitude + gx (x - x0) + gy (y - y0)))
///
/// - Source: Stetson 1990, PASP 102, 932 (curves of growth); Howell, Handbook of CCD Astronomy, section 5.4.
public struct ApertureCorrection: Sendable, Equatable {
    /// To be added to magnitudes at the frame's centre [mag]; negative where light is missed.
    public var magnitude: Double
    /// Its standard error [mag], common to all stars of the frame.
    public var error: Double
    /// By how much stars differ from it beyond their noise, relative: the light that an aperture of few pixels misses
    /// depends on where in its pixel a star lies.
    public var relativeScatter: Double
    /// How it changes over the frame [mag/px]; 0 unless the stars show it at four sigmas.
    public var xGradient: Double
    public var yGradient: Double
    /// Where `magnitude` holds [px].
    public var xCentre: Double
    public var yCentre: Double
    /// Stars that it was measured from.
    public var starCount: Int

    /// Total over aperture flux of a star at a position.
    public func factor(x: Double, y: Double) -> Double {
        pow(10, -0.4 * (magnitude + xGradient * (x - xCentre) + yGradient * (y - yCentre)))
    }

    /// Relative error of `factor`.
    var relativeError: Double { error * log(10) / 2.5 }
}

/// Radii and fluxes of one bright star.
struct GrowthStar {
    let x: Double
    let y: Double
    /// Sky from beyond the largest radius, above the mesh [e-/px].
    let level: Double
    /// Above that sky [e-], and their variances [e-^2].
    let fluxes: [Double]
    let variances: [Double]
    /// Where its source is among the detections.
    let index: Int

    func signalToNoise(_ radius: Int) -> Double { fluxes[radius] / variances[radius].squareRoot() }
}

/// A plane c + gx u + gy v through values with errors, made robust by leaving out what is far from it.
struct RobustPlane {
    var level = 0.0
    var levelError = Double.nan
    var gradients = (u: 0.0, v: 0.0)
    /// How much of the level is due to each point's deviation from the plane; 0 for points that are left out. The sum
    /// of their squares is the level's variance by the points' own scatter.
    private(set) var influences: [Double] = []
    /// Variance of the points beyond their errors.
    private(set) var intrinsic = 0.0

    /// Standard error of the level by the points' own scatter; two degrees of freedom at least are left.
    var scatterError: Double {
        let count = Double(influences.count { $0 != 0 })
        return (influences.reduce(0) { $0 + $1 * $1 } * count / max(1, count - 1)).squareRoot()
    }

    /// - Parameters:
    ///   - points: positions about the frame's centre, values and their errors (> 0). At least 3.
    ///   - allowsGradient: whether a tilt may be found; it is kept only when chi^2 falls by 16 or more.
    init?(_ points: [(u: Double, v: Double, value: Double, error: Double)], allowsGradient: Bool) {
        guard points.count >= 3, let middle = medianByCounting(points.map { Float($0.value) }) else { return nil }
        let deviations = points.map { Float(abs($0.value - middle)) }
        let scatter = 1.4826 * (medianByCounting(deviations) ?? 0)
        // Stars scatter more than their noise where the image changes over the frame.
        let noise = medianByCounting(points.map { Float($0.error) }) ?? 0
        intrinsic = max(0, scatter * scatter - noise * noise)
        let weighted = points.enumerated().map { [intrinsic] in ($1, ($1.error * $1.error + intrinsic), $0) }
            .filter { abs($0.0.value - middle) <= 4 * max($0.1.squareRoot(), scatter) }
        influences = [Double](repeating: 0, count: points.count)
        guard weighted.count >= 3 else { return nil }
        let flat = Self.fit(weighted, terms: 1)
        (level, levelError) = (flat.coefficients[0], flat.error)
        for (point, influence) in zip(weighted, flat.influences) { influences[point.2] = influence }
        guard allowsGradient, weighted.count >= 12 else { return }
        let tilted = Self.fit(weighted, terms: 3)
        let perDegree = max(1, tilted.chiSquare / Double(weighted.count - 3))
        guard flat.chiSquare - tilted.chiSquare > 16 * perDegree else { return }
        (level, levelError) = (tilted.coefficients[0], tilted.error)
        for (point, influence) in zip(weighted, tilted.influences) { influences[point.2] = influence }
        gradients = (tilted.coefficients[1], tilted.coefficients[2])
        let residuals = points.map { Float(abs($0.value - level - gradients.u * $0.u - gradients.v * $0.v)) }
        let spread = 1.4826 * (medianByCounting(residuals) ?? 0)
        intrinsic = max(0, spread * spread - noise * noise)
    }

    private typealias Weighted = ((u: Double, v: Double, value: Double, error: Double), Double, Int)

    private static func fit(
        _ points: [Weighted], terms: Int
    ) -> (coefficients: [Double], chiSquare: Double, error: Double, influences: [Double]) {
        var matrix = [Double](repeating: 0, count: 9)
        var right = [Double](repeating: 0, count: 3)
        for (point, variance, _) in points {
            let basis = [1, point.u, point.v]
            for row in 0..<terms {
                right[row] += basis[row] * point.value / variance
                for column in 0..<terms { matrix[3 * row + column] += basis[row] * basis[column] / variance }
            }
        }
        for index in terms..<3 { matrix[4 * index] = 1 }
        let inverse = inverse(matrix)
        let coefficients = (0..<3).map { row in (0..<3).reduce(0) { $0 + inverse[3 * row + $1] * right[$1] } }
        var influences: [Double] = []
        let chiSquare = points.reduce(0.0) { sum, point in
            let expected = coefficients[0] + coefficients[1] * point.0.u + coefficients[2] * point.0.v
            let weight = (inverse[0] + inverse[1] * point.0.u + inverse[2] * point.0.v) / point.1
            influences.append(weight * (point.0.value - expected))
            return sum + (point.0.value - expected) * (point.0.value - expected) / point.1
        }
        let stretch = max(1, chiSquare / Double(max(1, points.count - terms)))
        return (coefficients, chiSquare, (stretch * max(0, inverse[0])).squareRoot(), influences)
    }

    /// Of a symmetric 3 x 3 matrix, by cofactors.
    private static func inverse(_ m: [Double]) -> [Double] {
        let (a, b, c) = (m[4] * m[8] - m[5] * m[7], m[5] * m[6] - m[3] * m[8], m[3] * m[7] - m[4] * m[6])
        let determinant = m[0] * a + m[1] * b + m[2] * c
        guard determinant != 0, determinant.isFinite else { return [1 / m[0], 0, 0, 0, 0, 0, 0, 0, 0] }
        let (d, e, f) = (m[0] * m[8] - m[2] * m[6], m[2] * m[3] - m[0] * m[5], m[0] * m[4] - m[1] * m[3])
        return [a, b, c, b, d, e, c, e, f].map { $0 / determinant }
    }
}
