internal import Foundation
internal import LinearAlgebra
internal import Statistics

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
        let values = points.map(\.value)
        guard points.count >= 3, let middle = RobustStatistics.median(values) else { return nil }
        let scatter = RobustStatistics.sigma(values, about: middle) ?? 0
        // Stars scatter more than their noise where the image changes over the frame.
        let noise = RobustStatistics.median(points.map(\.error)) ?? 0
        intrinsic = max(0, scatter * scatter - noise * noise)
        let weighted = points.enumerated().map { [intrinsic] in ($1, ($1.error * $1.error + intrinsic), $0) }
            .filter { abs($0.0.value - middle) <= 4 * max($0.1.squareRoot(), scatter) }
        influences = [Double](repeating: 0, count: points.count)
        guard weighted.count >= 3, let flat = Self.fit(weighted, terms: 1) else { return nil }
        (level, levelError) = (flat.coefficients[0], flat.error)
        for (point, influence) in zip(weighted, flat.influences) { influences[point.2] = influence }
        guard allowsGradient, weighted.count >= 12, let tilted = Self.fit(weighted, terms: 3) else { return }
        let perDegree = max(1, tilted.chiSquare / Double(weighted.count - 3))
        guard flat.chiSquare - tilted.chiSquare > 16 * perDegree else { return }
        (level, levelError) = (tilted.coefficients[0], tilted.error)
        for (point, influence) in zip(weighted, tilted.influences) { influences[point.2] = influence }
        gradients = (tilted.coefficients[1], tilted.coefficients[2])
        let residuals = points.map { $0.value - level - gradients.u * $0.u - gradients.v * $0.v }
        let spread = RobustStatistics.sigma(residuals, about: 0) ?? 0
        intrinsic = max(0, spread * spread - noise * noise)
    }

    private typealias Weighted = ((u: Double, v: Double, value: Double, error: Double), Double, Int)

    /// - Returns: nil where the stars do not determine a tilt.
    private static func fit(
        _ points: [Weighted], terms: Int
    ) -> (coefficients: [Double], chiSquare: Double, error: Double, influences: [Double])? {
        func dot(_ factors: [Double], _ point: Weighted) -> Double {
            zip(factors, [1, point.0.u, point.0.v]).reduce(0) { $0 + $1.0 * $1.1 }
        }
        var equations = WeightedNormalEquations(count: terms)
        for (point, variance, _) in points {
            equations.add(Array([1, point.u, point.v].prefix(terms)), value: point.value, weight: 1 / variance)
        }
        guard let (coefficients, factor) = equations.solved() else { return nil }
        let column = factor.inverseColumn(0)
        let residuals = points.map { $0.0.value - dot(coefficients, $0) }
        let influences = zip(points, residuals).map { dot(column, $0) / $0.1 * $1 }
        let chiSquare = zip(points, residuals).reduce(0) { $0 + $1.1 * $1.1 / $1.0.1 }
        let stretch = max(1, chiSquare / Double(max(1, points.count - terms)))
        return (coefficients, chiSquare, (stretch * column[0]).squareRoot(), influences)
    }
}
