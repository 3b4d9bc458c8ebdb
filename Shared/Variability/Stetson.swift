/// Stetson's variability indices J and K.
///
///     delta = (n / (n - 1))^1/2 (m - mean) / e
///     P     = delta[i] delta[j] for a pair, delta^2 - 1 for a point alone
///     J     = sum(w sgn(P) |P|^1/2) / sum(w)
///     K     = (sum|delta| / n) / (sum(delta^2) / n)^1/2
///
/// J is near 0 for noise and positive where neighbours are bright or faint together; K is (2 / pi)^1/2 = 0.798 for
/// Gaussian noise, 0.900 for a sinusoid, and small for a few outliers.
///
/// The pair rule: going through the points in order of time, a point and its successor are a pair when they are at
/// most `pairDays` apart, and neither belongs to another pair; what has no partner is a point alone. A pair has weight
/// 1, a point alone weight 1/2, so that each observation counts the same.
///
/// The mean is Stetson's: weights 1 / e^2 times 1 / (1 + (|delta| / 2)^2), again and again until it stays where it is.
///
/// - Source: Stetson 1996, PASP 108, 851, sections 2 and 3; the weights of pairs and single points are ours.
public struct StetsonIndices: Sendable, Equatable {
    public let j: Double
    public let k: Double
    /// The mean the residuals are taken from [mag].
    public let mean: Double
    public let pairCount: Int

    /// Points nearer than this are pairs where nothing else is said [d]: 30 minutes.
    public static let usualPairDays = 0.5 / 24

    /// - Returns: nil for fewer than two points.
    public init?(_ series: LightCurveSeries, pairDays: Double = usualPairDays) {
        let points = series.points
        guard points.count > 1 else { return nil }
        mean = Self.reweightedMean(points)
        let scale = (Double(points.count) / Double(points.count - 1)).squareRoot()
        var residuals: [Double] = []
        residuals.reserveCapacity(points.count)
        for point in points { residuals.append(scale * (point.magnitude - mean) / point.error) }
        var (sum, weights, pairs, index) = (0.0, 0.0, 0, 0)
        while index < points.count {
            let next = index + 1
            if next < points.count, points[next].timeDays - points[index].timeDays <= pairDays {
                sum += Self.signedRoot(residuals[index] * residuals[next])
                weights += 1
                pairs += 1
                index += 2
            } else {
                sum += 0.5 * Self.signedRoot(residuals[index] * residuals[index] - 1)
                weights += 0.5
                index += 1
            }
        }
        j = sum / weights
        pairCount = pairs
        let absolute = residuals.reduce(0) { $0 + abs($1) } / Double(points.count)
        let square = residuals.reduce(0) { $0 + $1 * $1 } / Double(points.count)
        k = square > 0 ? absolute / square.squareRoot() : 0
    }

    private static func signedRoot(_ product: Double) -> Double {
        product < 0 ? -(-product).squareRoot() : product.squareRoot()
    }

    private static func reweightedMean(_ points: [MagnitudePoint]) -> Double {
        let scale = (Double(points.count) / Double(points.count - 1)).squareRoot()
        // Differences from the first point keep the digits of small scatters.
        let origin = points[0].magnitude
        func mean(_ weight: (MagnitudePoint) -> Double) -> Double {
            var (sum, total) = (0.0, 0.0)
            for point in points {
                let own = weight(point)
                sum += own * (point.magnitude - origin)
                total += own
            }
            return origin + sum / total
        }
        var centre = mean(\.weight)
        for _ in 0..<50 {
            let next = mean { point in
                let half = scale * (point.magnitude - centre) / point.error / 2
                return point.weight / (1 + half * half)
            }
            let change = abs(next - centre)
            centre = next
            if change <= 1e-12 { break }
        }
        return centre
    }
}
