internal import Glibc
internal import Statistics

/// A star's mean by each instrument.
struct OffsetStar {
    struct Cell {
        let instrument: Int
        let magnitude: Double
        let variance: Double
    }

    let id: String
    /// Minus the reference colour; 0 without colour terms.
    let colour: Double
    let cells: [Cell]
    /// Beyond the points' errors, around the means [mag].
    let scatterOfPoints: Double

    /// - Parameter points: for each instrument its magnitudes and errors, finite, errors above zero.
    init(id: String, colour: Double, points: [(instrument: Int, values: [Point])]) {
        self.id = id
        self.colour = colour
        let kept = points.map { (instrument: $0.instrument, values: Self.withoutWildPoints($0.values)) }
        let excess = Self.excessVariance(kept.map(\.values))
        cells = kept.map { instrument, values in
            let (mean, weight) = Self.mean(values, excess: excess)
            return Cell(instrument: instrument, magnitude: mean, variance: 1 / weight)
        }
        scatterOfPoints = excess.squareRoot()
    }

    struct Point {
        let magnitude, error: Double
    }

    private static let wild = 5.0

    /// Leaves out what is more than 5 standard deviations from the median: of its own error, or of the robust scatter
    /// where that is larger.
    private static func withoutWildPoints(_ points: [Point]) -> [Point] {
        guard points.count >= 5, let centre = RobustStatistics.median(points.map(\.magnitude)),
            let sigma = RobustStatistics.sigma(points.map(\.magnitude))
        else { return points }
        return points.filter { abs($0.magnitude - centre) <= wild * max(sigma, $0.error) }
    }

    private static func mean(_ points: [Point], excess: Double) -> (mean: Double, weight: Double) {
        var (sum, total) = (0.0, 0.0)
        for point in points {
            let weight = 1 / (point.error * point.error + excess)
            sum += weight * point.magnitude
            total += weight
        }
        return (sum / total, total)
    }

    /// The variance s^2 [mag^2] that makes chi^2 around the instruments' means equal to its degrees of freedom, at
    /// least 0.
    ///
    /// - Source: Paule & Mandel 1982, J. Res. NBS 87, 377.
    private static func excessVariance(_ groups: [[Point]]) -> Double {
        let freedom = Double(groups.reduce(0) { $0 + max(0, $1.count - 1) })
        guard freedom > 0 else { return 0 }
        func chiSquared(_ excess: Double) -> Double {
            groups.reduce(0) { sum, points in
                let mean = mean(points, excess: excess).mean
                return points.reduce(sum) {
                    $0 + ($1.magnitude - mean) * ($1.magnitude - mean) / ($1.error * $1.error + excess)
                }
            }
        }
        guard chiSquared(0) > freedom else { return 0 }
        var (low, high) = (0.0, 1e-4)
        while chiSquared(high) > freedom, high < 1e6 { (low, high) = (high, high * 4) }
        for _ in 0..<60 {
            let middle = 0.5 * (low + high)
            if chiSquared(middle) > freedom { low = middle } else { high = middle }
        }
        return 0.5 * (low + high)
    }
}
