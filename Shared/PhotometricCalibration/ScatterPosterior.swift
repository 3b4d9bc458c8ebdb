internal import PortableNumbers

/// Parameters of a `RobustLinearFit` with the intrinsic scatter integrated over.
///
///     p(s | y) ~ p(y | s) / (1 + (s / a)^2),   a = typical scatter (half-Cauchy prior)
///     mean = sum_s p(s) t(s),   covariance = sum_s p(s) (C(s) + (t(s) - mean)(t(s) - mean)^T)
///
/// With few stars the scatter is poorly known and the mean has the tails of Student's distribution: the integral gives
/// its true variance, which the most probable s alone would not.
///
/// - Source: Gelman 2006, Bayesian Analysis 1, 515 (prior of a scatter); Gelman et al., Bayesian Data Analysis,
///   section 5.4 (integral over it).
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

    /// ln of a probability so far below the largest that it is nothing.
    private static let negligible = 12.0

    /// - Parameter typicalScatter: a [mag], > 0.
    /// - Returns: `nil` when the stars do not determine the parameters.
    init?(_ fit: RobustLinearFit, typicalScatter: Double) {
        var grid = Self.coarse
        var points: [(point: RobustLinearFit.AtScatter, log: Double)] = []
        for _ in 0..<6 {
            points = []
            for scatter in grid {
                guard let point = fit.solved(scatter: scatter, from: points.last?.point) else { return nil }
                let ratio = scatter / typicalScatter
                points.append((point, point.logEvidence - Elementary.log(1 + ratio * ratio)))
                // Beyond the peak it only falls.
                if let top = points.map(\.log).max(), points[points.count - 1].log < top - 40 { break }
            }
            let top = points.map(\.log).max() ?? 0
            let alive = points.indices.filter { points[$0].log > top - Self.negligible }
            guard let first = alive.first, let last = alive.last else { return nil }
            let isEven = grid.count == Self.evenCount
            if isEven, alive.count >= 6 { break }
            let low = grid[max(0, first - 1)]
            let high = grid[min(points.count - 1, last + 1)]
            guard high > low else { break }
            grid = (0..<Self.evenCount).map { low + (high - low) * Double($0) / Double(Self.evenCount - 1) }
        }
        self.init(points, fit)
    }

    /// Where s may be [mag].
    private static let coarse = [0, 0.003, 0.006, 0.012, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8]
    private static let evenCount = 9

    private init?(_ points: [(point: RobustLinearFit.AtScatter, log: Double)], _ fit: RobustLinearFit) {
        guard let best = points.max(by: { $0.log < $1.log }) else { return nil }
        var probabilities = points.map { Elementary.exp($0.log - best.log) }
        // Trapezium: the ends count half.
        probabilities[0] *= 0.5
        probabilities[probabilities.count - 1] *= 0.5
        let total = probabilities.reduce(0, +)
        let size = fit.parameters
        var mean = Array(repeating: 0.0, count: size)
        var (scatter, square) = (0.0, 0.0)
        for (probability, (point, _)) in zip(probabilities, points) {
            let share = probability / total
            for index in 0..<size { mean[index] += share * point.values[index] }
            scatter += share * point.scatter
            square += share * point.scatter * point.scatter
        }
        var covariance = SmallSymmetricMatrix(size: size)
        for (probability, (point, _)) in zip(probabilities, points) {
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
    }
}

extension RobustLinearFit {
    /// Probability of each star to be as expected or near it: neither far nor gross.
    func expectedShares(_ solution: AtScatter) -> [Double] {
        var shares = SIMD4<Double>()
        return y.indices.map { star in
            let variance = max(variances[star] + solution.scatter * solution.scatter, Self.leastVariance)
            _ = solution.mixture.weight(
                residual: y[star] - model(star, solution.values), variance: variance, shares: &shares,
                needsLogarithm: false)
            return shares[0] + shares[1]
        }
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
