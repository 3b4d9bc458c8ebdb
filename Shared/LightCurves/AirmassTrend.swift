internal import Statistics

/// A straight line in airmass through the points of one instrument, filter and night.
///
///     m(X) = a + k (X - <X>),   detrended m = m - k (X - <X>)
///
/// Target and comparison stars of other colours fade differently with airmass (second-order extinction), which leaves a
/// slope k in a differential light curve. <X> is the weighted mean airmass of the points that were used, so that the
/// mean magnitude stays and a and k are not correlated.
public struct AirmassTrend: Sendable, Equatable {
    /// k [mag per airmass] and its standard error, enlarged by sqrt(chi^2 / degrees of freedom) where that exceeds 1.
    public let slope: Double
    public let slopeError: Double
    /// <X>
    public let meanAirmass: Double
    /// Points the line was fitted to, and those that were left out as further than 4 sigma from it.
    public let pointsUsed: Int
    public let pointsClipped: Int

    /// Fewer points than this, or a range of airmass smaller than `smallestRange`, tell nothing of a slope.
    public static let fewestPoints = 5
    public static let smallestRange = 0.02

    /// Weighted least squares with weights 1 / error^2. Points further than 4 sigma (robust, and at least their own
    /// errors) from the line are left out, and the line is fitted again until the same points remain.
    ///
    /// - Parameters:
    ///   - airmasses: X, one for each magnitude.
    ///   - magnitudes: m [mag]; a point that is not finite in all three is not used.
    ///   - errors: standard errors [mag], > 0.
    /// - Returns: `nil` when the three differ in length, or too few points or too small a range of airmass remain.
    public init?(airmasses: [Double], magnitudes: [Double], errors: [Double]) {
        guard airmasses.count == magnitudes.count, airmasses.count == errors.count else { return nil }
        let usable = airmasses.indices.filter {
            airmasses[$0].isFinite && magnitudes[$0].isFinite && errors[$0].isFinite && errors[$0] > 0
        }
        let points = usable.map { (x: airmasses[$0], m: magnitudes[$0], error: errors[$0]) }
        var kept = Array(points.indices)
        guard var line = Line(points) else { return nil }
        for _ in 0..<20 {
            let pulls = points.map { line.residual($0) / $0.error }
            let scatter = max(1, RobustStatistics.sigma(kept.map { pulls[$0] }) ?? 1)
            let next = points.indices.filter { abs(pulls[$0]) <= 4 * scatter }
            if next == kept { break }
            guard let refitted = Line(next.map { points[$0] }) else { return nil }
            (kept, line) = (next, refitted)
        }
        slope = line.slope
        slopeError = line.slopeError * max(1, line.reducedChiSquared(kept.map { points[$0] })).squareRoot()
        meanAirmass = line.mean.x
        (pointsUsed, pointsClipped) = (kept.count, points.count - kept.count)
    }

    /// A point with the line taken out; its error contains that of the slope.
    ///
    ///     error^2 = error_m^2 + ((X - <X>) error_k)^2
    public func detrended(magnitude: Double, error: Double, airmass: Double) -> (magnitude: Double, error: Double) {
        let lever = airmass - meanAirmass
        let shared = lever * slopeError
        return (magnitude - slope * lever, (error * error + shared * shared).squareRoot())
    }
}

/// A weighted straight line.
private struct Line {
    typealias Point = (x: Double, m: Double, error: Double)

    let mean: (x: Double, m: Double)
    let slope: Double
    let slopeError: Double

    init?(_ points: [Point]) {
        guard points.count >= AirmassTrend.fewestPoints else { return nil }
        let airmasses = points.map(\.x)
        guard let low = airmasses.min(), let high = airmasses.max(), high - low >= AirmassTrend.smallestRange else {
            return nil
        }
        let weights = points.map { 1 / ($0.error * $0.error) }
        let total = weights.reduce(0, +)
        let x = zip(weights, points).reduce(0) { $0 + $1.0 * $1.1.x } / total
        let m = zip(weights, points).reduce(0) { $0 + $1.0 * $1.1.m } / total
        let spread = zip(weights, points).reduce(0) { $0 + $1.0 * ($1.1.x - x) * ($1.1.x - x) }
        let product = zip(weights, points).reduce(0) { $0 + $1.0 * ($1.1.x - x) * ($1.1.m - m) }
        guard spread > 0, spread.isFinite, product.isFinite else { return nil }
        mean = (x, m)
        slope = product / spread
        slopeError = 1 / spread.squareRoot()
    }

    func residual(_ point: Point) -> Double { point.m - mean.m - slope * (point.x - mean.x) }

    func reducedChiSquared(_ points: [Point]) -> Double {
        let chi = points.reduce(0) { $0 + (residual($1) / $1.error) * (residual($1) / $1.error) }
        return chi / Double(max(1, points.count - 2))
    }
}
