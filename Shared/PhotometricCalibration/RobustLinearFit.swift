internal import LinearAlgebra
internal import PortableNumbers
internal import Statistics

/// A linear model of few parameters fitted to magnitudes with known errors, an unknown intrinsic scatter and outliers.
///
///     y_i = sum_j X_ij t_j + noise,   noise ~ mixture of `OutlierMixture` with v_i = e_i^2 + s^2
///
/// At a fixed s, parameters and fractions of outliers are the most probable ones (expectation maximisation), their
/// errors those of the observed information. s is integrated over (`ScatterPosterior`), so that five stars give the
/// wide errors that five stars deserve.
struct RobustLinearFit: Sendable {
    /// Values, one for each star [mag].
    var y: [Double]
    /// Known variances [mag^2], >= 0.
    var variances: [Double]
    /// Rows of the model, one after the other.
    var rows: [Double]
    /// Number of parameters.
    let parameters: Int
    /// What is known of the parameters beforehand: means and 1 / error^2 (0: nothing).
    var priorMeans: [Double]
    var priorPrecisions: [Double]

    /// The solution at one intrinsic scatter.
    struct AtScatter: Sendable {
        var scatter: Double
        var values: [Double]
        var mixture: OutlierMixture
        /// Inverse of the observed information.
        var covariance: SmallSymmetricMatrix
        /// ln of the probability of s, up to a constant, its prior not yet in it.
        var logEvidence: Double
    }

    /// Variances smaller than this are taken to be it: a tenth of a millimagnitude.
    static let leastVariance = 1e-8

    /// - Parameters:
    ///   - start: a solution nearby, which saves iterations.
    ///   - keepingMixture: fractions of outliers stay those of `start`.
    /// - Returns: `nil` when the model's rows do not determine its parameters.
    func solved(scatter: Double, from start: AtScatter?, keepingMixture: Bool = false) -> AtScatter? {
        var values = start?.values ?? startValues()
        var mixture = start?.mixture ?? OutlierMixture()
        var last: (normal: Normal, factor: CholeskyFactor)?
        for iteration in 0..<40 {
            let normal = accumulate(values, mixture, scatter, finely: false)
            guard let factor = normal.weights.factor else { return nil }
            let next = factor.solve(normal.right)
            let change = zip(next, values).map { $0 - $1 }
            let moved = normal.weights.quadratic(change)
            var updated = mixture
            if !keepingMixture { updated.update(sums: normal.shares) }
            let step = updated.fractions - mixture.fractions
            let shifted = (step * step).sum()
            (values, mixture) = (next, updated)
            last = (normal, factor)
            if iteration > 1, moved < 1e-5, shifted < 5e-7 { break }
        }
        guard let last else { return nil }
        let final = accumulate(values, mixture, scatter, finely: true)
        let factor = final.weights.factor ?? last.factor
        var prior = 0.0
        for index in 0..<parameters {
            let off = values[index] - priorMeans[index]
            prior -= 0.5 * priorPrecisions[index] * off * off
        }
        return AtScatter(
            scatter: scatter, values: values, mixture: mixture,
            covariance: SmallSymmetricMatrix(size: parameters, elements: factor.inverse()),
            logEvidence: final.logDensity + prior + mixture.logPrior - 0.5 * factor.logDeterminant)
    }

    /// The first parameter is a constant: the median of what is left when the others are as their priors say.
    private func startValues() -> [Double] {
        var values = priorMeans
        values[0] = 0
        values[0] = RobustStatistics.median(y.indices.map { y[$0] - model($0, values) }) ?? 0
        return values
    }

    @inline(__always)
    func model(_ star: Int, _ values: [Double]) -> Double {
        var sum = 0.0
        for index in 0..<parameters { sum += rows[star * parameters + index] * values[index] }
        return sum
    }

    /// Normal equations with the priors in them; `weights` holds the observed information when made `finely`.
    struct Normal {
        var weights: SmallSymmetricMatrix
        var right: [Double]
        /// Sums of the stars' shares in the four kinds.
        var shares: SIMD4<Double>
        var logDensity: Double
    }

    private func accumulate(
        _ values: [Double], _ mixture: OutlierMixture, _ scatter: Double, finely: Bool
    ) -> Normal {
        let count = parameters
        // Lower triangle of the weights, then the right side.
        var cells = Array(repeating: 0.0, count: count * (count + 1) / 2 + count)
        var (total, shares) = (SIMD4<Double>(), SIMD4<Double>())
        var logDensity = 0.0
        for star in y.indices {
            let variance = max(variances[star] + scatter * scatter, Self.leastVariance)
            let found = mixture.weight(
                residual: y[star] - model(star, values), variance: variance, shares: &shares, needsLogarithm: finely)
            total += shares
            logDensity += found.logDensity
            let amount = finely ? found.curvature : found.weight
            var cell = 0
            for row in 0..<count {
                let scaled = amount * rows[star * count + row]
                for column in 0...row {
                    cells[cell] += scaled * rows[star * count + column]
                    cell += 1
                }
                cells[cells.count - count + row] += scaled * y[star]
            }
        }
        return normal(cells, total, logDensity)
    }

    private func normal(_ cells: [Double], _ shares: SIMD4<Double>, _ logDensity: Double) -> Normal {
        var sums = Normal(
            weights: SmallSymmetricMatrix(size: parameters), right: Array(cells.suffix(parameters)), shares: shares,
            logDensity: logDensity)
        var cell = 0
        for row in 0..<parameters {
            for column in 0...row {
                sums.weights[row, column] = cells[cell]
                sums.weights[column, row] = cells[cell]
                cell += 1
            }
            sums.weights[row, row] += priorPrecisions[row]
            sums.right[row] += priorPrecisions[row] * priorMeans[row]
        }
        return sums
    }
}
