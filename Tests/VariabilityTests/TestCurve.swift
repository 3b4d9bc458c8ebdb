import Foundation
import PortableNumbers
import Variability

/// Light curves that Python makes just as well: fractions of multiples of irrational numbers instead of random ones.
enum TestCurve {
    private static func fraction(_ x: Double) -> Double { x - x.rounded(.down) }

    /// 120 points over 108 days, a sinusoid of 0.7342 d under evenly spread noise. The peers' numbers in the tests are
    /// for this curve: astropy 8.0.2, scipy and numpy of the same environment, made by the formulas below.
    static let frozen = LightCurveSeries(
        (0..<120).map { index in
            let i = Double(index)
            let time = 0.9 * i + 0.4 * fraction(i * 0.6180339887498949)
            return MagnitudePoint(
                timeDays: time,
                magnitude: 12 + 0.05 * cos(2 * .pi * time / 0.7342) + 0.25 * (fraction(i * 0.7548776662466927) - 0.5),
                error: 0.02 + 0.03 * fraction(i * 0.5698402909980532))
        })

    /// Points at even-handed random times, Gaussian noise of the quoted errors on a shape of the phase.
    static func random(
        count: Int, days: Double, seed: UInt64, error: Double = 0.02, nightly: Bool = false,
        shape: (Double) -> Double
    ) -> LightCurveSeries {
        var words = SplitMix64(seed: seed)
        return LightCurveSeries(
            (0..<count).map { _ in
                var time = words.uniform() * days
                if nightly { time = time.rounded(.down) + 0.3 * words.uniform() }
                let own = error * (0.5 + words.uniform())
                return MagnitudePoint(
                    timeDays: 2_459_000 + time, magnitude: 12 + shape(time) + own * words.gaussian(), error: own)
            })
    }
}

func isNear(_ value: Double?, _ wanted: Double, relative: Double) -> Bool {
    guard let value else { return false }
    return abs(value - wanted) <= relative * abs(wanted)
}
