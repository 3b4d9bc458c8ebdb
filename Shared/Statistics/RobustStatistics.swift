/// Statistics by rank, which a few wild values do not spoil.
///
/// NaN is no value and is left out. Infinities are values like others: a distance that is not known may be infinite,
/// and counts as the farthest. All take linear time and one copy of the values, but for those of sorted values.
///
/// - Source: Hampel 1974, JASA 69, 383 (median absolute deviation); Hyndman & Fan 1996, Am. Stat. 50, 361
///   (percentiles).
public enum RobustStatistics {
    /// The middle value, or the mean of the middle two; nil without values.
    public static func median(_ values: [Double]) -> Double? {
        withNumbers(values) { numbers in
            let upper = Selection.value(ofRank: numbers.count / 2, in: numbers)
            guard numbers.count % 2 == 0, let lower = numbers[..<(numbers.count / 2)].max() else { return upper }
            return 0.5 * (lower + upper)
        }
    }

    /// The value of rank n / 2, counted from 0: the median of an odd number, and always one of the values; nil without.
    public static func upperMedian(_ values: [Double]) -> Double? {
        withNumbers(values) { Selection.value(ofRank: $0.count / 2, in: $0) }
    }

    /// As `upperMedian` of doubles.
    public static func upperMedian(_ values: [Float]) -> Float? {
        withNumbers(values) { Selection.value(ofRank: $0.count / 2, in: $0) }
    }

    /// median(|v - centre|); nil without values.
    public static func medianAbsoluteDeviation(_ values: [Double], about centre: Double) -> Double? {
        median(values.map { abs($0 - centre) })
    }

    /// 1.4826 median(|v - centre|): the standard deviation where the values are Gaussian about `centre`; nil without.
    ///
    /// 1.4826 = 1 / Phi^-1(3/4).
    public static func sigma(_ values: [Double], about centre: Double) -> Double? {
        medianAbsoluteDeviation(values, about: centre).map { 1.4826 * $0 }
    }

    /// The same about the values' own median.
    public static func sigma(_ values: [Double]) -> Double? {
        median(values).flatMap { sigma(values, about: $0) }
    }

    /// The value below which `percent` of the values lie, by linear interpolation between them.
    ///
    ///     place = (n - 1) percent / 100
    ///
    /// - Parameters:
    ///   - percent: taken to be 0 or 100 where it is outside of them.
    ///   - values: ascending, without NaN.
    /// - Returns: definition 7 of Hyndman & Fan, numpy's; nil without values.
    public static func percentile(_ percent: Double, ofSorted values: [Double]) -> Double? {
        guard let last = values.last, !percent.isNaN else { return nil }
        let place = Double(values.count - 1) * min(max(percent, 0), 100) / 100
        let lower = Int(place)
        guard lower + 1 < values.count else { return last }
        return values[lower] + (place - Double(lower)) * (values[lower + 1] - values[lower])
    }

    /// - Parameter body: gets at least one number, none of them NaN, in storage of its own.
    private static func withNumbers<Number: BinaryFloatingPoint>(
        _ values: [Number], _ body: (UnsafeMutableBufferPointer<Number>) -> Number
    ) -> Number? {
        var numbers = values.contains(where: \.isNaN) ? values.filter { !$0.isNaN } : values
        return numbers.withUnsafeMutableBufferPointer { $0.isEmpty ? nil : body($0) }
    }
}

/// Selection in linear time.
enum Selection {
    /// Puts the value there that sorting would put there, no larger ones before it and no smaller ones behind it.
    ///
    /// - Parameters:
    ///   - rank: within the values, 0 for the smallest.
    ///   - values: none of them NaN; reordered.
    /// - Source: Hoare 1961, CACM 4, 321 (algorithm 65, FIND).
    static func value<Number: BinaryFloatingPoint>(
        ofRank rank: Int, in values: UnsafeMutableBufferPointer<Number>
    ) -> Number {
        var (low, high) = (0, values.count - 1)
        // An order that is made to be slow is sorted after so many rounds.
        for _ in 0..<64 where low < high {
            let ends = (min(values[low], values[high]), max(values[low], values[high]))
            let pivot = min(max(values[(low + high) / 2], ends.0), ends.1)
            var (left, right) = (low, high)
            while left <= right {
                while values[left] < pivot { left += 1 }
                while pivot < values[right] { right -= 1 }
                guard left <= right else { break }
                values.swapAt(left, right)
                (left, right) = (left + 1, right - 1)
            }
            if rank <= right { high = right } else { low = left }
            if right < rank, rank < left { return values[rank] }
        }
        if low < high {
            var rest = values[low...high]
            rest.sort()
        }
        return values[rank]
    }
}
