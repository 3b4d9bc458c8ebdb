internal import Glibc
internal import PortableNumbers

/// How probable it is that noise alone shows a peak as high, anywhere on the grid.
public enum FalseAlarm {
    /// The analytic bound for one filter, good where it is small:
    ///
    ///     FAP = 1 - (1 - (1 - z)^(K/2)) e^-tau,   K = n - 3,  H = n - 1
    ///     tau = W (2/H)^1/2 Gamma(H/2) / Gamma((H-1)/2) (1 - z)^((K-1)/2) (H z / 2)^1/2
    ///     W   = (f_last - f_first) (4 pi var(t))^1/2,  var(t) weighted
    ///
    /// - Parameters:
    ///   - power: z, of `LombScargle`.
    ///   - bandwidth: f_last - f_first [1/d].
    /// - Returns: nil with several filters, for which there is no such formula: use `bootstrap`.
    /// - Source: Baluev 2008, MNRAS 385, 1279, equations 5 and 6 with table 1, normalisation z1.
    public static func baluev(power: Double, periodogram: LombScargle, bandwidth: Double) -> Double? {
        guard periodogram.bands.count == 1, let band = periodogram.bands.first else { return nil }
        let z = min(1, max(0, power))
        let h = Double(band.times.count - 1)
        let k = Double(band.times.count - 3)
        let mean = zip(band.weights, band.times).reduce(0) { $0 + $1.0 * $1.1 }
        let variance = zip(band.weights, band.times).reduce(0) { $0 + $1.0 * ($1.1 - mean) * ($1.1 - mean) }
        let width = bandwidth * (4 * .pi * variance).squareRoot()
        let gamma = (2 / h).squareRoot() * exp(logGamma(h / 2) - logGamma((h - 1) / 2))
        let tau = gamma * width * pow(1 - z, (k - 1) / 2) * (0.5 * h * z).squareRoot()
        let single = pow(1 - z, k / 2)
        // 1 - (1 - single) e^-tau without losing the digits of a small probability.
        return min(1, max(0, single - expm1(-tau) * (1 - single)))
    }

    /// Which share of shuffled light curves has a higher peak: (higher + 1) / (trials + 1).
    ///
    /// In each filter the residuals divided by their errors change places, and are multiplied by the errors of their
    /// new places; times and errors stay. Same seed, same result.
    public static func bootstrap(
        power: Double, periodogram: LombScargle, grid: FrequencyGrid, trials: Int, seed: UInt64 = 1
    ) -> Double {
        let plan = PeriodogramPlan(periodogram, grid)
        var words = SplitMix64(seed: seed)
        var higher = 0
        for _ in 0..<trials {
            let shuffled = periodogram.bands.map { band -> [Double] in
                var copy = band
                let residuals = zip(band.values, band.weights).map { $0 * $1.squareRoot() }.shuffled(using: &words)
                copy.values = zip(residuals, band.weights).map { $0 / $1.squareRoot() }
                copy.centre()
                return copy.values
            }
            if (plan.power(of: shuffled).max() ?? 0) >= power { higher += 1 }
        }
        return Double(higher + 1) / Double(trials + 1)
    }
}
