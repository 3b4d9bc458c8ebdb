import AlertRules
import Foundation
import PortableNumbers
import Testing

/// Upper tail of the normal distribution.
private func tail(_ z: Double) -> Double { 0.5 * erfc(z / 2.0.squareRoot()) }

@Suite("False alarms on Gaussian noise")
struct FalseAlarmTests {
    private func noise(_ count: Int, seed: UInt64) -> [RulePoint] {
        var noise = SplitMix64(seed: seed)
        return (0..<count).map { point($0, 12 + 0.02 * noise.gaussian()) }
    }

    @Test("a star exactly at the threshold fires at the rate of n of m tail probabilities")
    func threshold() {
        let count = 40_000
        let light = noise(count, seed: 11)
        let p = tail(2)
        let once = events(brighterThan(12, sigma: 2, points: 1, outOf: 1, clear: 12), light).count
        #expect(abs(Double(once) / Double(count) / p - 1) < 0.15)
        // An event begins with a point that meets the condition when one of the two before it did.
        let twice = events(brighterThan(12, sigma: 2, points: 2, outOf: 3, clear: 12), light).count
        #expect(abs(Double(twice) / Double(count) / (2 * p * p) - 1) < 0.35)
        #expect(events(brighterThan(12, sigma: 3, points: 2, outOf: 3, clear: 12), light).count <= 1)
    }

    @Test("baseline scatter and point error in quadrature make k sigma a tail of about 1.4 k")
    func change() {
        let count = 40_000
        let light = noise(count, seed: 12)
        let once = events(changedBy(2, points: 1, outOf: 1), light).count
        let expected = 2 * tail(2 * 2.0.squareRoot()) * Double(count)
        #expect(Double(once) > 0.7 * expected && Double(once) < 1.3 * expected)
        #expect(events(changedBy(3), light).isEmpty)
    }

    @Test("over many short baselines 3 sigma, 2 of 3 raises nothing")
    func shortBaselines() {
        let alarms = (0..<200).reduce(0) { sum, star in
            sum + events(changedBy(3), noise(60, seed: 1000 + UInt64(star))).count
        }
        #expect(alarms == 0)
    }
}
