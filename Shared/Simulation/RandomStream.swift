internal import Glibc

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
        var mixer = SplitMix64(state: seed)
        for label in labels {
            mixer = SplitMix64(state: mixer.next() ^ (label &* 0xD1B5_4A32_D192_ED03))
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
    public mutating func uniform() -> Double {
        (Double(next() >> 11) + 0.5) * 0x1p-53
    }

    public mutating func uniform(_ range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
    }

    /// Mean 0, standard deviation 1, by Marsaglia's polar method.
    public mutating func gaussian() -> Double {
        if let value = spare {
            spare = nil
            return value
        }
        while true {
            let x = 2 * uniform() - 1
            let y = 2 * uniform() - 1
            let square = x * x + y * y
            if square < 1, square > 0 {
                let factor = (-2 * log(square) / square).squareRoot()
                spare = y * factor
                return x * factor
            }
        }
    }

    /// A count with the given mean; 0 for a mean that is not positive.
    ///
    /// Exact: by products of uniforms below a mean of 10, by Hoermann's transformed rejection (PTRS) above.
    /// - Source: Hoermann 1993, Insurance: Mathematics and Economics 12, 39.
    public mutating func poisson(_ mean: Double) -> Double {
        guard mean > 0 else { return 0 }
        return mean < 10 ? smallPoisson(mean) : largePoisson(mean)
    }

    private mutating func smallPoisson(_ mean: Double) -> Double {
        let limit = exp(-mean)
        var product = uniform()
        var count = 0.0
        while product > limit {
            product *= uniform()
            count += 1
        }
        return count
    }

    private mutating func largePoisson(_ mean: Double) -> Double {
        let b = 0.931 + 2.53 * mean.squareRoot()
        let a = -0.059 + 0.02483 * b
        let ceiling = 0.9277 - 3.6224 / (b - 2)
        while true {
            let u = uniform() - 0.5
            let v = uniform()
            let us = 0.5 - abs(u)
            let k = ((2 * a / us + b) * u + mean + 0.43).rounded(.down)
            if us >= 0.07, v <= ceiling { return k }
            if k < 0 || (us < 0.013 && v > us) { continue }
            let inverseAlpha = 1.1239 + 1.1328 / (b - 3.4)
            let left = log(v * inverseAlpha / (a / (us * us) + b))
            if left <= k * log(mean) - mean - Self.logFactorial(k) { return k }
        }
    }

    /// ln k!, Stirling's series; better than 1e-10.
    private static func logFactorial(_ k: Double) -> Double {
        if k < 10 {
            var product = 1.0
            var i = 2.0
            while i <= k {
                product *= i
                i += 1
            }
            return log(product)
        }
        let inverse = 1 / k
        let square = inverse * inverse
        let series = inverse * (1.0 / 12 - square * (1.0 / 360 - square * (1.0 / 1260 - square / 1680)))
        return (k + 0.5) * log(k) - k + 0.918_938_533_204_672_74 + series
    }

    @inline(__always)
    private static func rotate(_ value: UInt64, _ bits: UInt64) -> UInt64 {
        (value << bits) | (value >> (64 - bits))
    }
}

/// One step of the seeding generator per call.
private struct SplitMix64 {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
