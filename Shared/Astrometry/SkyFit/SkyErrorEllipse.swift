internal import Glibc
internal import Sky

/// How far a sky position may be off: covariance along east and north, and its ellipse of one sigma.
public struct SkyErrorEllipse: Sendable, Equatable {
    /// Variances and covariance [arcsec^2].
    public let eastVariance: Double
    public let northVariance: Double
    public let covariance: Double

    /// Half axes of the ellipse of one sigma [arcsec].
    public var majorArcsec: Double { axes.major.squareRoot() }
    public var minorArcsec: Double { axes.minor.squareRoot() }

    /// Of the major axis [deg], north through east, 0 ..< 180.
    public var positionAngleDegrees: Double {
        let angle = atan2(2 * covariance, northVariance - eastVariance) * 90 / .pi
        return angle < 0 ? angle + 180 : angle
    }

    private var axes: (major: Double, minor: Double) {
        let (mean, half) = ((eastVariance + northVariance) / 2, (eastVariance - northVariance) / 2)
        let root = (half * half + covariance * covariance).squareRoot()
        return (mean + root, max(0, mean - root))
    }
}

/// Covariance of the numbers in a header.
public struct WorldCoordinateCovariance: Sendable {
    /// CRVAL1, CRVAL2 [deg]; CD1_1 ... CD2_2 [deg/px]; A_p_q, then B_p_q [px^(1 - p - q)].
    ///
    /// The entry of CRVAL1 is that of CRVAL1 cos(CRVAL2), which has a meaning at the poles.
    public let keywords: [String]
    /// Symmetric, rows and columns as `keywords`.
    public let matrix: [[Double]]
}

extension WorldCoordinateFit {
    /// Standard error of the sky position of a pixel.
    ///
    /// - Parameters:
    ///   - x: in or outside the frame [px].
    ///   - y: in or outside the frame [px].
    ///   - withFloor: adds what residuals show beyond the stated errors (`residuals.floorPixels`), as a systematic
    ///     error
    ///     of each place; else the error of the fit alone.
    /// - Returns: nil for a place that is not finite.
    public func error(x: Double, y: Double, withFloor: Bool = true) -> SkyErrorEllipse? {
        guard x.isFinite, y.isFinite else { return nil }
        let place = SIMD2(x - middlePixel.x, y - middlePixel.y)
        let floor = withFloor ? residuals.floorPixels * residuals.floorPixels : 0
        let variances = factor.variance(basis.values(place)) + floor
        let toSky = plane.skyPerPlane(at: planePoint(x: x, y: y)) * matrix * arcsecPerRadian
        let spread = toSky.spread(variances)
        return SkyErrorEllipse(eastVariance: spread.xx, northVariance: spread.yy, covariance: spread.xy)
    }

    /// Covariance of the header's numbers, from the errors of the stars and the floor.
    ///
    /// - Note: the floor counts as an error of each star, independent of the others.
    public func covariance() -> WorldCoordinateCovariance {
        let powers = FrameBasis.powers(order)
        let terms = Array(powers.indices.dropFirst(3))
        let keywords =
            ["CRVAL1", "CRVAL2", "CD1_1", "CD1_2", "CD2_1", "CD2_2"]
            + ["A", "B"].flatMap { name in terms.map { "\(name)_\(powers[$0].p)_\(powers[$0].q)" } }
        // Of monomials of D: both lanes, T C T^t.
        let transform = basis.monomialMatrix()
        let covariance = Self.product(transform, factor.inverse())
        // A header's number is a sum over monomials of D: numbers of x first, then those of y.
        let slopes = (0..<2).map { lane in
            powers.indices.map { parameterChange(monomial: $0, isY: lane == 1, terms) }
        }
        let size = keywords.count
        var matrix = [[Double]](repeating: [Double](repeating: 0, count: size), count: size)
        for first in powers.indices {
            for second in powers.indices {
                for lane in 0..<2 {
                    let value = covariance[first][second][lane]
                    for row in 0..<size where slopes[lane][first][row] != 0 {
                        let part = slopes[lane][first][row] * value
                        for column in 0..<size { matrix[row][column] += part * slopes[lane][second][column] }
                    }
                }
            }
        }
        return WorldCoordinateCovariance(keywords: keywords, matrix: matrix)
    }

    private static func product(_ transform: [[Double]], _ matrix: [[SIMD2<Double>]]) -> [[SIMD2<Double>]] {
        let half = transform.map { row in
            matrix.indices.map { column in
                matrix.indices.reduce(SIMD2<Double>.zero) { $0 + matrix[$1][column] * row[$1] }
            }
        }
        return half.map { row in
            transform.map { other in row.indices.reduce(SIMD2<Double>.zero) { $0 + row[$1] * other[$1] } }
        }
    }

    /// How the header's numbers change when one coefficient of D grows from what it is by 1.
    ///
    ///     constant c:  CRVAL by CD c, and the axes turn by d(xi) tan(dec)
    ///     linear L:    CD by CD L, and (A, B) by -L (A, B)
    ///     others:      A or B itself
    private func parameterChange(monomial: Int, isY: Bool, _ terms: [Int]) -> [Double] {
        let degrees = 180 / Double.pi
        var change = [Double](repeating: 0, count: 6 + 2 * terms.count)
        let unit = isY ? SIMD2(0.0, 1.0) : SIMD2(1.0, 0.0)
        let step = matrix * unit
        switch monomial {
        case 0:
            (change[0], change[1]) = (step.x * degrees, step.y * degrees)
            let turn = step.x * tan(centre.decDegrees / degrees) * degrees
            (change[2], change[3]) = (turn * matrix.yx, turn * matrix.yy)
            (change[4], change[5]) = (-turn * matrix.xx, -turn * matrix.xy)
        case 1, 2:
            (change[1 + monomial], change[3 + monomial]) = (step.x * degrees, step.y * degrees)
            let offset = isY ? 6 + terms.count : 6
            for (index, term) in terms.enumerated() {
                let coefficient = distortion.coefficients[term]
                change[offset + index] = -(monomial == 1 ? coefficient.x : coefficient.y)
            }
        default: change[6 + (isY ? terms.count : 0) + monomial - 3] = 1
        }
        return change
    }
}
