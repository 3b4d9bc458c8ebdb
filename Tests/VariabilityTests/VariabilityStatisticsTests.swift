import Foundation
import PortableNumbers
import Testing
import Variability

@Suite("statistics of a light curve")
struct VariabilityStatisticsTests {
    private static func series(_ magnitudes: [Double], days: Double = 1, error: Double = 0.1) -> LightCurveSeries {
        LightCurveSeries(
            magnitudes.enumerated().map {
                MagnitudePoint(timeDays: Double($0.offset) * days, magnitude: $0.element, error: error)
            })
    }

    @Test("median, robust scatter and percentiles are numpy's and scipy's")
    func peers() throws {
        let made = try #require(VariabilityStatistics(TestCurve.frozen))
        #expect(isNear(made.median, 11.993704770369817, relative: 1e-14))
        #expect(isNear(made.robustScatter, 0.09159228719335942, relative: 1e-11))
        #expect(isNear(made.percentile(5), 11.87845307, relative: 1e-9))
        #expect(isNear(made.percentile(97.5), 12.13309805, relative: 1e-9))
        #expect(abs(made.amplitude(5) - (12.13117294 - 11.87845307)) < 2e-8)
        #expect(abs(made.amplitude(25) - (12.06696898 - 11.93815041)) < 2e-8)
        #expect(made.percentile(0) == TestCurve.frozen.points.map(\.magnitude).min())
        #expect(made.percentile(100) == TestCurve.frozen.points.map(\.magnitude).max())
    }

    @Test("the robust scatter is the median of the deviations, for any number of points and with ties")
    func deviations() throws {
        var words = SplitMix64(seed: 8)
        for count in 1...40 {
            let values = (0..<count).map { _ in (words.gaussian() * 4).rounded() / 4 }
            let made = try #require(VariabilityStatistics(Self.series(values)))
            let deviations = values.map { abs($0 - made.median) }.sorted()
            let wanted = 0.5 * (deviations[(count - 1) / 2] + deviations[count / 2])
            #expect(abs(made.robustScatter - 1.4826 * wanted) < 1e-12)
        }
    }

    @Test("one wild point hardly moves the robust scatter")
    func robust() throws {
        var words = SplitMix64(seed: 9)
        let values = (0..<1000).map { _ in 0.05 * words.gaussian() }
        let made = try #require(VariabilityStatistics(Self.series(values + [9])))
        #expect(abs(made.robustScatter - 0.05) < 0.004)
    }

    @Test("J of three points, a pair and one alone, is what the formula gives by hand")
    func byHand() throws {
        // Equal errors of 1 and small deviations: the mean is 2 to 1e-6, delta = (3/2)^1/2 (m - 2).
        let points = [(0.0, 1.999), (0.01, 1.999), (5.0, 2.002)].map {
            MagnitudePoint(timeDays: $0.0, magnitude: $0.1, error: 1)
        }
        let made = try #require(StetsonIndices(LightCurveSeries(points)))
        let delta = 1.5.squareRoot() * 0.001
        let alone = -(1 - 4 * delta * delta).squareRoot()
        #expect(made.pairCount == 1)
        #expect(abs(made.mean - 2) < 1e-8)
        #expect(abs(made.j - (delta + 0.5 * alone) / 1.5) < 1e-8)
        #expect(abs(made.k - (4 * delta / 3) / (6 * delta * delta / 3).squareRoot()) < 1e-5)
    }

    @Test("pairs are neighbours within the limit, and no point is in two of them")
    func pairs() throws {
        let times = [0, 0.01, 0.02, 0.03, 0.04, 1, 2, 2.0208, 3, 3.0209]
        let series = LightCurveSeries(times.map { MagnitudePoint(timeDays: $0, magnitude: 12 + $0, error: 0.1) })
        // (0, 0.01), (0.02, 0.03), 0.04 alone, 1 alone, a pair 29.95 minutes apart, two alone 30.1 minutes apart.
        #expect(try #require(StetsonIndices(series)).pairCount == 3)
        #expect(try #require(StetsonIndices(series, pairDays: 10)).pairCount == 5)
        #expect(try #require(StetsonIndices(series, pairDays: 0.001)).pairCount == 0)
    }

    @Test("noise has J near 0 and K of a Gaussian, a sinusoid has a high J and its own K, one outlier a low K")
    func kinds() throws {
        func pairs(_ shape: (Double) -> Double, error: Double) -> LightCurveSeries {
            var words = SplitMix64(seed: 11)
            return LightCurveSeries(
                (0..<2000).map { index in
                    let time = Double(index / 2) * 0.377 + Double(index % 2) * 0.005
                    return MagnitudePoint(
                        timeDays: time, magnitude: 12 + shape(time) + error * words.gaussian(), error: error)
                })
        }
        let noise = try #require(StetsonIndices(pairs({ _ in 0 }, error: 0.02)))
        #expect(noise.pairCount == 1000 && abs(noise.j) < 0.08 && abs(noise.k - 0.798) < 0.02)
        let sinusoid = try #require(StetsonIndices(pairs({ sin(2 * .pi * $0 / 3.3) }, error: 0.01)))
        #expect(sinusoid.j > 50 && abs(sinusoid.k - 0.900) < 0.01)
        let outlier = try #require(StetsonIndices(pairs({ $0 == 0 ? 5 : 0 }, error: 0.02)))
        #expect(outlier.k < 0.2)
        #expect(abs(outlier.mean - 12) < 0.002)
    }

    @Test("a constant light curve has no scatter, and no points have no statistics")
    func constant() throws {
        let made = try #require(VariabilityStatistics(Self.series([12, 12, 12, 12])))
        #expect(made.robustScatter == 0 && made.amplitude(5) == 0 && made.moments.chiSquared == 0)
        #expect(made.moments.chiSquaredProbability == 1 && made.moments.vonNeumannRatio == nil)
        #expect(made.stetson?.k == 0)
        #expect(VariabilityStatistics(LightCurveSeries([])) == nil)
        #expect(VariabilityStatistics(Self.series([12]))?.stetson == nil)
    }
}
