/// Reproducible random numbers, from integers, sums and products alone: the same on every machine.
///
/// Every seed starts another part of one sequence of period 2^64: good for shuffles, trials, and for seeding others.
/// - Source: Steele, Lea & Flood 2014, OOPSLA.
public struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// In the open interval (0, 1), 53 bits.
    public mutating func uniform() -> Double { Deviates.uniform(&self) }

    /// Mean 0, standard deviation 1.
    public mutating func gaussian() -> Double { Deviates.gaussianPair(&self).0 }

    /// A count with the given mean, exactly distributed; 0 for a mean that is not positive.
    public mutating func poisson(_ mean: Double) -> Double { Deviates.poisson(mean, &self) }
}
