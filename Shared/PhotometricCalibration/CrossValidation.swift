internal import PortableNumbers

/// Chooses the order of the position term by stars that the fit has not seen.
///
/// Tenfold: each star's ln p(y | fit without its tenth) is compared between orders. A higher order is taken only when
/// it is better than the lower by more than one standard error of the paired differences (the one-standard-error rule),
/// so that a flat field stays flat.
///
/// - Source: Hastie, Tibshirani & Friedman, The Elements of Statistical Learning, 2nd ed., section 7.10.
enum CrossValidation {
    static let folds = 10

    /// - Parameter fits: the same stars at rising orders, each with its solution.
    /// - Returns: the index of the fit to take.
    static func chosen(_ fits: [(fit: RobustLinearFit, best: RobustLinearFit.AtScatter)]) -> Int {
        var chosen = 0
        var scores = fits.first.map { densities($0.fit, $0.best) } ?? []
        for index in fits.indices.dropFirst() {
            let rival = densities(fits[index].fit, fits[index].best)
            let gains = zip(rival, scores).map { $0 - $1 }
            let count = Double(gains.count)
            let mean = gains.reduce(0, +) / count
            let square = gains.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(1, count - 1)
            if mean > (square / count).squareRoot() { (chosen, scores) = (index, rival) }
        }
        return chosen
    }

    /// ln p of every star, from the fits that have not seen it; scatter and fractions of outliers are those of all
    /// stars.
    private static func densities(_ fit: RobustLinearFit, _ best: RobustLinearFit.AtScatter) -> [Double] {
        var densities = Array(repeating: 0.0, count: fit.y.count)
        var shares = SIMD4<Double>()
        for fold in 0..<folds {
            let seen = fit.y.indices.filter { mixed($0) != fold }
            guard let values = fit.subset(seen).reweighted(best) else { return densities }
            for star in fit.y.indices where mixed(star) == fold {
                let variance = max(
                    fit.variances[star] + best.scatter * best.scatter, RobustLinearFit.leastVariance)
                densities[star] =
                    best.mixture.weight(
                        residual: fit.y[star] - fit.model(star, values), variance: variance, shares: &shares,
                        needsLogarithm: true
                    ).logDensity
            }
        }
        return densities
    }

    /// Which fold a star is in: as if at random, and always the same.
    private static func mixed(_ star: Int) -> Int {
        var words = SplitMix64(seed: UInt64(star))
        return Int(words.next() % UInt64(folds))
    }
}

extension RobustLinearFit {
    func subset(_ stars: [Int]) -> RobustLinearFit {
        RobustLinearFit(
            y: stars.map { y[$0] }, variances: stars.map { variances[$0] },
            rows: stars.flatMap { rows[($0 * parameters)..<(($0 + 1) * parameters)] }, parameters: parameters,
            priorMeans: priorMeans, priorPrecisions: priorPrecisions)
    }

    /// Parameters alone, with scatter and fractions as they are.
    func reweighted(_ best: AtScatter) -> [Double]? {
        solved(scatter: best.scatter, from: best, keepingMixture: true)?.values
    }
}
