import AlertRules
import Testing

@Suite("Events in a light curve")
struct EvaluationTests {
    @Test("a target that becomes brighter than the threshold fires once, from its first bright point")
    func firesOnce() throws {
        let found = events(brighterThan(9.5), curve([12, 12, 12, 8, 8, 8, 8, 8, 8, 8]))
        try #require(found.count == 1)
        #expect(found[0].identity.firstMeasurementKey == "frame3")
        #expect(found[0].reports.count == 1)
        #expect(found[0].current.confirmed.measurementKey == "frame4")
        #expect(found[0].current.confirmingKeys == ["frame3", "frame4"])
        #expect(found[0].current.state == .ongoing)
        #expect(found[0].identity.subject == "bright|1|star|V|frame3")
    }

    @Test("one outlier does not fire with 2 of 3, nor do two that are three points apart")
    func singleOutlier() {
        #expect(events(brighterThan(9.5), curve([12, 12, 8, 12, 12, 12])).isEmpty)
        #expect(events(brighterThan(9.5), curve([12, 8, 12, 12, 8, 12])).isEmpty)
        #expect(events(brighterThan(9.5), curve([12, 8, 12, 8, 12, 12])).count == 1)
        let quiet = (0..<20).map { 12 + 0.01 * Double($0 % 3) }
        #expect(events(changedBy(5), curve(quiet + [7] + quiet)).isEmpty)
    }

    @Test("an event ends only beyond the clear level, and a later one is a new event")
    func hysteresis() throws {
        let rule = brighterThan(9.5, clear: 10)
        let found = events(rule, curve([9, 9, 9.7, 9, 9.7, 9.7, 9.7, 9, 10.5, 10.5, 9.7, 9, 9]))
        try #require(found.count == 2)
        #expect(found[0].current.state == .ended)
        #expect(found[0].current.latest.measurementKey == "frame9")
        #expect(found[1].identity.firstMeasurementKey == "frame11")
    }

    @Test(
        "a point beyond the threshold by less than sigma errors does not count; sigma 0 needs no errors"
    )
    func significance() {
        #expect(events(brighterThan(9.5), curve([9.4, 9.4, 9.4], error: 0.05)).isEmpty)
        #expect(events(brighterThan(9.5), curve([9.4, 9.4, 9.4], error: 0.03)).count == 1)
        let bare = (0..<3).map { point($0, 9.4, error: nil) }
        #expect(events(brighterThan(9.5), bare).isEmpty)
        #expect(events(brighterThan(9.5, sigma: 0), bare).count == 1)
    }

    @Test("a going-on event is updated by change and by time, not by every point")
    func updates() throws {
        var rule = brighterThan(9.5)
        rule.updateAfterHours = 1
        let rising = [9.0, 9, 9, 8.8, 8.4, 8.4, 5, 8.4, 7, 7]
        let found = events(rule, curve(rising))
        try #require(found.count == 1)
        #expect(found[0].reports.map(\.latest.measurementKey) == ["frame1", "frame5", "frame9"])
        #expect(found[0].current.extreme.magnitude == 5)
        let steady = events(rule, curve(Array(repeating: 9.0, count: 130)))
        #expect(steady[0].reports.map(\.latest.measurementKey) == ["frame1", "frame61", "frame121"])
        let noisy = events(rule, curve(rising, error: 0.15))
        #expect(noisy[0].reports.count == 2, "0.6 mag is less than three errors of the difference")
    }

