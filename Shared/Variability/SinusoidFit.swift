internal import Glibc
internal import LinearAlgebra

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
        var linear = WeightedNormalEquations(count: 3)
        let rows = series.points.map { Self.terms($0, origin, frequency) }
        let reference = series.points[0].magnitude
        for (row, point) in zip(rows, series.points) {
            linear.add([1, row.cos, row.sin], value: point.magnitude - reference, weight: point.weight)
        }
        guard let solved = linear.solved()?.values else { return nil }
        let (c, a, b) = (solved[0], solved[1], solved[2])
        var full = WeightedNormalEquations(count: 4)
        var chiSquared = 0.0
        for (row, point) in zip(rows, series.points) {
            let slope = 2 * .pi * (point.timeDays - origin) * (b * row.cos - a * row.sin)
            let residual = point.magnitude - reference - c - a * row.cos - b * row.sin
            full.add([1, row.cos, row.sin, slope], value: residual, weight: point.weight)
            chiSquared += residual * residual * point.weight
        }
        guard let error = full.solved()?.factor.lastError else { return nil }
        self.frequency = frequency
        reducedChiSquared = chiSquared / Double(series.count - 4)
        frequencyError = error * max(1, reducedChiSquared).squareRoot()
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
