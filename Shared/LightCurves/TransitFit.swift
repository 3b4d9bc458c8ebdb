internal import LinearAlgebra

/// A trapezoid fitted to a light curve: what a transit looked like.
///
///     m(t) = c0 + c1 (t - predicted) + c2 (X - mean X) + depth * shape(t - mid)
///
/// shape is 1 between second and third contact, 0 outside first and fourth, linear between. The middle is found on a
/// grid and then by golden section; the other terms are linear and solved by weighted least squares each time.
public struct TransitFit: Sendable, Equatable {
    /// Middle of the transit, in the unit and scale of the given times [d], and its error (chi^2 + 1).
    public var midTime: Double
    public var midTimeError: Double
    /// Depth, positive for a dimming, and its error [mag].
    public var depthMagnitudes: Double
    public var depthError: Double
    public var chiSquared: Double
    public var degreesOfFreedom: Int
    /// Root mean square residual outside first and fourth contact, the trend taken out [mag]; `nil` without such
    /// points.
    public var outOfTransitRMS: Double?
    public var pointsOutOfTransit: Int

    public var reducedChiSquared: Double { chiSquared / Double(max(1, degreesOfFreedom)) }
}

/// What is known of a transit before it is fitted.
public struct TransitPrediction: Sendable, Equatable {
    /// Predicted middle, in the scale of the times [d].
    public var midTime: Double
    /// First to fourth contact [d].
    public var durationDays: Double
    /// First to second contact [d].
    public var ingressDays: Double
    /// How far the middle may be from its prediction [d].
    public var windowDays: Double

    public init(midTime: Double, durationDays: Double, ingressDays: Double, windowDays: Double) {
        self.midTime = midTime
        self.durationDays = durationDays
        self.ingressDays = ingressDays
        self.windowDays = windowDays
    }

    /// 0 outside, 1 at the bottom, at `offset` days from the middle.
    func shape(_ offset: Double) -> Double {
        let fromEdge = durationDays / 2 - abs(offset)
        guard fromEdge > 0 else { return 0 }
        return ingressDays > 0 ? min(1, fromEdge / ingressDays) : 1
    }
}

/// Fits a transit.
///
/// - Parameters:
///   - times: [d], in the scale of the prediction.
///   - magnitudes: [mag]; points that are not finite are left out.
///   - errors: standard errors [mag], > 0.
///   - airmasses: for a term linear in airmass; empty for none.
/// - Returns: `nil` with fewer than 8 usable points, or when they do not tell depth and trend apart.
public func fitTransit(
    times: [Double], magnitudes: [Double], errors: [Double], airmasses: [Double] = [], prediction: TransitPrediction
) -> TransitFit? {
    guard times.count == magnitudes.count, times.count == errors.count,
        airmasses.isEmpty || airmasses.count == times.count
    else { return nil }
    let usable = times.indices.filter { index in
        times[index].isFinite && magnitudes[index].isFinite && errors[index].isFinite && errors[index] > 0
            && (airmasses.isEmpty || airmasses[index].isFinite)
    }
    guard usable.count >= 8, prediction.windowDays > 0, prediction.durationDays > 0 else { return nil }
    let meanAirmass = airmasses.isEmpty ? 0 : usable.reduce(0) { $0 + airmasses[$1] } / Double(usable.count)
    let points = usable.map { index in
        TransitPoint(
            time: times[index] - prediction.midTime, magnitude: magnitudes[index], error: errors[index],
            airmass: airmasses.isEmpty ? nil : airmasses[index] - meanAirmass)
    }
    return TransitSearch(points: points, prediction: prediction).fit()
}

private struct TransitPoint {
    /// Days from the predicted middle.
    let time: Double
    let magnitude: Double
    let error: Double
    let airmass: Double?
}

private struct TransitSearch {
    let points: [TransitPoint]
    let prediction: TransitPrediction

