internal import CKernels

/// Order statistics and clipped moments on plain buffers of pixels, by vector kernels: whole frames go through them.
enum Robust {
    /// Median of `count` > 0 numbers, none of them NaN; the mean of the middle two when even.
    static func median(_ values: UnsafePointer<Float>, count: Int) -> Float {
        let upper = kernel_select(values, count, count / 2)
        if count % 2 == 1 { return upper }
        var largest = upper
        let below = kernel_below(values, count, upper, &largest)
        return ((below == count / 2 ? largest : upper) + upper) / 2
    }

    /// Median of the numbers among the values; nil when there are none.
    static func median(_ values: [Float]) -> Float? {
        values.withUnsafeBufferPointer { values in
            guard let start = values.baseAddress else { return nil }
            return median(withNaN: start, count: values.count)
        }
    }

    /// As `median`, of values that may be NaN. Of many, only those between two quantiles of a sample that are 4 sigma
    /// to both sides of the median are looked at; where the sample was wrong, all.
    static func median(withNaN values: UnsafePointer<Float>, count: Int) -> Float? {
        guard count > 0 else { return nil }
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { found -> Float? in
            let found = found.baseAddress!
            var (below, numbers) = (0, 0)
            if count > 1 << 15, let (low, high) = bracket(values, count: count) {
                let taken = kernel_between(values, count, low, high, found, &below, &numbers)
                let (lower, upper) = ((numbers - 1) / 2 - below, numbers / 2 - below)
                if lower >= 0, upper < taken {
                    return (kernel_select(found, taken, lower) + kernel_select(found, taken, upper)) / 2
                }
            }
            let taken = kernel_between(values, count, -.infinity, .infinity, found, &below, &numbers)
            return taken > 0 ? median(found, count: taken) : nil
        }
    }

    private static func bracket(_ values: UnsafePointer<Float>, count: Int) -> (low: Float, high: Float)? {
        let size = 4096
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: size) { sample -> (low: Float, high: Float)? in
            var taken = 0
            for i in 0..<size where !values[i * count / size].isNaN {
                sample[taken] = values[i * count / size]
                taken += 1
            }
            let reach = 2 * Int(Double(taken).squareRoot())
            guard taken > 4 * reach, let sample = sample.baseAddress else { return nil }
            return (
                kernel_select(sample, taken, taken / 2 - reach), kernel_select(sample, taken, taken / 2 + reach)
            )
        }
    }

    struct Moments {
        var mean: Double
        var sigma: Double
    }

    /// Mean and standard deviation after clipping at 3 sigma, started from median and MAD.
    ///
    /// The standard deviation is divided by 0.98658, its value for a Gaussian cut at 3 sigma. Unlike MAD alone it is
    /// right for coarsely quantised pixels, where MAD knows whole ADU only. Nil when `count` is 0; the values are
    /// finite.
    static func clippedMoments(_ values: UnsafePointer<Float>, count: Int) -> Moments? {
        guard count > 0 else { return nil }
        var moments = startingPoint(values, count: count, few: min(count, 200))
        for _ in 0..<6 {
            let reach = 3 * moments.sigma
            guard let next = momentsWithin(values, count: count, centre: moments.mean, reach: reach) else { break }
            let settled = abs(next.sigma - moments.sigma) <= 1e-4 * moments.sigma
            moments = next
            if settled { break }
        }
        return moments
    }

    /// Median and 1.4826 MAD of evenly picked values; where more than half of them are equal, their plain deviation.
    private static func startingPoint(_ values: UnsafePointer<Float>, count: Int, few: Int) -> Moments {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: few) { picked in
            let base = picked.baseAddress!
            for i in 0..<few { base[i] = values[i * count / few] }
            let centre = median(base, count: few)
            for i in 0..<few { base[i] = abs(base[i] - centre) }
            let deviation = Double(median(base, count: few)) * 1.4826
            if deviation > 0 { return Moments(mean: Double(centre), sigma: deviation * 1.5) }
            let whole = momentsWithin(values, count: count, centre: Double(centre), reach: .infinity)
            return Moments(mean: Double(centre), sigma: whole?.sigma ?? 0)
        }
    }

    private static func momentsWithin(
        _ values: UnsafePointer<Float>, count: Int, centre: Double, reach: Double
    ) -> Moments? {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 3) { sums in
            kernel_clipped_sums(values, count, centre, reach, sums.baseAddress!)
            let kept = sums[0]
            guard kept > 0 else { return nil }
            let mean = sums[1] / kept
            let variance = max(sums[2] / kept - mean * mean, 0) * (kept > 1 ? kept / (kept - 1) : 1)
            let cut = reach.isFinite ? 0.98658 : 1
            return Moments(mean: centre + mean, sigma: variance.squareRoot() / cut)
        }
    }

    /// The same of the finite numbers among the values.
    static func clippedMoments(_ values: [Float]) -> Moments? {
        let numbers = [Float](unsafeUninitializedCapacity: values.count) { numbers, taken in
            values.withUnsafeBufferPointer { values in
                guard let start = values.baseAddress, let target = numbers.baseAddress else { return }
                taken = kernel_pick(start, nil, 1, values.count, target)
            }
        }
        return numbers.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.flatMap { clippedMoments($0, count: buffer.count) }
        }
    }
}
