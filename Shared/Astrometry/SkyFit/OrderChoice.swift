internal import PortableNumbers

/// How well an order of distortion foretells stars that were not used for it.
public struct DistortionOrderScore: Sendable, Equatable {
    /// 1 is no distortion; 2 and more the highest power of SIP.
    public let order: Int
    /// Mean over all stars of distance^2, at most the square of the clipping distance, each star's by a fit without
    /// it; 2 where only the stated errors are left.
    public let loss: Double
    /// By how much that is more than the least of all orders, and the standard error of this difference.
    public let excess: Double
    public let excessError: Double
}

/// The order of distortion that the stars support.
///
/// An order is a candidate when three stars or more are used for each of its coefficients per coordinate (18, 30, 45,
/// 63 for orders 2 to 5), when the error of its fit is at no place of the frame more than three times what a typical
/// star is off by in it, or in the candidate below it, and when it does not fold the frame. Of the candidates the
/// lowest one is taken whose loss in ten-fold cross-validation is within one standard error of the least. Losses are of
/// the same stars, so the error is that of their differences.
/// - Source: Hastie, Tibshirani & Friedman 2009, The Elements of Statistical Learning, section 7.10.
struct OrderChoice {
    let fit: PlateFit
    let scores: [DistortionOrderScore]

    private static let folds = 10
    private static let starsPerCoefficient = 3

    init(
        _ table: SkyPairTable, orders: ClosedRange<Int>, clipDistance: Double
    ) throws(WorldCoordinateFitError) {
        let start = try PlateFit(table, clipDistance: clipDistance)
        var linear = PlateFit(start, order: 1)
        try linear.fit()
        var candidates = [linear]
        for order in 2..<max(2, orders.upperBound + 1) {
            guard table.count >= Self.starsPerCoefficient * FrameBasis.count(order) else { break }
            var next = PlateFit(start, order: order)
            do {
                try next.fit()
            } catch {
                // Not determined by these stars: lower orders are.
                break
            }
            if Self.isSupported(next, besides: candidates[candidates.count - 1]) { candidates.append(next) }
        }
        let wanted = candidates.filter { $0.basis.order >= orders.lowerBound }
        if wanted.isEmpty { candidates = candidates.suffix(1) } else { candidates = wanted }
        (fit, scores) = Self.choose(candidates, clipSquare: clipDistance * clipDistance)
    }

    private static func isSupported(_ fit: PlateFit, besides lower: PlateFit) -> Bool {
        guard fit.usedCount >= starsPerCoefficient * fit.basis.count, let factor = fit.factor else { return false }
        let most = 9 * max(fit.typicalVariance, lower.typicalVariance)
        for row in -4...4 {
            for column in -4...4 {
                let place = fit.basis.half * SIMD2(Double(column), Double(row)) / 4
                let slope = fit.polynomial.valueAndSlope(place)
                let area = (1 + slope.alongX.x) * (1 + slope.alongY.y) - slope.alongX.y * slope.alongY.x
                guard area > 0.1, area < 10 else { return false }
                guard abs(row) == 4 || abs(column) == 4 else { continue }
                guard factor.variance(fit.basis.values(place)).max() <= most else { return false }
            }
        }
        return true
    }

    private static func choose(
        _ candidates: [PlateFit], clipSquare: Double
    ) -> (fit: PlateFit, scores: [DistortionOrderScore]) {
        let reference = candidates[candidates.count - 1]
        guard candidates.count > 1 else { return (reference, []) }
        let fold = folds(reference.table.count)
        let losses = candidates.map { candidate in
            Self.losses(candidate, fold, reference, clipSquare: clipSquare)
        }
        let count = Double(reference.table.count)
        let means = losses.map { $0.reduce(0, +) / count }
        let best = means.indices.min { means[$0] < means[$1] } ?? 0
        let scores = candidates.indices.map { index -> DistortionOrderScore in
            let excess = means[index] - means[best]
            let squares = zip(losses[index], losses[best]).reduce(0) { sum, pair in
                let rest = pair.0 - pair.1 - excess
                return sum + rest * rest
            }
            return DistortionOrderScore(
                order: candidates[index].basis.order, loss: means[index], excess: excess,
                excessError: (squares / (count * max(1, count - 1))).squareRoot())
        }
        let chosen = scores.firstIndex { $0.excess <= $0.excessError } ?? best
        return (candidates[chosen], scores)
    }

    /// A fold for each star, as many stars to each, whatever the order of the stars means.
    private static func folds(_ count: Int) -> [Int] {
        var random = SplitMix64(seed: 20_042)
        var fold = (0..<count).map { $0 % folds }
        for index in stride(from: count - 1, to: 0, by: -1) {
            fold.swapAt(index, Int(random.next() % UInt64(index + 1)))
        }
        return fold
    }

    /// Of each star, by the coefficients that all folds but its own give. Weights are those of the whole fit.
    private static func losses(
        _ fit: PlateFit, _ fold: [Int], _ reference: PlateFit, clipSquare: Double
    ) -> [Double] {
        let weights = fit.usedWeights()
        let members = (0..<folds).map { wanted in fold.indices.filter { fold[$0] == wanted } }
        let parts = members.map { members in
            var sums = PairedEquations(count: fit.basis.count)
            fit.addEquations(weights, members, to: &sums)
            return sums
        }
        let whole = parts.dropFirst().reduce(parts[0], +)
        var losses = [Double](repeating: clipSquare, count: fold.count)
        for (part, members) in zip(parts, members) {
            let rest = whole - part
            guard let solution = PairedCholesky(rest)?.solve(rest.right) else { continue }
            for star in members {
                let residual = fit.targets[star] - fit.value(solution, at: star)
                let variance = reference.variances[star] + reference.floorVariance
                losses[star] = min(clipSquare, (residual * residual / variance).sum())
            }
        }
        return losses
    }
}
