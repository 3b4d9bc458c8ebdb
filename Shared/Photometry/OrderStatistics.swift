internal import CKernels

/// Numbers of which order statistics are asked without sorting them: values are counted against a limit (on vectors)
/// until a window around the wanted rank holds few, and only those are sorted.
///
/// Questions about ranks near the last one are answered from the same window.
struct OrderStatistics {
    /// Room for values and for the window; reused from one set of numbers to the next.
    private(set) var values: [Float] = []
    private var window: [Float] = []
    private(set) var count = 0
    /// Rank of the window's first number, and how many it holds.
    private var windowRank = 0
    private var windowCount = 0

    private static let enough = 16

    /// Takes new numbers; NaN must not be among them.
    ///
    /// - Parameters:
    ///   - capacity: the most that `fill` writes.
    ///   - fill: writes the numbers and returns how many.
    mutating func load(capacity: Int, _ fill: (UnsafeMutablePointer<Float>) -> Int) {
        if values.count < capacity + 8 {
            values = [Float](repeating: 0, count: capacity + 8)
            window = [Float](repeating: 0, count: capacity + 8)
        }
        count = values.withUnsafeMutableBufferPointer { $0.baseAddress.map(fill) ?? 0 }
        (windowRank, windowCount) = (0, 0)
    }

    /// Sums of v - reference and of its square, and counts, over values in low...high.
    func sums(_ low: Double, _ high: Double, reference: Float) -> kernel_sky_sums {
        values.withUnsafeBufferPointer { kernel_sky_clip($0.baseAddress, count, low, high, reference) }
    }

    /// The number of a rank, 0 for the smallest.
    ///
    /// - Parameters:
    ///   - guess: where it may lie; only speed depends on it.
    ///   - scale: of the numbers' scatter; only speed depends on it.
    mutating func value(rank: Int, guess: Double, scale: Double) -> Float {
        precondition(rank >= 0 && rank < count, "a rank lies within the numbers")
        if rank < windowRank || rank >= windowRank + windowCount { openWindow(rank, guess, scale) }
        return window[rank - windowRank]
    }

    private mutating func openWindow(_ rank: Int, _ guess: Double, _ scale: Double) {
        var (low, high) = (-Float.infinity, Float.infinity)
        var (below, upTo) = (0, count)
        // Half the window's numbers of a Gaussian lie this near to its middle.
        var reach = max(scale, 1e-30) * 1.25 * Double(Self.enough / 2) / Double(max(count, 1))
        var pivot = guess - reach
        for _ in 0..<24 where upTo - below > Self.enough {
            guard let limit = Self.limit(pivot, low, high) else { break }
            let found = countBelow(limit)
            if found <= rank {
                (low, below) = (limit, found)
                // As far beyond the rank as this limit was before it, and a little more.
                pivot = Double(limit) + (high == .infinity ? 2 * reach : 0)
            } else {
                (high, upTo) = (limit, found)
                pivot = Double(limit) - (low == -.infinity ? 2 * reach : 0)
            }
            if low != -.infinity, high != .infinity {
                let share = (Double(rank - below) + 0.5) / Double(upTo - below)
                let middle = Double(low) + share * (Double(high) - Double(low))
                // Just beside where the rank should be, on the side that is farther off.
                let margin = Double(Self.enough) / 3 / Double(upTo - below) * (Double(high) - Double(low))
                pivot = upTo - rank > rank - below ? middle + margin : middle - margin
                if pivot <= Double(low) || pivot >= Double(high) { pivot = (Double(low) + Double(high)) / 2 }
            }
            reach *= 2
        }
        fillWindow(low, high, rank: below)
    }

    /// A limit strictly between two others, or nil where there is none.
    private static func limit(_ pivot: Double, _ low: Float, _ high: Float) -> Float? {
        let limit = Float(pivot)
        if limit > low, limit < high, limit.isFinite { return limit }
        guard low.isFinite, high.isFinite else { return nil }
        let middle = low / 2 + high / 2
        return middle > low && middle < high ? middle : nil
    }

    private func countBelow(_ limit: Float) -> Int {
        values.withUnsafeBufferPointer { Int(kernel_sky_count_below($0.baseAddress, count, limit)) }
    }

    private mutating func fillWindow(_ low: Float, _ high: Float, rank: Int) {
        let count = count
        windowRank = rank
        windowCount = values.withUnsafeBufferPointer { values in
            window.withUnsafeMutableBufferPointer { window in
                guard let source = values.baseAddress, let target = window.baseAddress else { return 0 }
                // An infinite upper limit is to hold infinite numbers too.
                if high == .infinity {
                    var used = 0
                    for index in 0..<count where source[index] >= low {
                        target[used] = source[index]
                        used += 1
                    }
                    return used
                }
                return Int(kernel_sky_between(target, source, count, low, high))
            }
        }
        window.withUnsafeMutableBufferPointer { Self.sort($0, count: windowCount) }
    }

    private static func sort(_ numbers: UnsafeMutableBufferPointer<Float>, count: Int) {
        guard count <= 2 * enough else {
            numbers[0..<count].sort()
            return
        }
        // Insertion: quickest for so few.
        for index in 1..<max(1, count) {
            let number = numbers[index]
            var place = index
            while place > 0, numbers[place - 1] > number {
                numbers[place] = numbers[place - 1]
                place -= 1
            }
            numbers[place] = number
        }
    }
}
