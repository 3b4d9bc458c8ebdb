internal import Statistics

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
        median = RobustStatistics.percentile(50, ofSorted: sorted) ?? .nan
        robustScatter = RobustStatistics.sigma(sorted, about: median) ?? .nan
    }

    /// The magnitude below which `percent` of the points lie, by linear interpolation between them [mag].
    public func percentile(_ percent: Double) -> Double {
        RobustStatistics.percentile(percent, ofSorted: sorted) ?? .nan
    }

    /// From the percentile `percent` to its mirror image: `amplitude(5)` is from 5 % to 95 % [mag].
    public func amplitude(_ percent: Double) -> Double { percentile(100 - percent) - percentile(percent) }
}
