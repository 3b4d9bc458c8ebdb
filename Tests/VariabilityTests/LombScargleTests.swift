import Foundation
import PortableNumbers
import Testing
import Variability

@Suite("the generalised Lomb-Scargle periodogram")
struct LombScargleTests {
    /// LombScargle(t, y, e).power(f) of astropy 8.0.2, floating mean, standard normalisation.
    static let astropy = [
        (0.01, 0.0003311271094286723), (0.2, 0.030281076016484016), (0.5, 0.004783199236538053),
        (1.0, 0.010625972764627166), (1.362026695723236, 0.13295801924957765), (2.718281828, 0.009187032031300972),
        (9.99, 0.014244306425756584),
    ]

    @Test("power is astropy's", arguments: astropy)
    func peer(frequency: Double, wanted: Double) throws {
        let periodogram = try #require(LombScargle(TestCurve.frozen))
        #expect(abs(periodogram.power(at: frequency) - wanted) < 1e-12)
        let grid = try #require(FrequencyGrid(first: frequency, step: 0.001, count: 3))
        #expect(abs(periodogram.power(on: grid)[0] - wanted) < 1e-12)
    }

    @Test("power on a grid is the power at its frequencies, with one filter and with three, for odd and even lengths")
    func grids() throws {
        let curves = (0..<3).map { band in
            TestCurve.random(count: 150 + 50 * band, days: 900, seed: UInt64(20 + band)) { 0.03 * sin($0 / 0.3) }
        }
        for (series, count) in [([curves[0]], 4001), (curves, 1000), (curves, 1)] {
            let periodogram = try #require(LombScargle(series))
            let grid = try #require(FrequencyGrid(first: 0.0007, step: 0.00031, count: count))
            let powers = periodogram.power(on: grid)
            #expect(powers.count == count)
            let worst = (0..<count).map { abs(powers[$0] - periodogram.power(at: grid.frequency($0))) }.max()
            #expect(try #require(worst) < 1e-11)
        }
    }

    @Test("power is the share of chi^2 that the best sinusoid with a mean explains")
    func definition() throws {
        let series = TestCurve.random(count: 40, days: 20, seed: 31) { 0.05 * cos($0) }
        let periodogram = try #require(LombScargle(series))
        for frequency in [0.05, 0.159, 0.8, 3.3] {
            let fit = try #require(SinusoidFit(series, frequency: frequency))
            let chiSquared = fit.reducedChiSquared * Double(series.count - 4)
            let share = 1 - chiSquared / VariabilityMoments(series).chiSquared
            #expect(abs(periodogram.power(at: frequency) - share) < 1e-10)
        }
    }

    @Test("a noiseless sinusoid is explained wholly, whatever its mean, errors and the gaps of its nights")
    func whole() throws {
        let series = LightCurveSeries(
            TestCurve.random(count: 60, days: 40, seed: 32, nightly: true) { _ in 0 }.points.map {
                let phase = 2 * .pi * ($0.timeDays - 2_459_000) / 1.003
                return MagnitudePoint(timeDays: $0.timeDays, magnitude: -7 + 0.2 * sin(phase), error: $0.error)
            })
        #expect(abs(try #require(LombScargle(series)).power(at: 1 / 1.003) - 1) < 1e-9)
    }

    @Test("Baluev's false-alarm probability is astropy's")
    func baluev() throws {
        let periodogram = try #require(LombScargle(TestCurve.frozen))
        for (power, wanted) in [
            (0.05, 1), (0.15, 0.2302145367920794), (0.3, 4.759575451629078e-06),
            (0.4883412855098811, 7.736057355146982e-14),
        ] {
            let found = FalseAlarm.baluev(power: power, periodogram: periodogram, bandwidth: 10)
            #expect(isNear(found, wanted, relative: 1e-8))
        }
        #expect(FalseAlarm.baluev(power: 1, periodogram: periodogram, bandwidth: 10) == 0)
    }

    @Test("of noise, as many light curves seem periodic as the false-alarm probability says")
    func calibration() throws {
        var alarms = (baluev: 0, bootstrap: 0)
        for seed in 0..<200 {
            let noise = TestCurve.random(count: 60, days: 50, seed: UInt64(1000 + seed)) { _ in 0 }
            let periodogram = try #require(LombScargle(noise))
            let search = try #require(PeriodSearch(periodogram, rivalCount: 0))
            if try #require(search.falseAlarmProbability) < 0.1 { alarms.baluev += 1 }
            if seed < 100, search.bootstrapProbability(trials: 39) <= 0.1 { alarms.bootstrap += 1 }
        }
        // Expected at most 20 (an upper bound) of 200, and 10 of 100; four standard deviations.
        #expect(alarms.baluev <= 37 && alarms.baluev >= 3)
        #expect(alarms.bootstrap <= 22)
    }

    @Test("what has no scatter, too few points or one time has no periodogram")
    func hostile() {
        func same(_ times: [Double], _ magnitude: (Double) -> Double) -> LightCurveSeries {
            LightCurveSeries(times.map { MagnitudePoint(timeDays: $0, magnitude: magnitude($0), error: 0.1) })
        }
        let ten = (0..<10).map(Double.init)
        #expect(LombScargle(LightCurveSeries([])) == nil)
        #expect(LombScargle(same(ten) { _ in 12.3 }) == nil)
        #expect(LombScargle(same([1, 2, 3, 4]) { $0 }) == nil)
        #expect(LombScargle(same([5, 5, 5, 5, 5, 5]) { $0 }) == nil)
        // An even sampling: sine and cosine are one at half the sampling rate, and constant at the rate itself.
        let even = LombScargle(same(ten) { sin($0) })
        #expect(even?.power(at: 0.5) == 0 && even?.power(at: 1) == 0)
        #expect(FrequencyGrid(first: 0, step: 1, count: 10) == nil)
        #expect(FrequencyGrid(first: 1, step: 1, count: 3_000_000) == nil)
        #expect(FrequencyGrid(first: .nan, step: 1, count: 3) == nil)
        #expect(FrequencyGrid(timesDays: [1, .nan]) == nil)
    }
}
