import Foundation
import PortableNumbers
import Testing
import Variability

@Suite("the search for a period")
struct PeriodSearchTests {
    private static func search(_ series: LightCurveSeries...) throws -> PeriodSearch {
        let periodogram = try #require(LombScargle(series))
        return try #require(PeriodSearch(periodogram))
    }

    @Test("the grid steps are a fifth of a peak's width, from the baseline to a tenth of a day")
    func grid() throws {
        let grid = try #require(FrequencyGrid(timesDays: (0...100).map { Double($0) * 1.1 }))
        #expect(isNear(grid.first, 1 / 110.0, relative: 1e-12) && isNear(grid.step, 1 / 550.0, relative: 1e-12))
        #expect(grid.last >= 10 && grid.last < 10.01)
        // One point a minute: down to two minutes.
        let quick = try #require(FrequencyGrid(timesDays: (0...200).map { Double($0) / 1440 }))
        #expect(abs(quick.last - 720) < 2)
        let asked = try #require(FrequencyGrid(timesDays: [0, 3, 50], shortestPeriodDays: 0.5, longestPeriodDays: 4))
        #expect(asked.first == 0.25 && asked.last >= 2 && asked.last < 2.01)
        let long = try #require(FrequencyGrid(timesDays: (0...900).map { Double($0) * 10 }, shortestPeriodDays: 1e-5))
        #expect(long.count == FrequencyGrid.largestCount)
    }

    @Test("the period is found within its error, and the error is honest")
    func pulls() throws {
        var squares = 0.0
        let trials = 100
        for seed in 0..<trials {
            let series = TestCurve.random(count: 120, days: 60, seed: UInt64(seed + 50)) {
                0.04 * sin(2 * .pi * $0 / 0.8137)
            }
            let search = try Self.search(series)
            let fit = try #require(SinusoidFit(series, frequency: search.best.frequency))
            let pull = (fit.periodDays - 0.8137) / fit.periodErrorDays
            #expect(abs(pull) < 5)
            squares += pull * pull
            #expect(try #require(search.falseAlarmProbability) < 1e-6)
        }
        // The variance of 100 pulls: 1 with a standard deviation of 0.14.
        #expect(abs(squares / Double(trials) - 1) < 0.5)
    }

    @Test("amplitude, mean and time of maximum are those of the sinusoid")
    func sinusoid() throws {
        let series = TestCurve.random(count: 400, days: 30, seed: 70, error: 0.001) {
            0.25 * cos(2 * .pi * ($0 - 0.3) / 2.5)
        }
        let fit = try #require(SinusoidFit(series, frequency: 0.4))
        #expect(abs(fit.semiAmplitude - 0.25) < 0.001 && abs(fit.meanMagnitude - 12) < 0.001)
        // Faintest at 0.3, brightest half a period later.
        let cycles = (fit.maximumTimeDays - (2_459_000 + 0.3 + 1.25)) / 2.5
        #expect(abs(cycles - cycles.rounded()) < 0.002)
        #expect(abs(fit.maximumTimeDays - 2_459_015) <= 1.3)
        #expect(abs(fit.reducedChiSquared - 1) < 0.3)
    }

    @Test("a star seen at night only has rivals a cycle per day away, named so")
    func aliases() throws {
        let series = TestCurve.random(count: 300, days: 40, seed: 71, nightly: true) {
            0.05 * sin(2 * .pi * $0 / 0.62)
        }
        let search = try Self.search(series)
        #expect(abs(search.best.periodDays - 0.62) < 0.001)
        let relations = search.rivals.compactMap(\.relation)
        #expect(relations.contains(.alias(cycles: 1, days: 1, of: 1)))
        #expect(relations.contains(.alias(cycles: -1, days: 1, of: 1)))
        #expect("\(PeriodRelation.alias(cycles: -1, days: 1, of: 1))" == "alias, one cycle per day less")
    }

    @Test("an eclipsing binary shows half its period, and the whole one is named beside it")
    func eclipses() throws {
        let series = TestCurve.random(count: 600, days: 70, seed: 72, error: 0.01) { time in
            let phase = time / 1.7 - (time / 1.7).rounded(.down)
            func eclipse(_ centre: Double, _ depth: Double) -> Double {
                depth * exp(-pow((phase - centre) / 0.05, 2) / 2)
            }
            return eclipse(0.25, 0.6) + eclipse(0.75, 0.45)
        }
        let search = try Self.search(series)
        #expect(abs(search.best.periodDays - 0.85) < 0.001)
        #expect(search.rivals.contains { $0.relation == .harmonic(2) && abs($0.periodDays - 0.425) < 0.001 })
        #expect(search.relatives.contains { $0.relation == .subharmonic(2) && abs($0.periodDays - 1.7) < 0.02 })
    }

    @Test("three filters together show a period that none of them shows alone")
    func filters() throws {
        let bands = (0..<3).map { band in
            TestCurve.random(count: 40, days: 50, seed: UInt64(80 + band), error: 0.04) {
                Double(band) + 0.035 * sin(2 * .pi * $0 / 0.9 + Double(band))
            }
        }
        let together = try Self.search(bands[0], bands[1], bands[2])
        #expect(abs(together.best.periodDays - 0.9) < 0.005)
        #expect(together.falseAlarmProbability == nil)
        #expect(together.bootstrapProbability(trials: 99) <= 0.03)
        let alone = try bands.map { try Self.search($0) }
        #expect(alone.contains { abs($0.best.periodDays - 0.9) > 0.005 })
    }

    @Test("the same light curve in another order gives the same bits")
    func deterministic() throws {
        var words = SplitMix64(seed: 90)
        let series = TestCurve.frozen
        let shuffled = LightCurveSeries(series.points.shuffled(using: &words))
        let (one, other) = (try Self.search(series), try Self.search(shuffled))
        #expect(one.powers == other.powers && one.best == other.best && one.rivals == other.rivals)
        #expect(one.bootstrapProbability(trials: 20) == other.bootstrapProbability(trials: 20))
    }

    @Test("a relation is named only where the light curve is long enough to tell")
    func relations() {
        #expect(PeriodRelation(of: 2.5, to: 1.25, resolution: 0.01) == .harmonic(2))
        #expect(PeriodRelation(of: 0.25, to: 1.25, resolution: 0.01) == .alias(cycles: -1, days: 1, of: 1))
        #expect(PeriodRelation(of: 0.75, to: 0.25, resolution: 0.01) == .harmonic(3))
        #expect(PeriodRelation(of: 0.7, to: 0.3, resolution: 0.01) == .alias(cycles: -1, days: 1, of: 1))
        #expect(PeriodRelation(of: 0.777, to: 1.25, resolution: 0.01) == nil)
        #expect(PeriodRelation(of: 2.25, to: 1.25, resolution: 0.9) == nil)
        #expect(
            PeriodRelation(of: 1.25 + 1 / 0.997_269_57, to: 1.25, resolution: 0.001)
                == .alias(cycles: 1, days: 0.997_269_57, of: 1))
    }
}
