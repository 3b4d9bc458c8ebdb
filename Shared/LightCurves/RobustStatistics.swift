/// Statistics that a few wild values do not spoil.
public enum RobustStatistics {
    /// The median of the finite values; `nil` when there are none.
    public static func median(_ values: [Double]) -> Double? {
        let sorted = values.filter(\.isFinite).sorted()
        guard !sorted.isEmpty else { return nil }
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : 0.5 * (sorted[middle - 1] + sorted[middle])
    }

    /// Standard deviation from the median absolute deviation: 1.4826 MAD, right for a Gaussian; `nil` without values.
    public static func sigma(_ values: [Double]) -> Double? {
        guard let centre = median(values) else { return nil }
        return median(values.filter(\.isFinite).map { abs($0 - centre) }).map { 1.4826 * $0 }
    }

    /// Mean with weights 1 / error^2.
    ///
    ///     mean = sum(v / e^2) / sum(1 / e^2),   error = sum(1 / e^2)^(-1/2)
    ///
    /// - Returns: mean, its error and chi^2 per degree of freedom (0 for one value); `nil` without a usable value.
    public static func weightedMean(
        _ values: [Double], errors: [Double]
    ) -> (mean: Double, error: Double, reducedChiSquared: Double)? {
        let usable = zip(values, errors).filter { $0.isFinite && $1.isFinite && $1 > 0 }
        guard !usable.isEmpty else { return nil }
        let total = usable.reduce(0) { $0 + 1 / ($1.1 * $1.1) }
        let mean = usable.reduce(0) { $0 + $1.0 / ($1.1 * $1.1) } / total
        let chi = usable.reduce(0) { $0 + (($1.0 - mean) / $1.1) * (($1.0 - mean) / $1.1) }
        let freedom = usable.count - 1
        return (mean, 1 / total.squareRoot(), freedom > 0 ? chi / Double(freedom) : 0)
    }
}
