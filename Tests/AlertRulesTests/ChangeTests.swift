import AlertRules
import PortableNumbers
import Testing

@Suite("Departures from a baseline, and slopes")
struct ChangeTests {
    private func quiet(_ count: Int, _ level: Double = 12, sigma: Double = 0.02, seed: UInt64 = 1) -> [Double] {
        var noise = SplitMix64(seed: seed)
        return (0..<count).map { _ in level + sigma * noise.gaussian() }
    }

    @Test("a nova that brightens by five magnitudes is one event, seen from both instruments")
    func nova() throws {
        var noise = SplitMix64(seed: 7)
        let points = (0..<80).map { index in
            let east = index % 2 == 0
            let level = (index < 50 ? 14.0 : 9.0) + (east ? 0 : 0.15)
            return point(index, level + 0.02 * noise.gaussian(), instrument: east ? "east" : "west")
        }
        for rule in [changedBy(5), changedBy(5, .brighter), brighterThan(10)] {
            let found = events(rule, points)
            try #require(found.count == 1)
            #expect(found[0].identity.firstMeasurementKey == "frame50")
            #expect(found[0].current.departure == .brighter)
        }
        #expect(events(changedBy(5, .fainter), points).isEmpty)
        #expect(events(changedBy(5), Array(points.prefix(50))).isEmpty)
        let evidence = try #require(events(changedBy(5), points).first).current.evidence
        #expect(abs(try #require(evidence.baselineMagnitude) - 14.15) < 0.02, "the confirming point is the west's")
    }

    @Test("an offset between two instruments is not a change")
    func instrumentOffset() {
        let east = quiet(30).enumerated().map { point($0.offset, $0.element) }
        let west = quiet(30, 12.5).enumerated().map { point(30 + $0.offset, $0.element, instrument: "west") }
        #expect(events(changedBy(4), east + west).isEmpty)
    }

    @Test("too few points are no baseline")
    func minimumPoints() {
        #expect(events(changedBy(3), curve(quiet(9) + [8])).isEmpty)
        #expect(events(changedBy(3), curve(quiet(10) + [8, 8])).count == 1)
    }

    @Test("points in alert are left out of the baseline, so that a long event ends when the target is back")
    func leftOut() throws {
        let light = quiet(30) + quiet(200, 10) + quiet(30)
        let found = events(changedBy(5), curve(light))
        try #require(found.count == 1, "the return to normal is not a fading")
        #expect(found[0].current.state == .ended)
        #expect(found[0].current.latest.measurementKey == "frame231")
        let kept = events(changedBy(5, excludeInAlert: false), curve(light))
        #expect(kept.count > 1 || kept[0].current.latest.measurementKey != "frame231")
    }

    @Test("a brightening that turns into a fading is two events")
    func bothWays() throws {
        let found = events(changedBy(5), curve(quiet(30) + quiet(10, 10) + quiet(10, 14) + quiet(10)))
        try #require(found.count == 2)
        #expect(found.map(\.current.departure) == [.brighter, .fainter])
        #expect(found.map(\.current.state) == [.ended, .ended])
    }

    @Test("a baseline of equal magnitudes has no scatter, and the points' own errors decide")
    func noScatter() {
        let flat = Array(repeating: 12.0, count: 20)
        #expect(events(changedBy(5), curve(flat + [11.92, 11.92])).isEmpty)
        #expect(events(changedBy(5), curve(flat + [11.88, 11.88])).count == 1)
        let bare = (flat + [11, 11]).enumerated().map { point($0.offset, $0.element, error: nil) }
        #expect(events(changedBy(5), bare).isEmpty, "without any error nothing can be said")
    }

    @Test("a small but significant change is no alert below minimumMagnitudes")
    func minimumMagnitudes() {
        var rule = changedBy(5)
        let light = curve(quiet(30, sigma: 0.001) + [11.95, 11.95], error: 0.001)
        #expect(events(rule, light).count == 1)
        rule.kind = .changedBy(Change(sigma: 5, minimumMagnitudes: 0.1))
        #expect(events(rule, light).isEmpty)
    }

    @Test("a cloud that dims every point of ten minutes alike does not pass for an eclipse of an hour")
    func clouds() {
        let cloud = curve(quiet(60) + quiet(10, 12.4) + quiet(60))
        let eclipse = curve(quiet(60) + quiet(60, 12.4) + quiet(60))
        var rule = changedBy(5, .fainter)
        #expect(events(rule, cloud).count == 1, "honest errors alone do not help: the points are wrong together")
        rule.confirmation.minimumSpanMinutes = 20
        #expect(events(rule, cloud).isEmpty)
        #expect(events(rule, eclipse).count == 1)
        #expect(events(rule, eclipse)[0].identity.firstMeasurementKey == "frame60")
        var floor = changedBy(5, .fainter)
        floor.systematicMagnitudes = 0.1
        #expect(events(floor, cloud).isEmpty)
        var two = changedBy(5, .fainter)
        two.confirmation.minimumInstruments = 2
        #expect(events(two, eclipse).isEmpty, "no other site confirms it")
    }

    @Test("a linear rise is found when faster than the rate, beyond the error of the slope")
    func rise() throws {
        func rule(_ rate: Double) -> RuleDocument {
            RuleDocument(
                id: "rise", name: "rise", revision: 1, target: "*",
                kind: .risingFasterThan(Rise(magnitudesPerDay: rate, minimumPoints: 5, windowHours: 2)),
                systematicMagnitudes: 0)
        }
        var noise = SplitMix64(seed: 3)
        let light = (0..<120).map { 12 - 4 * Double($0) / 1440 + 0.005 * noise.gaussian() }
        let found = events(rule(2), curve(light, error: 0.005))
        try #require(found.count == 1)
        let evidence = found[0].current.evidence
        let slope = try #require(evidence.magnitudesPerDay)
        let error = try #require(evidence.magnitudesPerDayError)
        #expect(abs(slope - 4) < 4 * error)
        #expect(events(rule(6), curve(light, error: 0.005)).isEmpty)
        #expect(events(rule(2), curve(light.map { 24 - $0 }, error: 0.005)).isEmpty, "a fading is no rise")
        #expect(events(rule(2), curve(light.map { 24 - $0 } + light, error: 0.005)).count == 1)
        #expect(events(rule(2), (0..<10).map { point($0, 12, minutes: 0) }).isEmpty, "no spread in time")
    }
}
