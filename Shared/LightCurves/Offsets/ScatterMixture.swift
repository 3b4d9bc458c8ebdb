internal import Glibc

/// How far stars' means by different instruments scatter beyond their errors: most by a floor that all stars share
/// (flat fields, colours), the others by that and an amount of their own, on a grid up to 2.6 mag. The shares are
/// learned from all stars; a star's own scatter is then known as far as its residuals tell. So a variable star weighs
/// what it is worth, without a limit at which stars are thrown out.
struct ScatterMixture {
    /// Beyond the floor [mag^2]. The smallest is well above what flat fields do: nearer to it, stars that agree by
    /// chance would pass for the ordinary ones, the others for variable, and the errors would be too small.
    static let extra: [Double] = [0] + (0..<8).map { 0.02 * exp2(Double($0)) }.map { $0 * $0 }

    /// [mag^2]
    let floor: Double
    private(set) var shares = expectedStars.map { $0 / expectedStars.reduce(0, +) }

    /// What is expected before any star is seen, in stars: most are ordinary. Without it a few stars that are off by
    /// chance would pass for variable ones, and the errors of offsets from thirty stars would be too small.
    private static let expectedStars = [6] + [Double](repeating: 0.1, count: extra.count - 1)

    init(floor: Double) {
        self.floor = floor
    }

    /// Scatter of each part of the mixture [mag].
    var scatters: [Double] { Self.extra.map { ($0 + floor).squareRoot() } }

    /// What a star's cells say about the offsets, given its residuals. Matrices are by cell, row after row.
    struct Evidence {
        var probabilities: [Double]
        /// Expected information, with the star's own magnitude taken out.
        var information: [Double]
        /// Information that is missing because the star's scatter is not known: the variance of the score.
        var missing: [Double]
        /// Of the log-likelihood: information times residuals.
        var score: [Double]
        /// Of the star's magnitudes, without the constant of pi.
        var logLikelihood = 0.0
        /// The star's mean residual and its variance.
        var mean = 0.0
        var variance = 0.0
        /// ln of likelihood times share, by part.
        fileprivate var logs: [Double]
        fileprivate var weights: [Double]
        fileprivate var totals: [Double]
        fileprivate var means: [Double]

        init(cells: Int) {
            let parts = ScatterMixture.extra.count
            probabilities = [Double](repeating: 0, count: parts)
            information = [Double](repeating: 0, count: cells * cells)
            missing = information
            score = [Double](repeating: 0, count: cells)
            weights = [Double](repeating: 0, count: parts * cells)
            (logs, totals, means) = (probabilities, probabilities, probabilities)
        }
    }

    /// - Parameters:
    ///   - residuals: magnitudes minus offsets, and the cells' variances.
    ///   - leverage: share of the star's own scatter that the offsets have taken up, 0 ... 1: its squares are larger
    ///     by 1 / (1 - leverage) than its residuals show. The scatter's part is told by these, as in restricted
    ///     maximum likelihood; the likelihood, over which offsets are integrated, by the residuals.
    func evidence(_ residuals: [Double], _ variances: [Double], leverage: Double = 0) -> Evidence {
        var result = Evidence(cells: residuals.count)
        weigh(&result, residuals, variances, stretch: 1 / (1 - min(0.5, max(0, leverage))))
        let likeliest = result.logs.max() ?? 0
        let likelihood = result.logs.reduce(0) { $0 + exp($1 - likeliest) }
        result.logLikelihood = likeliest + Glibc.log(likelihood)
        let highest = result.probabilities.max() ?? 0
        var sum = 0.0
        for part in Self.extra.indices {
            result.probabilities[part] = exp(result.probabilities[part] - highest)
            sum += result.probabilities[part]
        }
        for part in Self.extra.indices {
            result.probabilities[part] /= sum
            result.mean += result.probabilities[part] * result.means[part]
        }
        addMatrices(&result, residuals)
        return result
    }

    /// Weights, means and, for now as probabilities, logarithms of the likelihoods.
    private func weigh(
        _ result: inout Evidence, _ residuals: [Double], _ variances: [Double], stretch: Double
    ) {
        let count = residuals.count
        for part in Self.extra.indices {
            var (total, sum, product, log) = (0.0, 0.0, 1.0, 0.0)
            for cell in 0..<count {
                let weight = 1 / (variances[cell] + floor + Self.extra[part])
                result.weights[part * count + cell] = weight
                total += weight
                sum += weight * residuals[cell]
                product *= weight
                if product > 1e100 || product < 1e-100 {
                    log += Glibc.log(product)
                    product = 1
                }
            }
            let mean = sum / total
            var chiSquared = 0.0
            for cell in 0..<count {
                let away = residuals[cell] - mean
                chiSquared += result.weights[part * count + cell] * away * away
            }
            (result.totals[part], result.means[part]) = (total, mean)
            let certain = Glibc.log(shares[part]) + 0.5 * (log + Glibc.log(product / total))
            result.logs[part] = certain - 0.5 * chiSquared
            result.probabilities[part] = certain - 0.5 * stretch * chiSquared
        }
    }

    private func addMatrices(_ result: inout Evidence, _ residuals: [Double]) {
        let count = residuals.count
        var score = [Double](repeating: 0, count: count)
        for part in Self.extra.indices where result.probabilities[part] > 1e-9 {
            let (probability, total, mean) = (result.probabilities[part], result.totals[part], result.means[part])
            for cell in 0..<count {
                score[cell] = result.weights[part * count + cell] * (residuals[cell] - mean)
                result.score[cell] += probability * score[cell]
            }
            for row in 0..<count {
                let weight = result.weights[part * count + row]
                result.information[row * count + row] += probability * weight
                for column in 0..<count {
                    let shared = weight * result.weights[part * count + column] / total
                    result.information[row * count + column] -= probability * shared
                    result.missing[row * count + column] += probability * score[row] * score[column]
                }
            }
            let away = mean - result.mean
            result.variance += probability * (1 / total + away * away)
        }
        for row in 0..<count {
            for column in 0..<count { result.missing[row * count + column] -= result.score[row] * result.score[column] }
        }
    }

    /// The shares that the stars' probabilities have, with what is expected beforehand.
    ///
    /// - Parameter probabilities: sums over the stars.
    mutating func learn(_ probabilities: [Double], starCount: Int) {
        let all = Double(starCount) + Self.expectedStars.reduce(0, +)
        shares = zip(probabilities, Self.expectedStars).map { ($0 + $1) / all }
    }
}