    func fit() -> TransitFit? {
        let steps = 100
        let step = 2 * prediction.windowDays / Double(steps)
        var best: (offset: Double, chi: Double)?
        for index in 0...steps {
            let offset = -prediction.windowDays + Double(index) * step
            guard let solution = solve(offset), best.map({ solution.chi < $0.chi }) ?? true else { continue }
            best = (offset, solution.chi)
        }
        guard let best else { return nil }
        let offset = goldenSection(best.offset - step, best.offset + step)
        guard let solution = solve(offset) else { return nil }
        let outside = points.filter { abs($0.time - offset) > prediction.durationDays / 2 }
        let squares = outside.map { point in
            let residual = point.magnitude - model(point, offset, solution.coefficients)
            return residual * residual
        }
        return TransitFit(
            midTime: prediction.midTime + offset, midTimeError: error(around: offset, chi: solution.chi),
            depthMagnitudes: solution.coefficients[0], depthError: solution.depthError, chiSquared: solution.chi,
            degreesOfFreedom: points.count - termCount - 1,
            outOfTransitRMS: outside.isEmpty ? nil : (squares.reduce(0, +) / Double(squares.count)).squareRoot(),
            pointsOutOfTransit: outside.count)
    }

    /// Depth, constant, slope and airmass coefficient.
    private func terms(_ point: TransitPoint, _ offset: Double) -> SIMD4<Double> {
        SIMD4(prediction.shape(point.time - offset), 1, point.time, point.airmass ?? 0)
    }

    private var termCount: Int { points[0].airmass == nil ? 3 : 4 }

    private func model(_ point: TransitPoint, _ offset: Double, _ coefficients: [Double]) -> Double {
        let row = terms(point, offset)
        return coefficients.indices.reduce(0) { $0 + row[$1] * coefficients[$1] }
    }

    private func solve(_ offset: Double) -> (coefficients: [Double], depthError: Double, chi: Double)? {
        var columns = [SIMD4<Double>](repeating: .zero, count: 4)
        var right = SIMD4<Double>.zero
        for point in points {
            let row = terms(point, offset)
            let weighted = row / (point.error * point.error)
            for index in 0..<termCount { columns[index] += row * weighted[index] }
            right += weighted * point.magnitude
        }
        let normal = (0..<termCount).flatMap { row in columns[..<termCount].map { $0[row] } }
        guard let factor = CholeskyFactor(normal, order: termCount, leastPivot: 1e-10) else { return nil }
        let coefficients = factor.solve((0..<termCount).map { right[$0] })
        var chi = 0.0
        for point in points {
            let residual = (point.magnitude - model(point, offset, coefficients)) / point.error
            chi += residual * residual
        }
        return chi.isFinite ? (coefficients, factor.inverseColumn(0)[0].squareRoot(), chi) : nil
    }

    private func goldenSection(_ from: Double, _ to: Double) -> Double {
        let ratio = 0.5 * (5.0.squareRoot() - 1)
        var (low, high) = (from, to)
        for _ in 0..<25 {
            let (left, right) = (high - ratio * (high - low), low + ratio * (high - low))
            if (solve(left)?.chi ?? .infinity) <= (solve(right)?.chi ?? .infinity) { high = right } else { low = left }
        }
        return 0.5 * (low + high)
    }

    /// Half the width of the range within which chi^2 stays below its minimum + 1, at most the window.
    private func error(around offset: Double, chi: Double) -> Double {
        let edges = [-1.0, 1.0].map { direction in
            var (inside, outside) = (0.0, prediction.windowDays)
            for _ in 0..<20 {
                let middle = 0.5 * (inside + outside)
                let isInside = (solve(offset + direction * middle)?.chi ?? .infinity) < chi + 1
                (inside, outside) = isInside ? (middle, outside) : (inside, middle)
            }
            return inside
        }
        return 0.5 * (edges[0] + edges[1])
    }
}
