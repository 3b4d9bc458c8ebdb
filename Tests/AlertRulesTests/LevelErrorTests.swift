import AlertRules
import PortableNumbers
import Testing

@Suite("The error of a level, and what it is compared with")
struct LevelErrorTests {
    private func points(_ magnitudes: [Double], error: Double, level: Double?, from first: Int = 0) -> [RulePoint] {
        var points = curve(magnitudes, from: first, error: error)
        for index in points.indices { points[index].levelError = level }
        return points
    }

    @Test("a change of two hundredths is seen in points good to four thousandths, however uncertain their level is")
    func change() throws {
        var noise = SplitMix64(seed: 3)
        let light = (0..<90).map { 11.3 + ($0 < 50 ? 0 : 0.02) + 0.004 * noise.gaussian() }
        for level in [nil, 0, 0.1] {
            let found = events(changedBy(2, .fainter, points: 6, outOf: 8), points(light, error: 0.004, level: level))
            try #require(found.count == 1, "level \(String(describing: level))")
            #expect(found[0].current.latest.levelError == level)
        }
        // The same errors, each point's own: nothing can be said.
        #expect(events(changedBy(2, .fainter, points: 6, outOf: 8), points(light, error: 0.1, level: nil)).isEmpty)
    }

    @Test("a threshold is passed with own and level's error together")
    func threshold() throws {
        let light = [10.5, 9.8, 9.8, 9.8]
        #expect(events(brighterThan(10), points(light, error: 0.02, level: 0.05)).count == 1)
        #expect(events(brighterThan(10), points(light, error: 0.02, level: 0.07)).isEmpty)
        #expect(events(brighterThan(10, sigma: 0), points(light, error: 0.02, level: 5)).count == 1)
        let found = try #require(events(brighterThan(10), points(light, error: 0.03, level: 0.04)).first)
        #expect(abs((found.current.evidence.significance ?? 0) - 0.2 / 0.05) < 1e-9)
        let rule = brighterThan(10)
        #expect(found.current.explanation(filter: "V", kind: rule.kind).hasPrefix("V 9.80 ± 0.05 mag, brighter than"))
        let explained = found.current.explanation(filter: "V", kind: changedBy(2).kind)
        #expect(explained.hasPrefix("V 9.80 ± 0.03 mag"))
    }

    @Test("a level's error that is no number is none")
    func hostile() {
        for level in [Double.nan, -1, .infinity] {
            #expect(events(brighterThan(10), points([10.5, 9.8, 9.8], error: 0.02, level: level)).count == 1)
        }
    }
}
