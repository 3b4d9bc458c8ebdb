internal import Glibc

/// The best sinusoid near a frequency, of one filter.
public struct SinusoidFit: Sendable, Equatable {
    /// [1/d]
    public let frequency: Double
    /// Standard error [1/d], from the covariance of c, a, b and f together, times the root of chi^2 per degree of
    /// freedom where that is above 1: then the quoted errors are too small or the light curve is no sinusoid.
    public let frequencyError: Double
    /// c [mag], weighted mean of the sinusoid.
    public let meanMagnitude: Double
    /// (a^2 + b^2)^1/2, half of what lies between brightest and faintest [mag].
    public let semiAmplitude: Double
    /// A time at which the sinusoid is brightest [d], the nearest to the middle of the light curve.
    public let maximumTimeDays: Double
    /// chi^2 / (n - 4)
    public let reducedChiSquared: Double

    public var periodDays: Double { 1 / frequency }
    /// error(f) / f^2 [d]
    public var periodErrorDays: Double { frequencyError / (frequency * frequency) }

    /// - Returns: nil for fewer than five points, or where the four parameters cannot be told apart.
    public init?(_ series: LightCurveSeries, frequency: Double) {
        guard series.count > 4, frequency > 0, frequency.isFinite else { return nil }
        let origin = 0.5 * (series.points[0].timeDays + series.points[series.count - 1].timeDays)
        var linear = SymmetricEquations(count: 3)
        let rows = series.points.map { Self.terms($0, origin, frequency) }
        let reference = series.points[0].magnitude
        for (row, point) in zip(rows, series.points) {
            linear.add([1, row.cos, row.sin], value: point.magnitude - reference, weight: point.weight)
        }
        guard let solved = linear.solution() else { return nil }
        let (c, a, b) = (solved[0], solved[1], solved[2])
        var full = SymmetricEquations(count: 4)
        var chiSquared = 0.0
        for (row, point) in zip(rows, series.points) {
            let slope = 2 * .pi * (point.timeDays - origin) * (b * row.cos - a * row.sin)
            let residual = point.magnitude - reference - c - a * row.cos - b * row.sin
            full.add([1, row.cos, row.sin, slope], value: residual, weight: point.weight)
            chiSquared += residual * residual * point.weight
        }
        guard let variance = full.variance(of: 3) else { return nil }
        self.frequency = frequency
        reducedChiSquared = chiSquared / Double(series.count - 4)
        frequencyError = (variance * max(1, reducedChiSquared)).squareRoot()
        meanMagnitude = reference + c
        semiAmplitude = (a * a + b * b).squareRoot()
        // Brightest where a cos + b sin is least: at phase atan2(b, a) + pi.
        let phase = (atan2(b, a) + .pi) / (2 * .pi)
        maximumTimeDays = origin + (phase - phase.rounded()) / frequency
    }

    private static func terms(
        _ point: MagnitudePoint, _ origin: Double, _ frequency: Double
    ) -> (cos: Double, sin: Double) {
        let cycles = frequency * (point.timeDays - origin)
        let angle = 2 * .pi * (cycles - cycles.rounded())
        return (cos(angle), sin(angle))
    }
}

/// Normal equations of a few parameters, solved by Cholesky's method after scaling the diagonal to 1.
struct SymmetricEquations {
    private let count: Int
    private var matrix: [[Double]]
    private var right: [Double]

    init(count: Int) {
        self.count = count
        matrix = Array(repeating: Array(repeating: 0, count: count), count: count)
        right = Array(repeating: 0, count: count)
    }

    mutating func add(_ row: [Double], value: Double, weight: Double) {
        for i in 0..<count {
            for j in 0...i { matrix[i][j] += weight * row[i] * row[j] }
            right[i] += weight * row[i] * value
        }
    }

    /// nil where the matrix is singular.
    func solution() -> [Double]? {
        factor().map { solve($0.lower, right, $0.scales) }
    }

    /// Diagonal element of the inverse.
    func variance(of index: Int) -> Double? {
        var unit = [Double](repeating: 0, count: count)
        unit[index] = 1
        return factor().map { solve($0.lower, unit, $0.scales)[index] }
    }

    private func factor() -> (lower: [[Double]], scales: [Double])? {
        let scales = (0..<count).map { 1 / matrix[$0][$0].squareRoot() }
        guard scales.allSatisfy(\.isFinite) else { return nil }
        var lower = matrix
        for i in 0..<count {
            for j in 0...i {
                var sum = matrix[i][j] * scales[i] * scales[j]
                for k in 0..<j { sum -= lower[i][k] * lower[j][k] }
                if i == j {
                    guard sum > 1e-10 else { return nil }
                    lower[i][i] = sum.squareRoot()
                } else {
                    lower[i][j] = sum / lower[j][j]
                }
            }
        }
        return (lower, scales)
    }

    private func solve(_ lower: [[Double]], _ right: [Double], _ scales: [Double]) -> [Double] {
        var x = (0..<count).map { right[$0] * scales[$0] }
        for i in 0..<count {
            for k in 0..<i { x[i] -= lower[i][k] * x[k] }
            x[i] /= lower[i][i]
        }
        for i in (0..<count).reversed() {
            for k in (i + 1)..<max(count, i + 1) { x[i] -= lower[k][i] * x[k] }
            x[i] /= lower[i][i]
        }
        return (0..<count).map { x[$0] * scales[$0] }
    }
}
