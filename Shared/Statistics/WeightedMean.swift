/// The mean of values with known errors.
///
///     mean = sum(v / e^2) / sum(1 / e^2),   error = sum(1 / e^2)^(-1/2)
public struct WeightedMean: Sendable, Equatable {
    public let mean: Double
    /// Standard error, from the values' errors alone.
    public let error: Double
    /// sum(((v - mean) / e)^2) / (n - 1); 0 for one value.
    public let reducedChiSquared: Double

    /// - Parameter errors: standard errors, one for each value. Values that are not finite, or whose error is not
    ///   positive
    ///   and finite, are left out.
    /// - Returns: nil without a usable value.
    public init?(_ values: [Double], errors: [Double]) {
        let usable = zip(values, errors).filter { $0.isFinite && $1.isFinite && $1 > 0 }
        guard !usable.isEmpty else { return nil }
        let total = usable.reduce(0) { $0 + 1 / ($1.1 * $1.1) }
        let mean = usable.reduce(0) { $0 + $1.0 / ($1.1 * $1.1) } / total
        let chi = usable.reduce(0) { $0 + (($1.0 - mean) / $1.1) * (($1.0 - mean) / $1.1) }
        let freedom = usable.count - 1
        (self.mean, error) = (mean, 1 / total.squareRoot())
        reducedChiSquared = freedom > 0 ? chi / Double(freedom) : 0
    }
}