    @Test("limits speak for fainter and against brighter, where they are deep enough")
    func limits() throws {
        let faint = RuleDocument(
            id: "faint", name: "faint", revision: 1, target: "star", kind: .fainterThan(Threshold(magnitude: 14)))
        #expect(events(faint, (0..<3).map { point($0, nil, error: nil, limit: 15) }).count == 1)
        #expect(events(faint, (0..<3).map { point($0, nil, error: nil, limit: 13) }).isEmpty)
        var weak = (0..<3).map { point($0, nil, error: nil, limit: 15) }
        for index in weak.indices { weak[index].limitSigma = 1 }
        #expect(events(faint, weak).isEmpty)
        let deep = curve([9, 9]) + (2..<5).map { point($0, nil, error: nil, limit: 12) }
        #expect(events(brighterThan(9.5), deep)[0].current.state == .ended)
        let shallow = curve([9, 9]) + (2..<5).map { point($0, nil, error: nil, limit: 8) }
        #expect(events(brighterThan(9.5), shallow)[0].current.state == .ongoing)
        #expect(events(brighterThan(9.5), (0..<9).map { point($0, nil, error: nil, limit: 5) }).isEmpty)
        let vanished =
            curve((0..<20).map { 12 + 0.01 * Double($0 % 3) }) + (20..<23).map { point($0, nil, error: nil, limit: 15) }
        #expect(try #require(events(changedBy(5), vanished).first).current.departure == .fainter)
    }

    @Test("a saturated eruption is alerted, a saturated point never calms")
    func saturation() {
        let saturated = (2..<6).map { point($0, 8, flags: 0b0010) }
        #expect(events(brighterThan(9.5), curve([12, 12]) + saturated).count == 1)
        let faintButSaturated = (2..<6).map { point($0, 12, flags: 0b0010) }
        #expect(events(brighterThan(9.5), curve([9, 9]) + faintButSaturated)[0].current.state == .ongoing)
        let quiet = curve(Array(repeating: 12, count: 20))
        #expect(events(changedBy(5, .fainter), quiet + (20..<25).map { point($0, 14, flags: 0b0010) }).isEmpty)
    }

    @Test("points with unusable flags, other filters or other instruments are not heard")
    func selection() {
        let bad = (0..<5).map { point($0, 8, flags: 0b0101) }
        #expect(events(brighterThan(9.5), bad).isEmpty)
        var rule = brighterThan(9.5)
        rule.filters = ["B"]
        #expect(events(rule, curve([8, 8, 8])).isEmpty)
        rule.filters = nil
        rule.instruments = ["west"]
        #expect(events(rule, curve([8, 8, 8])).isEmpty)
        #expect(evaluate(brighterThan(9.5), target: "star", points: [], flags: policy).isEmpty)
        rule = brighterThan(9.5)
        rule.target = "other"
        #expect(events(rule, curve([8, 8, 8])).isEmpty)
    }

    @Test("a differential magnitude passes no threshold, but may depart from its own baseline")
    func differential() {
        let light = (0..<30).map { point($0, ($0 < 25 ? 0.5 : -1) + 0.01 * Double($0 % 3), system: "differential") }
        #expect(events(brighterThan(9.5), light).isEmpty)
        #expect(events(changedBy(5), light).count == 1)
        let calibrated = (0..<20).map { point($0, 12 + 0.01 * Double($0 % 3)) }
        #expect(events(changedBy(5), calibrated + light.dropFirst(20).prefix(5)).isEmpty)
    }

    @Test("filters are evaluated each on its own")
    func filters() {
        let mixed = [point(0, 8), point(1, 8, filter: "B"), point(2, 12), point(3, 12), point(4, 8, filter: "B")]
        #expect(events(brighterThan(9.5), mixed).map(\.identity.filter) == ["B"])
    }

    @Test("numbers that are none make a point silent and never crash")
    func notNumbers() {
        let hostile: [Double] = [.nan, .infinity, -.infinity, 1e308, -1e308]
        var points = hostile.enumerated().map { point($0.offset, $0.element) }
        points += hostile.enumerated().map { point(10 + $0.offset, 8, error: $0.element) }
        points += hostile.enumerated().map { point(20 + $0.offset, nil, error: nil, limit: $0.element) }
        points += hostile.enumerated().map { index, value in
            var point = point(30 + index, 8)
            point.midpointMJDUTC = value.magnitude > 1e300 ? .nan : value
            return point
        }
        points.append(point(40, 8, error: -1))
        #expect(events(brighterThan(9.5), points).isEmpty)
        #expect(events(changedBy(3), points).isEmpty)
        #expect(events(brighterThan(9.5), points + curve([8, 8], from: 50)).count == 1)
    }
}
