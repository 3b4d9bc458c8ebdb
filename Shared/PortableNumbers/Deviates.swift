/// Random numbers of several distributions, from any generator of whole words; the same on every machine.
public enum Deviates {
    /// In the open interval (0, 1), 53 bits.
    @inlinable
    public static func uniform(_ words: inout some RandomNumberGenerator) -> Double {
        (Double(words.next() >> 11) + 0.5) * 0x1p-53
    }

    /// Two independent ones of mean 0 and standard deviation 1.
    ///
    /// - Source: Marsaglia & Bray 1964, SIAM Review 6, 260 (polar method).
    @inlinable
    public static func gaussianPair(_ words: inout some RandomNumberGenerator) -> (Double, Double) {
        while true {
            let x = 2 * uniform(&words) - 1
            let y = 2 * uniform(&words) - 1
            let square = x * x + y * y
            if square < 1, square > 0 {
                let factor = (-2 * Elementary.log(square) / square).squareRoot()
                return (x * factor, y * factor)
            }
        }
    }

    /// A count with the given mean; 0 for a mean that is not positive.
    ///
    /// Exact: by products of uniforms below a mean of 10, by Hoermann's transformed rejection (PTRS) above.
    /// - Source: Hoermann 1993, Insurance: Mathematics and Economics 12, 39.
    @inlinable
    public static func poisson(_ mean: Double, _ words: inout some RandomNumberGenerator) -> Double {
        guard mean > 0 else { return 0 }
        if mean >= 10 { return byRejection(mean, &words) }
        var product = uniform(&words)
        // exp(-mean) is larger: most pixels of a star's wings end here.
        if product < 1 - mean { return 0 }
        let limit = Elementary.exp(-mean)
        var count = 0.0
        while product > limit {
            product *= uniform(&words)
            count += 1
        }
        return count
    }

    @inlinable
    static func byRejection(_ mean: Double, _ words: inout some RandomNumberGenerator) -> Double {
        let b = 0.931 + 2.53 * mean.squareRoot()
        let a = -0.059 + 0.02483 * b
        let ceiling = 0.9277 - 3.6224 / (b - 2)
        while true {
            let u = uniform(&words) - 0.5
            let v = uniform(&words)
            let us = 0.5 - abs(u)
            let count = ((2 * a / us + b) * u + mean + 0.43).rounded(.down)
            if us >= 0.07, v <= ceiling { return count }
            if count < 0 || (us < 0.013 && v > us) { continue }
            let left = Elementary.log(v * (1.1239 + 1.1328 / (b - 3.4)) / (a / (us * us) + b))
            if left <= count * Elementary.log(mean) - mean - logFactorial(count) { return count }
        }
    }

    /// ln k!: a product below 10, above Stirling's series, good to 1e-10.
    @usableFromInline
    static func logFactorial(_ count: Double) -> Double {
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
