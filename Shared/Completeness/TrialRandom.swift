internal import PSF

/// Reproducible random numbers for artificial stars, from integers, sums and products alone: the same on every machine.
///
/// - Source: Steele, Lea & Flood 2014, OOPSLA (SplitMix64); Hoermann 1993, Insurance: Mathematics and Economics 12, 39
///   (Poisson, PTRS).
struct TrialRandom {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// A seed from pixels: every 37th one counts.
    static func seed(of pixels: [Float], width: Int, stream: UInt64) -> UInt64 {
        var mixer = TrialRandom(seed: stream ^ (UInt64(pixels.count) << 24) ^ UInt64(width))
        for index in stride(from: 0, to: pixels.count, by: 37) {
            mixer.state = mixer.next() ^ UInt64(pixels[index].bitPattern)
        }
        return mixer.next()
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// In the open interval (0, 1).
    mutating func uniform() -> Double { (Double(next() >> 11) + 0.5) * 0x1p-53 }

    /// A count with the given mean, exactly distributed; 0 for a mean that is not positive.
    mutating func poisson(_ mean: Double) -> Double {
        guard mean > 0 else { return 0 }
        return mean < 20 ? byInversion(mean) : byRejection(mean)
    }

    private mutating func byInversion(_ mean: Double) -> Double {
        var rest = uniform()
        // exp(-mean) is larger: most pixels of a star's wings end here.
        if rest < 1 - mean { return 0 }
        var (share, count) = (Elementary.exp(-mean), 0.0)
        while rest > share, count < 200 {
            rest -= share
            count += 1
            share *= mean / count
        }
        return count
    }

    private mutating func byRejection(_ mean: Double) -> Double {
        let b = 0.931 + 2.53 * mean.squareRoot()
        let a = -0.059 + 0.02483 * b
        let ceiling = 0.9277 - 3.6224 / (b - 2)
        while true {
            let u = uniform() - 0.5
            let v = uniform()
            let us = 0.5 - abs(u)
            let count = ((2 * a / us + b) * u + mean + 0.43).rounded(.down)
            if us >= 0.07, v <= ceiling { return count }
            if count < 0 || (us < 0.013 && v > us) { continue }
            let left = Elementary.log(v * (1.1239 + 1.1328 / (b - 3.4)) / (a / (us * us) + b))
            if left <= count * Elementary.log(mean) - mean - Self.logFactorial(count) { return count }
        }
    }

    /// ln k!: a product below 10, above Stirling's series, good to 1e-10.
    private static func logFactorial(_ count: Double) -> Double {
        if count < 10 {
            var product = 1.0
            for factor in stride(from: 2.0, through: count, by: 1) { product *= factor }
            return Elementary.log(product)
        }
        let inverse = 1 / count
        let square = inverse * inverse
        let series = inverse * (1.0 / 12 - square * (1.0 / 360 - square * (1.0 / 1260 - square / 1680)))
        return (count + 0.5) * Elementary.log(count) - count + 0.918_938_533_204_672_74 + series
    }
}

/// Magnitudes of fluxes, -2.5 log10(flux): flux in electrons, so that 1 e- has magnitude 0.
enum FluxMagnitude {
    /// Magnitudes per unit of ln flux.
    static let scale = 1.085_736_204_758_129_5

    static func magnitude(_ flux: Double) -> Double { -scale * Elementary.log(flux) }
    static func flux(_ magnitude: Double) -> Double { Elementary.exp(-magnitude / scale) }
}
