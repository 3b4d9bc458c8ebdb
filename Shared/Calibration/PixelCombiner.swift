/// Combines the values of one pixel; see `Stack` for the formulas.
struct PixelCombiner {
    let sigma: Double
    let isMedian: Bool
    let noise: Double
    let level: Double
    let poisson: Double

    private static let priorFrames = 10.0

    /// - Parameter values: `count` finite numbers, sorted in place.
    func combine(_ values: UnsafeMutablePointer<Float>, count: Int) -> (value: Float, error: Float) {
        switch count {
        case 0: return (.nan, .infinity)
        case 1: return (values[0], Float(floorVariance(Double(values[0])).squareRoot()))
        case 2: return pair(min(values[0], values[1]), max(values[0], values[1]))
        default: break
        }
        Self.sort(values, count: count)
        let median = Self.middle(values, count: count)
        let floor = floorVariance(median)
        let kept = keptRange(values, count: count, median: median, floor: floor.squareRoot())
        let moments = Self.moments(values, kept)
        let n = Double(kept.count)
        let pooled = ((n - 1) * moments.variance + Self.priorFrames * floor) / (n - 1 + Self.priorFrames)
        if isMedian {
            let loss = (Double.pi / 2) * n / (n + Double.pi / 2 - 1)
            return (Float(median), Float((pooled * loss / n).squareRoot()))
        }
        return (Float(moments.mean), Float((pooled / n).squareRoot()))
    }

    private func floorVariance(_ value: Double) -> Double {
        noise * noise + max(value - level, 0) * poisson
    }

    private func pair(_ low: Float, _ high: Float) -> (value: Float, error: Float) {
        let floor = floorVariance(Double(low))
        let difference = Double(high) - Double(low)
        if difference > sigma * (2 * floor).squareRoot(), floor > 0 {
            return (low, Float(floor.squareRoot()))
        }
        let mean = (Double(high) + Double(low)) / 2
        let pooled = (difference * difference / 2 + Self.priorFrames * floor) / (1 + Self.priorFrames)
        return (Float(mean), Float((pooled / 2).squareRoot()))
    }

    /// Indices of the sorted values that survive: once by MAD, then up to three times by standard deviation.
    private func keptRange(
        _ values: UnsafeMutablePointer<Float>, count: Int, median: Double, floor: Double
    ) -> Range<Int> {
        let deviation = 1.4826 * Self.medianDeviation(values, count: count, median: median)
        var kept = within(values, count: count, centre: median, reach: sigma * max(deviation, floor))
        for _ in 0..<3 where !kept.isEmpty {
            let moments = Self.moments(values, kept)
            let reach = sigma * max(moments.variance.squareRoot(), floor)
            let next = within(values, count: count, centre: moments.mean, reach: reach)
            if next == kept || next.isEmpty { break }
            kept = next
        }
        return kept.isEmpty ? 0..<count : kept
    }

    private func within(
        _ values: UnsafeMutablePointer<Float>, count: Int, centre: Double, reach: Double
    ) -> Range<Int> {
        var low = 0
        var high = count
        while low < high, centre - Double(values[low]) > reach { low += 1 }
        while high > low, Double(values[high - 1]) - centre > reach { high -= 1 }
        return low..<high
    }

    private static func moments(
        _ values: UnsafeMutablePointer<Float>, _ range: Range<Int>
    ) -> (mean: Double, variance: Double) {
        let origin = Double(values[range.lowerBound])
        var sum = 0.0
        var squares = 0.0
        for i in range {
            let offset = Double(values[i]) - origin
            sum += offset
            squares += offset * offset
        }
        let n = Double(range.count)
        let variance = n > 1 ? max(squares - sum * sum / n, 0) / (n - 1) : 0
        return (origin + sum / n, variance)
    }

    private static func middle(_ sorted: UnsafeMutablePointer<Float>, count: Int) -> Double {
        let upper = Double(sorted[count / 2])
        return count % 2 == 1 ? upper : (upper + Double(sorted[count / 2 - 1])) / 2
    }

    /// Median of |value - median|, walking outwards from the middle of the sorted values.
    private static func medianDeviation(_ sorted: UnsafeMutablePointer<Float>, count: Int, median: Double) -> Double {
        var right = count / 2
        var left = right - 1
        var last = 0.0
        var beforeLast = 0.0
        for _ in 0...(count / 2) {
            beforeLast = last
            let below = left >= 0 ? median - Double(sorted[left]) : .infinity
            let above = right < count ? Double(sorted[right]) - median : .infinity
            if below < above {
                last = below
                left -= 1
            } else {
                last = above
                right += 1
            }
        }
        return count % 2 == 1 ? last : (last + beforeLast) / 2
    }

    private static func sort(_ values: UnsafeMutablePointer<Float>, count: Int) {
        if count > 48 {
            var buffer = UnsafeMutableBufferPointer(start: values, count: count)
            buffer.sort()
            return
        }
        for i in 1..<count {
            let value = values[i]
            var j = i
            while j > 0, values[j - 1] > value {
                values[j] = values[j - 1]
                j -= 1
            }
            values[j] = value
        }
    }
}
