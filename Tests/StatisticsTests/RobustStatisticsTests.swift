import PortableNumbers
import Statistics
import Testing

@Suite("Robust statistics")
struct RobustStatisticsTests {
    private static func sorted(_ values: [Double]) -> Double? {
        let values = values.sorted()
        guard !values.isEmpty else { return nil }
        return (values[(values.count - 1) / 2] + values[values.count / 2]) / 2
    }

    @Test("the middle of all orders of seven values and of six, equal ones among them")
    func permutations() {
        for values in [[1.0, 2, 2, 3, 5, 8, 13], [1, 1, 4, 4, 6, 9], [7, 7, 7, 7]] {
            var order = values
            func permute(_ first: Int) {
                if first == order.count {
                    #expect(RobustStatistics.median(order) == Self.sorted(values))
                    #expect(RobustStatistics.upperMedian(order) == values[values.count / 2])
                    return
                }
                for index in first..<order.count {
                    order.swapAt(first, index)
                    permute(first + 1)
                    order.swapAt(first, index)
                }
            }
            permute(0)
        }
    }

    @Test("long lists: random, in order, against it, with few different values, like an organ pipe")
    func long() {
        var random = SplitMix64(seed: 3)
        for count in [1, 2, 3, 100, 1001, 20_000] {
            let values = (0..<count).map { _ in Double(random.next() >> 40) }
            let lists = [
                values, values.sorted(), values.sorted(by: >), values.map { $0.truncatingRemainder(dividingBy: 3) },
                (0..<count).map { Double(min($0, count - $0)) }, values.map { -$0 },
            ]
            for list in lists {
                #expect(RobustStatistics.median(list) == Self.sorted(list))
                #expect(RobustStatistics.upperMedian(list) == list.sorted()[count / 2])
                #expect(RobustStatistics.upperMedian(list.map { Float($0) }) == Float(list.sorted()[count / 2]))
            }
        }
    }

    @Test("of nothing there is none, NaN is nothing, and infinities are numbers like others")
    func edges() {
        for nothing in [[], [Double.nan], [.nan, .nan]] {
            #expect(RobustStatistics.median(nothing) == nil && RobustStatistics.upperMedian(nothing) == nil)
            #expect(RobustStatistics.sigma(nothing) == nil && RobustStatistics.sigma(nothing, about: 1) == nil)
            #expect(RobustStatistics.medianAbsoluteDeviation(nothing, about: 1) == nil)
        }
        #expect(RobustStatistics.upperMedian([Float.nan]) == nil && RobustStatistics.upperMedian([Float]()) == nil)
        #expect(RobustStatistics.median([.infinity]) == .infinity && RobustStatistics.median([1, .infinity, 2]) == 2)
        #expect(RobustStatistics.median([-.infinity, 0, 4, .infinity]) == 2)
        #expect(RobustStatistics.median([.nan, 7, .nan, 9, 8]) == 8)
        #expect(RobustStatistics.upperMedian([Double.nan, 7, 9]) == 9)
        #expect(RobustStatistics.sigma([5]) == 0 && RobustStatistics.sigma([5, 5, 5, 1e300]) == 0)
        #expect(RobustStatistics.sigma([1, 2, 4], about: 1) == 1.4826)
        #expect(RobustStatistics.medianAbsoluteDeviation([1, -3, 4, .nan], about: 1) == 3)
    }

    @Test("the robust sigma of a Gaussian is its sigma, wild values or not")
    func sigma() throws {
        var random = SplitMix64(seed: 3)
        var values = (0..<20_000).map { _ in 4 + 2 * random.gaussian() }
        #expect(abs(try #require(RobustStatistics.sigma(values)) - 2) < 0.05)
        values += [Double](repeating: 1e6, count: 200)
        #expect(abs(try #require(RobustStatistics.sigma(values)) - 2) < 0.08)
    }

    @Test("percentiles lie linearly between the values")
    func percentiles() {
        let values = [1.0, 2, 4, 8, 16]
        let expected = [(0.0, 1.0), (25, 2), (37.5, 3), (50, 4), (90, 12.8), (100, 16), (-5, 1), (200, 16)]
        for (percent, value) in expected {
            #expect(abs((RobustStatistics.percentile(percent, ofSorted: values) ?? .nan) - value) < 1e-12)
        }
        #expect(RobustStatistics.percentile(50, ofSorted: []) == nil)
        #expect(RobustStatistics.percentile(.nan, ofSorted: values) == nil)
        #expect(RobustStatistics.percentile(75, ofSorted: [3]) == 3)
    }

    @Test("the weighted mean and its error follow from the weights")
    func weightedMean() throws {
        let mean = try #require(WeightedMean([1, 3, .nan, 9], errors: [1, 1, 1, 0]))
        #expect(mean.mean == 2)
        #expect(abs(mean.error - 0.5.squareRoot()) < 1e-12)
        #expect(abs(mean.reducedChiSquared - 2) < 1e-12)
        #expect(WeightedMean([], errors: []) == nil && WeightedMean([1], errors: [.nan]) == nil)
        #expect(WeightedMean([4], errors: [0.5]).map { [$0.mean, $0.error, $0.reducedChiSquared] } == [4, 0.5, 0])
    }
}
