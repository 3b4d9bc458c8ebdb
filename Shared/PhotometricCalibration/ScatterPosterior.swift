internal import LinearAlgebra
internal import PortableNumbers

/// Parameters of a `RobustLinearFit` with the intrinsic scatter integrated over.
///
///     p(s | y) ~ p(y | s) p(s),   p(s): `ScatterPrior`
///     mean = sum_s p(s) t(s),   covariance = sum_s p(s) (C(s) + (t(s) - mean)(t(s) - mean)^T)
///
/// With few stars the scatter is poorly known and the mean has the tails of Student's distribution: the integral gives
/// its true variance, which the most probable s alone would not. p(y | s) has the parameters integrated out, so that s
/// is not too small by the degrees of freedom that they take (restricted maximum likelihood).
///
/// - Source: Gelman et al., Bayesian Data Analysis, section 5.4 (integral over the scatter); Harville 1974, Biometrika
///   61, 383 (restricted likelihood as an integral over the parameters).
struct ScatterPosterior: Sendable {
    let values: [Double]
    let covariance: SmallSymmetricMatrix
    /// Mean and standard deviation of s [mag].
    let scatter: Double
    let scatterError: Double
    /// The solution at the most probable s.
    let best: RobustLinearFit.AtScatter
    /// Probability of each star to be no outlier, at the most probable s.
    let expected: [Double]
    let likelihood: ScatterLikelihood

    private typealias Point = (logScatter: Double, point: RobustLinearFit.AtScatter, log: Double)

    /// ln of a probability so far below the largest that it is nothing.
    private static let negligible = 12.0
    /// Where ln s may be, from nothing to 1.5 mag. It is gone through upwards: outliers that stand apart from the
    /// others stay outliers.
    private static let coarse = (0..<13).map { 0.4 - 0.8 * Double(12 - $0) }
    private static let evenCount = 11

    /// - Returns: `nil` when the stars do not determine the parameters.
    init?(_ fit: RobustLinearFit, prior: ScatterPrior) {
        var grid = Self.coarse
        var points: [Point] = []
        var visited: [(logScatter: Double, logLikelihood: Double)] = []
        for round in 0..<6 {
            points = []
            for scatter in grid {
                let near = points.last?.point
                guard let point = fit.solved(scatter: Elementary.exp(scatter), from: near) else { return nil }
                points.append((scatter, point, point.logEvidence + prior.logDensity(ofLog: scatter)))
                visited.append((scatter, point.logEvidence))
                // Beyond the peak it only falls.
                if let top = points.map(\.log).max(), points[points.count - 1].log < top - 40 { break }
            }
            let top = points.map(\.log).max() ?? 0
            let alive = points.indices.filter { points[$0].log > top - Self.negligible }
            guard let first = alive.first, let last = alive.last else { return nil }
            if round > 0, alive.count >= 7 { break }
            let low = grid[max(0, first - 1)]
            let high = grid[min(points.count - 1, last + 1)]
            guard high > low else { break }
            grid = (0..<Self.evenCount).map { low + (high - low) * Double($0) / Double(Self.evenCount - 1) }
        }
        self.init(points, fit, ScatterLikelihood(visited))
    }

    private init?(_ points: [Point], _ fit: RobustLinearFit, _ likelihood: ScatterLikelihood) {
        guard let best = points.max(by: { $0.log < $1.log }) else { return nil }
        var probabilities = points.map { Elementary.exp($0.log - best.log) }
        // Trapezium: the ends count half.
        probabilities[0] *= 0.5
        probabilities[probabilities.count - 1] *= 0.5
        let total = probabilities.reduce(0, +)
        let size = fit.parameters
        var mean = Array(repeating: 0.0, count: size)
        var (scatter, square) = (0.0, 0.0)
        for (probability, (_, point, _)) in zip(probabilities, points) {
            let share = probability / total
            for index in 0..<size { mean[index] += share * point.values[index] }
            scatter += share * point.scatter
            square += share * point.scatter * point.scatter
        }
        var covariance = SmallSymmetricMatrix(size: size)
        for (probability, (_, point, _)) in zip(probabilities, points) {
            let share = probability / total
            for row in 0..<size {
                for column in 0..<size {
                    let spread = (point.values[row] - mean[row]) * (point.values[column] - mean[column])
                    covariance[row, column] += share * (point.covariance[row, column] + spread)
                }
            }
        }
        (values, self.covariance, self.best) = (mean, covariance, best.point)
        self.scatter = scatter
        scatterError = max(0, square - scatter * scatter).squareRoot()
        expected = fit.expectedShares(best.point)
        self.likelihood = likelihood
    }
}

extension RobustLinearFit {
    /// Probability of each star to be as expected or near it: neither far nor gross.
    func expectedShares(_ solution: AtScatter) -> [Double] {
        var shares = SIMD4<Double>()
        return y.indices.map { star in
            _ = weight(of: star, solution, &shares)
            return shares[0] + shares[1]
        }
    }

    /// How each star enters the first parameter, a constant that nothing is known of beforehand: together 1.
    ///
    ///     dt_1 / dy_i = a_i = (A^-1 x_i)_1 w_i,   A = sum_i w_i x_i x_i^T + priors
    func influences(_ solution: AtScatter) -> [Double] {
        var shares = SIMD4<Double>()
        let weights = y.indices.map { weight(of: $0, solution, &shares) }
        var normal = SmallSymmetricMatrix(size: parameters)
        for index in 0..<parameters { normal[index, index] = priorPrecisions[index] }
        for star in y.indices {
            for row in 0..<parameters {
                let scaled = weights[star] * rows[star * parameters + row]
                for column in 0..<parameters { normal[row, column] += scaled * rows[star * parameters + column] }
            }
        }
        guard let first = normal.factor?.inverseColumn(0) else { return y.map { _ in 0 } }
        return y.indices.map { star in
            var lever = 0.0
            for index in 0..<parameters { lever += first[index] * rows[star * parameters + index] }
            return lever * weights[star]
        }
    }

    private func weight(of star: Int, _ solution: AtScatter, _ shares: inout SIMD4<Double>) -> Double {
        let variance = max(variances[star] + solution.scatter * solution.scatter, Self.leastVariance)
        return solution.mixture.weight(
            residual: y[star] - model(star, solution.values), variance: variance, shares: &shares,
            needsLogarithm: false
        ).weight
    }

    /// The most probable solution among a few scatters up to that of a simpler model.
    ///
    /// - Parameter simpler: scatter of a model with fewer parameters [mag].
    func mostProbable(simpler: Double) -> AtScatter? {
        var best: AtScatter?
        for share in [0, 0.3, 0.45, 0.6, 0.7, 0.8, 0.9, 1] {
            guard let point = solved(scatter: share * simpler, from: best) else { return nil }
            if point.logEvidence > best?.logEvidence ?? -.infinity { best = point }
        }
        return best
    }
}
