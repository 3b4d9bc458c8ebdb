/// Median and robust scatter of the magnitudes in a window that slides along the light curve.
///
///     level = median(m)        sigma = 1.4826 median(|m - level|)
///
/// A step costs a binary search and the shift of a sorted list, a level O(log n).
struct SlidingBaseline {
    struct Level: Equatable {
        /// [mag]
        var magnitude: Double
        /// Scatter of one point [mag].
        var sigma: Double
        var count: Int
    }

    private struct Entry {
        var mjd: Double
        var magnitude: Double
    }

    private let window: BaselineWindow
    /// In order of time; entries before `head` have left the window.
    private var entries: [Entry] = []
    private var head = 0
    private var sorted: [Double] = []

    init(window: BaselineWindow) { self.window = window }

    mutating func insert(mjd: Double, magnitude: Double) {
        var index = entries.count
        while index > head, entries[index - 1].mjd > mjd { index -= 1 }
        entries.insert(Entry(mjd: mjd, magnitude: magnitude), at: index)
        sorted.insert(magnitude, at: position(of: magnitude))
    }

    /// The level at `mjd`, or `nil` where the window holds too few points.
    mutating func level(at mjd: Double) -> Level? {
        while head < entries.count, entries[head].mjd < mjd - window.windowDays {
            sorted.remove(at: position(of: entries[head].magnitude))
            head += 1
        }
        guard sorted.count >= window.minimumPoints else { return nil }
        let median = (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
        return Level(magnitude: median, sigma: 1.4826 * medianDeviation(from: median), count: sorted.count)
    }

    /// Index of the first value that is not smaller.
    private func position(of value: Double) -> Int {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func medianDeviation(from median: Double) -> Double {
        let lower = (sorted.count - 1) / 2
        let upper = sorted.count / 2
        let first = deviation(rank: lower, from: median)
        return lower == upper ? first : (first + deviation(rank: upper, from: median)) / 2
    }

    /// The deviation of a rank: of the two ascending lists `median - m` (downwards) and `m - median` (upwards), how
    /// many of the first belong to the `rank + 1` smallest is found by bisection.
    private func deviation(rank: Int, from median: Double) -> Double {
        let split = position(of: median)
        let below = split
        let above = sorted.count - split
        let wanted = rank + 1
        var low = max(0, wanted - above)
        var high = min(wanted, below)
        while low < high {
            let fromBelow = (low + high) / 2
            let fromAbove = wanted - fromBelow
            if median - sorted[split - 1 - fromBelow] < sorted[split + fromAbove - 1] - median {
                low = fromBelow + 1
            } else {
                high = fromBelow
            }
        }
        let fromAbove = wanted - low
        let lastBelow = low > 0 ? median - sorted[split - low] : -Double.infinity
        let lastAbove = fromAbove > 0 ? sorted[split + fromAbove - 1] - median : -Double.infinity
        return max(lastBelow, lastAbove)
    }
}
