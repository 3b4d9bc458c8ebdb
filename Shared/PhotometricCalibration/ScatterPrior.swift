internal import PortableNumbers

/// What is known beforehand of the intrinsic scatter s of a frame's stars.
///
///     ln s ~ N(ln median, width^2)
///
/// With few stars the zero point's error depends on it: from n stars whose known errors are small, a prior p(s) ~ s^-k
/// makes errors that are sqrt((n - 4 + k) / (n - 3)) of the true ones, so that k = 1 is honest whatever s is. The
/// log-normal prior has k = 1 at its median, and with the usual width 0.55 to 1.45 within a factor of two of it.
///
/// - Source: Gelman 2006, Bayesian Analysis 1, 515 (priors of a scatter); Turner et al. 2012, Int. J. Epidemiology 41,
///   818 (log-normal priors learnt from other fits).
public struct ScatterPrior: Sendable, Equatable, Codable {
    /// [mag], > 0.
    public let median: Double
    /// Standard deviation of ln s, > 0.
    public let logWidth: Double

    public init(median: Double, logWidth: Double) {
        self.median = min(1, max(1e-4, median))
        self.logWidth = min(3, max(0.05, logWidth))
    }

    /// Before anything is known of an instrument: half of all frames have less than 0.02 mag, a sixth less than 0.006,
    /// a sixth more than 0.07.
    public static let usual = ScatterPrior(median: 0.02, logWidth: 1.25)

    /// ln of the density of ln s, up to a constant.
    func logDensity(ofLog logScatter: Double) -> Double {
        let away = (logScatter - Elementary.log(median)) / logWidth
        return -0.5 * away * away
    }
}

/// What the stars of one frame say of their intrinsic scatter: ln p(stars | s), everything else integrated out.
public struct ScatterLikelihood: Sendable, Equatable, Codable {
    /// ln s [mag], rising.
    public let logScatters: [Double]
    /// Relative to the largest, not below -50.
    public let logLikelihoods: [Double]

    /// - Parameter points: ln s and ln p, in any order; of equal s the first counts.
    init(_ points: [(logScatter: Double, logLikelihood: Double)]) {
        let top = points.map(\.logLikelihood).max() ?? 0
        var scatters: [Double] = []
        var likelihoods: [Double] = []
        for point in points.sorted(by: { $0.logScatter < $1.logScatter }) {
            let scatter = (1e5 * point.logScatter).rounded() / 1e5
            guard scatter != scatters.last else { continue }
            let likelihood = max(Self.nothing, (1e3 * (point.logLikelihood - top)).rounded() / 1e3)
            // Of a run of nothing the ends are enough.
            let count = likelihoods.count
            if likelihood == Self.nothing, count > 1, likelihoods[count - 2] == likelihood,
                likelihoods[count - 1] == likelihood
            {
                scatters[count - 1] = scatter
                continue
            }
            scatters.append(scatter)
            likelihoods.append(likelihood)
        }
        (logScatters, logLikelihoods) = (scatters, likelihoods)
    }

    private static let nothing = -50.0

    /// The likelihood averaged over ln s ~ N(centre, width^2), by the trapezium rule.
    func average(centre: Double, width: Double) -> Double {
        let densities = zip(logScatters, logLikelihoods).map { scatter, likelihood in
            let away = (scatter - centre) / width
            return Elementary.exp(max(-600, likelihood - 0.5 * away * away))
        }
        var sum = 0.0
        for index in densities.indices.dropFirst() {
            sum += 0.5 * (densities[index] + densities[index - 1]) * (logScatters[index] - logScatters[index - 1])
        }
        return sum / (width * 2.506_628_274_631)
    }
}
