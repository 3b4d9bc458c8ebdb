import Foundation
import PortableNumbers
import Testing
import Variability

@Suite("moments that are kept instead of points")
struct VariabilityMomentsTests {
    /// The moments by their definitions, in two passes.
    private struct Direct {
        let mean, weightedMean, chiSquared, secondMoment, thirdMoment, squaredSteps: Double

        init(_ points: [MagnitudePoint]) {
            let m = points.map(\.magnitude)
            let w = points.map { 1 / ($0.error * $0.error) }
            let mean = m.reduce(0, +) / Double(m.count)
            let weighted = zip(m, w).reduce(0) { $0 + $1.0 * $1.1 } / w.reduce(0, +)
            self.mean = mean
            weightedMean = weighted
            chiSquared = zip(m, w).reduce(0) { $0 + ($1.0 - weighted) * ($1.0 - weighted) * $1.1 }
            secondMoment = m.reduce(0) { $0 + pow($1 - mean, 2) }
            thirdMoment = m.reduce(0) { $0 + pow($1 - mean, 3) }
            squaredSteps = zip(m.dropFirst(), m).reduce(0) { $0 + pow($1.0 - $1.1, 2) }
        }
    }

    private func agree(_ moments: VariabilityMoments, _ points: [MagnitudePoint], tolerance: Double = 1e-11) {
        let direct = Direct(points)
        let scatter = (direct.secondMoment / Double(points.count)).squareRoot()
        #expect(moments.count == points.count)
        #expect(abs(moments.mean - direct.mean) < tolerance * scatter)
        #expect(abs(moments.weightedMean - direct.weightedMean) < tolerance * scatter)
        #expect(isNear(moments.chiSquared, direct.chiSquared, relative: tolerance))
        #expect(isNear(moments.secondMoment, direct.secondMoment, relative: tolerance))
        #expect(
            abs(moments.thirdMoment - direct.thirdMoment) < tolerance * pow(scatter, 3) * Double(points.count))
        #expect(isNear(moments.squaredSteps, direct.squaredSteps, relative: tolerance))
    }

    @Test("points that come in order add up to the definitions")
    func inOrder() {
        let series = TestCurve.random(count: 5000, days: 300, seed: 1) { 0.3 * sin($0) * sin($0) }
        agree(VariabilityMoments(series), series.points)
    }

    @Test("points that come in any order, with their neighbours named, make the same moments")
    func anyOrder() {
        var words = SplitMix64(seed: 5)
        let series = TestCurve.random(count: 300, days: 30, seed: 2) { 0.1 * cos($0) }
        var kept: [MagnitudePoint] = []
        var moments = VariabilityMoments()
        for point in series.points.shuffled(using: &words) {
            let place = kept.firstIndex { $0.timeDays > point.timeDays } ?? kept.count
            let next = place < kept.count ? kept[place] : nil
            moments.add(point, after: place > 0 ? kept[place - 1] : nil, before: next)
            kept.insert(point, at: place)
        }
        #expect(kept == series.points)
        agree(moments, series.points)
    }

    @Test("a point that is superseded leaves no trace")
    func removal() {
        var kept = TestCurve.random(count: 200, days: 30, seed: 3) { 0.1 * cos($0) }.points
        var moments = VariabilityMoments(LightCurveSeries(kept))
        for place in [199, 0, 77, 30, 30, 100, 0] {
            let point = kept.remove(at: place)
            let before = place > 0 ? kept[place - 1] : nil
            let removed = moments.remove(point, after: before, before: place < kept.count ? kept[place] : nil)
            #expect(removed)
        }
        agree(moments, kept, tolerance: 1e-10)
        while let last = kept.popLast() { moments.remove(last, after: kept.last, before: nil) }
        #expect(moments == VariabilityMoments())
        let removed = moments.remove(MagnitudePoint(timeDays: 1, magnitude: 1, error: 1), after: nil, before: nil)
        #expect(!removed)
    }

    @Test("what is stored and read again goes on where it was")
    func stored() throws {
        let series = TestCurve.frozen
        var half = VariabilityMoments(LightCurveSeries(Array(series.points.prefix(60))))
        half = try JSONDecoder().decode(VariabilityMoments.self, from: JSONEncoder().encode(half))
        for index in 60..<120 { half.add(series.points[index], after: series.points[index - 1], before: nil) }
        #expect(half == VariabilityMoments(series))
    }

    @Test("mean, chi^2, skewness, scatter and von Neumann's ratio are those of scipy and numpy")
    func peers() {
        let moments = VariabilityMoments(TestCurve.frozen)
        #expect(isNear(moments.weightedMean, 11.997464510145884, relative: 1e-14))
        #expect(isNear(moments.weightedMeanError, 0.002899400720842348, relative: 1e-13))
        #expect(isNear(moments.chiSquared, 737.1543677355596, relative: 1e-11))
        #expect(isNear(moments.reducedChiSquared, 737.1543677355596 / 119, relative: 1e-11))
        #expect(isNear(moments.chiSquaredProbability, 7.762400632020463e-90, relative: 1e-9))
        #expect(isNear(moments.skewness, 0.08099653981307396, relative: 1e-10))
        #expect(isNear(moments.standardDeviation, 0.07940994085283297, relative: 1e-11))
        #expect(isNear(moments.vonNeumannRatio, 2.082305133818296, relative: 1e-11))
    }

    @Test(
        "the probability of chi^2 is scipy's",
        arguments: [
            (1.0, 1, 0.31731050786291115), (100, 119, 0.8961968945761918), (119, 119, 0.482758726082452),
            (200, 119, 4.826999098069447e-06), (400, 119, 4.412775145242542e-32), (5000, 3, 0), (1e-3, 10, 1),
            (3.3, 7, 0.8559330472514932), (10500, 10000, 0.00024794736798933033), (0, 5, 1), (-3, 5, 1),
            (.infinity, 5, 0),
        ])
    func probability(chiSquared: Double, freedom: Int, wanted: Double) {
        let found = ChiSquared.probability(of: chiSquared, degreesOfFreedom: freedom)
        #expect(isNear(found, wanted, relative: 1e-9))
    }

    @Test("von Neumann's ratio is 2 for noise, near 0 for a smooth curve, 4 for one that alternates")
    func ratios() throws {
        let noise = TestCurve.random(count: 4000, days: 100, seed: 4) { _ in 0 }
        let smooth = TestCurve.random(count: 4000, days: 100, seed: 4, error: 0.001) { sin($0 / 5) }
        let comb = LightCurveSeries(
            (0..<1000).map { MagnitudePoint(timeDays: Double($0), magnitude: Double($0 % 2), error: 0.1) })
        #expect(abs(try #require(VariabilityMoments(noise).vonNeumannRatio) - 2) < 0.15)
        #expect(try #require(VariabilityMoments(smooth).vonNeumannRatio) < 0.01)
        #expect(isNear(VariabilityMoments(comb).vonNeumannRatio, 999 / 250, relative: 1e-9))
    }

    @Test("points that cannot be used change nothing, and statistics without enough points are not given")
    func hostile() {
        var moments = VariabilityMoments()
        let bad = [
            MagnitudePoint(timeDays: .nan, magnitude: 1, error: 1),
            MagnitudePoint(timeDays: 1, magnitude: .nan, error: 1),
            MagnitudePoint(timeDays: 1, magnitude: .infinity, error: 1),
            MagnitudePoint(timeDays: 1, magnitude: 1, error: 0),
            MagnitudePoint(timeDays: 1, magnitude: 1, error: -1),
            MagnitudePoint(timeDays: 1, magnitude: 1, error: .nan),
            MagnitudePoint(timeDays: 1, magnitude: 1e300, error: 1),
            MagnitudePoint(timeDays: 1, magnitude: 1, error: 1e-300),
        ]
        let added = bad.map { moments.add($0, after: nil, before: nil) }
        #expect(!added.contains(true))
        #expect(moments == VariabilityMoments())
        #expect(LightCurveSeries(bad).unusableCount == bad.count)
        #expect(moments.weightedMeanError == nil && moments.reducedChiSquared == nil)
        moments.add(MagnitudePoint(timeDays: 1, magnitude: 12, error: 0.1), after: nil, before: nil)
        #expect(moments.weightedMean == 12 && moments.chiSquared == 0)
        #expect(moments.chiSquaredProbability == nil && moments.skewness == nil && moments.vonNeumannRatio == nil)
    }
}
