internal import Statistics

/// Evenly spaced trial frequencies.
public struct FrequencyGrid: Sendable, Equatable {
    /// [1/d]
    public let first: Double
    /// [1/d]
    public let step: Double
    public let count: Int

    /// More would take gigabytes; grids that would be longer end at a lower frequency.
    public static let largestCount = 2_000_000

    public var last: Double { first + Double(count - 1) * step }

    public func frequency(_ index: Int) -> Double { first + Double(index) * step }

    /// - Returns: nil for numbers that are not positive and finite, or too many of them.
    public init?(first: Double, step: Double, count: Int) {
        guard first > 0, step > 0, first.isFinite, step.isFinite, count > 0, count <= Self.largestCount else {
            return nil
        }
        (self.first, self.step, self.count) = (first, step, count)
    }

    /// The grid that suits the times of a light curve of baseline T.
    ///
    /// Steps of 1 / (oversampling T): a peak is about 1 / T wide. From a period of T (or `longestPeriodDays`) down to
    /// the shorter of twice the median time between neighbours and 0.1 d (or `shortestPeriodDays`): uneven times show
    /// periods far below twice their spacing, even ones do not.
    ///
    /// - Returns: nil for fewer than two different times, or a range without periods in it.
    public init?(
        timesDays: [Double], shortestPeriodDays: Double? = nil, longestPeriodDays: Double? = nil,
        oversampling: Double = 5
    ) {
        let times = timesDays.filter(\.isFinite).sorted()
        guard let start = times.first, let end = times.last, end > start, oversampling > 0 else { return nil }
        let gaps = zip(times.dropFirst(), times).map { $0 - $1 }.filter { $0 > 0 }
        let usual = max(0.5 / (RobustStatistics.upperMedian(gaps) ?? .infinity), 10)
        let first = 1 / (longestPeriodDays ?? (end - start))
        let last = shortestPeriodDays.map { 1 / $0 } ?? max(usual, first)
        let step = 1 / (oversampling * (end - start))
        guard first > 0, last >= first, step.isFinite, (last - first) / step < 1e15 else { return nil }
        let count = min(Self.largestCount, Int(((last - first) / step).rounded(.up)) + 1)
        self.init(first: first, step: step, count: count)
    }
}
