/// Order statistics and clipped moments on plain buffers. NaN must be taken out before.
enum Robust {
    /// The k-th smallest of `count` values (0-based), by Hoare's selection; reorders the buffer.
    static func select(_ values: UnsafeMutablePointer<Float>, count: Int, rank: Int) -> Float {
        var low = 0
        var high = count - 1
        while low < high {
            let pivot = medianOfThree(values[low], values[(low + high) / 2], values[high])
            var i = low
            var j = high
            while i <= j {
                while values[i] < pivot { i += 1 }
                while pivot < values[j] { j -= 1 }
                if i <= j {
                    let kept = values[i]
                    values[i] = values[j]
                    values[j] = kept
                    i += 1
                    j -= 1
                }
            }
            if rank <= j {
                high = j
            } else if rank >= i {
                low = i
            } else {
                return values[rank]
            }
        }
        return values[rank]
    }

    @inline(__always)
    private static func medianOfThree(_ a: Float, _ b: Float, _ c: Float) -> Float {
        max(min(a, b), min(max(a, b), c))
    }

    /// Median of `count` > 0 values; the mean of the middle two when even. Reorders the buffer.
    static func median(_ values: UnsafeMutablePointer<Float>, count: Int) -> Float {
        let upper = select(values, count: count, rank: count / 2)
        if count % 2 == 1 { return upper }
        // After the selection everything left of the rank is not larger.
        var lower = values[0]
        for i in 1..<max(count / 2, 1) where values[i] > lower { lower = values[i] }
        return (lower + upper) / 2
    }

    /// Median of the numbers among the values; nil when there are none.
    static func median(_ values: [Float]) -> Float? {
        var numbers = values.filter { !$0.isNaN }
        if numbers.isEmpty { return nil }
        return numbers.withUnsafeMutableBufferPointer { median($0.baseAddress!, count: $0.count) }
    }

    struct Moments {
        var mean: Double
        var sigma: Double
    }

    /// Mean and standard deviation after clipping at 3 sigma, started from median and MAD.
    ///
    /// The standard deviation is divided by 0.98658, its value for a Gaussian cut at 3 sigma. Unlike MAD alone it is
    /// right for coarsely quantised pixels, where MAD knows whole ADU only. Nil when `count` is 0. Uses the buffer as
    /// scratch space.
    static func clippedMoments(_ values: UnsafeMutablePointer<Float>, count: Int) -> Moments? {
        guard count > 0 else { return nil }
        let few = min(count, 200)
        let start = startingPoint(values, count: count, few: few)
        var moments = Moments(mean: start.mean, sigma: start.sigma)
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
    private static func startingPoint(_ values: UnsafeMutablePointer<Float>, count: Int, few: Int) -> Moments {
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
        _ values: UnsafeMutablePointer<Float>, count: Int, centre: Double, reach: Double
    ) -> Moments? {
        var kept = 0.0
        var sum = 0.0
        var squares = 0.0
        for i in 0..<count {
            let offset = Double(values[i]) - centre
            let weight = abs(offset) <= reach ? 1.0 : 0.0
            kept += weight
            sum += weight * offset
            squares += weight * offset * offset
        }
        guard kept > 0 else { return nil }
        let mean = sum / kept
        let variance = max(squares / kept - mean * mean, 0) * (kept > 1 ? kept / (kept - 1) : 1)
        let cut = reach.isFinite ? 0.98658 : 1
        return Moments(mean: centre + mean, sigma: variance.squareRoot() / cut)
    }

    static func clippedMoments(_ values: [Float]) -> Moments? {
        var numbers = values.filter(\.isFinite)
        return numbers.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { clippedMoments($0, count: buffer.count) }
        }
    }
}
