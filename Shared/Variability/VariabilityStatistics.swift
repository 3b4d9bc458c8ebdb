/// What the light curve of one object in one filter says about its variability, period aside.
///
/// Takes n log n for sorting and a few passes. The part in `moments` can also be kept and updated point by point.
public struct VariabilityStatistics: Sendable, Equatable {
    /// Weighted mean, chi^2, skewness, von Neumann ratio.
    public let moments: VariabilityMoments
    public let stetson: StetsonIndices?
    /// [mag]
    public let median: Double
    /// 1.4826 times the median absolute deviation from the median: the standard deviation, if it is Gaussian [mag].
    public let robustScatter: Double
    private let sorted: [Double]

    /// - Parameter pairDays: see `StetsonIndices`.
    /// - Returns: nil without points.
    public init?(_ series: LightCurveSeries, pairDays: Double = StetsonIndices.usualPairDays) {
        guard series.count > 0 else { return nil }
        moments = VariabilityMoments(series)
        stetson = StetsonIndices(series, pairDays: pairDays)
        sorted = series.points.map(\.magnitude).sorted()
        median = Self.percentile(50, of: sorted)
        robustScatter = 1.4826 * Self.medianDeviation(from: median, of: sorted)
    }

    /// The magnitude below which `percent` of the points lie, by linear interpolation between them [mag].
    public func percentile(_ percent: Double) -> Double { Self.percentile(percent, of: sorted) }

    /// From the percentile `percent` to its mirror image: `amplitude(5)` is from 5 % to 95 % [mag].
    public func amplitude(_ percent: Double) -> Double { percentile(100 - percent) - percentile(percent) }

    private static func percentile(_ percent: Double, of sorted: [Double]) -> Double {
        let place = Double(sorted.count - 1) * min(max(percent, 0), 100) / 100
        let lower = Int(place)
        guard lower + 1 < sorted.count else { return sorted[sorted.count - 1] }
        return sorted[lower] + (place - Double(lower)) * (sorted[lower + 1] - sorted[lower])
    }

    /// Median of |m - centre|: the deviations below and above are sorted already, and are merged up to their middle.
    private static func medianDeviation(from centre: Double, of sorted: [Double]) -> Double {
        var upper = sorted.firstIndex { $0 >= centre } ?? sorted.count
        var lower = upper - 1
        var (last, previous) = (0.0, 0.0)
        for _ in 0...(sorted.count / 2) {
            let below = lower >= 0 ? centre - sorted[lower] : .infinity
            let above = upper < sorted.count ? sorted[upper] - centre : .infinity
            previous = last
            last = min(below, above)
            if below <= above { lower -= 1 } else { upper += 1 }
        }
        return sorted.count % 2 == 1 ? last : 0.5 * (previous + last)
    }
}
