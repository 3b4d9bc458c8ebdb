internal import Glibc
internal import LinearAlgebra

/// A map of at most second degree between the pixels of two frames.
///
///     x' = sum of a_i q_i,  y' = sum of b_i q_i,  q = 1, u, v, u^2, u v, v^2
///     u = (x - centre x) / radius,  v = (y - centre y) / radius
public struct PolynomialTransform: Sendable, Equatable {
    let centre: SIMD2<Double>
    let radius: Double
    /// a_i and b_i; three for an affine map, else six.
    let coefficients: [SIMD2<Double>]

    public var isLinear: Bool { coefficients.count == 3 }

    public func callAsFunction(x: Double, y: Double) -> (x: Double, y: Double) {
        let terms = Self.terms(self, x, y)
        var place = SIMD2<Double>.zero
        for (coefficient, term) in zip(coefficients, terms) { place += coefficient * term }
        return (place.x, place.y)
    }

    /// The linear map that touches this one at its centre: the same for a linear map.
    public var linear: PixelTransform {
        let (a, u, v) = (coefficients[0], coefficients[1] / radius, coefficients[2] / radius)
        let start = a - u * centre.x - v * centre.y
        return PixelTransform(xx: u.x, xy: v.x, x0: start.x, yx: u.y, yy: v.y, y0: start.y)
    }

    init(_ linear: PixelTransform) {
        (centre, radius) = (.zero, 1)
        coefficients = [
            SIMD2(linear.x0, linear.y0), SIMD2(linear.xx, linear.yx), SIMD2(linear.xy, linear.yy),
        ]
    }

    fileprivate init(centre: SIMD2<Double>, radius: Double, coefficients: [SIMD2<Double>]) {
        (self.centre, self.radius, self.coefficients) = (centre, radius, coefficients)
    }

    fileprivate static func terms(_ map: PolynomialTransform, _ x: Double, _ y: Double) -> [Double] {
        let (u, v) = ((x - map.centre.x) / map.radius, (y - map.centre.y) / map.radius)
        return map.coefficients.count == 3 ? [1, u, v] : [1, u, v, u * u, u * v, v * v]
    }
}

/// A polynomial fitted to pairs of points by least squares, and how well it is determined where.
struct PolynomialFit {
    let transform: PolynomialTransform
    /// Of the normal equations.
    private let factor: CholeskyFactor

    /// - Parameter degree: 1 or 2.
    /// - Returns: nil when the points do not determine the map.
    init?(_ pairs: [PointPair], degree: Int) {
        let size = degree == 1 ? 3 : 6
        guard pairs.count >= size else { return nil }
        let points = pairs.map { SIMD2($0.from.x, $0.from.y) }
        let centre = points.reduce(.zero, +) / Double(points.count)
        let spread = points.map { (($0 - centre) * ($0 - centre)).sum() }.reduce(0, +) / Double(points.count)
        guard spread > 0, spread.isFinite else { return nil }
        let empty = PolynomialTransform(
            centre: centre, radius: spread.squareRoot(), coefficients: Array(repeating: .zero, count: size))
        var matrix = [Double](repeating: 0, count: size * size)
        var (alongX, alongY) = ([Double](repeating: 0, count: size), [Double](repeating: 0, count: size))
        for pair in pairs {
            let terms = PolynomialTransform.terms(empty, pair.from.x, pair.from.y)
            for i in 0..<size {
                for j in 0...i { matrix[i * size + j] += terms[i] * terms[j] }
                alongX[i] += terms[i] * pair.to.x
                alongY[i] += terms[i] * pair.to.y
            }
        }
        guard let factor = CholeskyFactor(matrix, order: size, leastPivot: 0),
            factor.smallestPivot > 1e-6 * Double(pairs.count)
        else { return nil }
        self.factor = factor
        let coefficients = zip(factor.solve(alongX), factor.solve(alongY)).map { SIMD2($0, $1) }
        transform = PolynomialTransform(centre: centre, radius: empty.radius, coefficients: coefficients)
    }

    /// Variance of a fitted place per axis, in units of that of one point.
    func leverage(x: Double, y: Double) -> Double {
        factor.inverseForm(PolynomialTransform.terms(transform, x, y))
    }
}
