internal import PortableNumbers

/// Reproducible random numbers: xoshiro256** seeded through SplitMix64.
///
/// A stream is named by a seed and labels (frame number, purpose), so that frames can be made in any order and are
/// the same.
/// - Source: Blackman & Vigna 2021, ACM TOMS 47, 36; Steele, Lea & Flood 2014, OOPSLA.
public struct RandomStream: RandomNumberGenerator, Sendable {
    private var s0: UInt64
    private var s1: UInt64
    private var s2: UInt64
    private var s3: UInt64
    private var spare: Double?

    public init(seed: UInt64, _ labels: UInt64...) {
        var mixer = SplitMix64(seed: seed)
        for label in labels {
            mixer = SplitMix64(seed: mixer.next() ^ (label &* 0xD1B5_4A32_D192_ED03))
        }
        s0 = mixer.next()
        s1 = mixer.next()
        s2 = mixer.next()
        s3 = mixer.next()
    }

    public mutating func next() -> UInt64 {
        let result = Self.rotate(s1 &* 5, 7) &* 9
        let shifted = s1 << 17
        s2 ^= s0
        s3 ^= s1
        s1 ^= s2
        s0 ^= s3
        s2 ^= shifted
        s3 = Self.rotate(s3, 45)
        return result
    }

    /// Uniform in the open interval (0, 1), 53 bits.
    public mutating func uniform() -> Double { Deviates.uniform(&self) }

    public mutating func uniform(_ range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
    }

    /// Mean 0, standard deviation 1; every second one is the other of a pair.
    public mutating func gaussian() -> Double {
        if let value = spare {
            spare = nil
            return value
        }
        let (first, second) = Deviates.gaussianPair(&self)
        spare = second
        return first
    }

    /// A count with the given mean, exactly distributed; 0 for a mean that is not positive.
    public mutating func poisson(_ mean: Double) -> Double { Deviates.poisson(mean, &self) }

    @inline(__always)
    private static func rotate(_ value: UInt64, _ bits: UInt64) -> UInt64 {
        (value << bits) | (value >> (64 - bits))
    }
}
