import Foundation
import PortableNumbers
import Testing

@testable import AlertRules

@Suite("The sliding baseline")
struct BaselineTests {
    private func plainLevel(_ values: [Double]) -> (Double, Double) {
        func median(_ list: [Double]) -> Double {
            let sorted = list.sorted()
            return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
        }
        let level = median(values)
        return (level, 1.4826 * median(values.map { abs($0 - level) }))
    }

    @Test("level and scatter equal those of sorting the window, ties and late points included")
    func againstSorting() {
        var noise = SplitMix64(seed: 9)
        var baseline = SlidingBaseline(window: BaselineWindow(windowDays: 20, minimumPoints: 5))
        var all: [(Double, Double)] = []
        for step in 0..<400 {
            let mjd = Double(step) - (step % 7 == 0 ? 3 : 0)
            let magnitude = step % 3 == 0 ? 12 : 12 + (noise.gaussian() * 10).rounded() / 10
            baseline.insert(mjd: mjd, magnitude: magnitude)
            all.append((mjd, magnitude))
            let inside = all.filter { $0.0 >= Double(step) - 20 }.map(\.1)
            guard let level = baseline.level(at: Double(step)) else {
                #expect(inside.count < 5)
                continue
            }
            let (magnitudeTruth, sigmaTruth) = plainLevel(inside)
            #expect(level.count == inside.count)
            #expect(level.magnitude == magnitudeTruth)
            #expect(abs(level.sigma - sigmaTruth) < 1e-12)
        }
    }

    @Test("ten thousand points take milliseconds")
    func cost() {
        var noise = SplitMix64(seed: 2)
        let points = (0..<10_000).map { point($0, 12 + 0.02 * noise.gaussian()) }
        for rule in [changedBy(5), brighterThan(9)] {
            let start = ContinuousClock.now
            #expect(events(rule, points).isEmpty)
            let elapsed = ContinuousClock.now - start
            print("10000 points, rule \(rule.id): \(elapsed)")
            #expect(elapsed < .seconds(2), "a debug build on a busy machine; 50 ms in release")
        }
    }
}
