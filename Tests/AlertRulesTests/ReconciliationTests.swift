import AlertRules
import PortableNumbers
import Testing

@Suite("What is published as points arrive")
struct ReconciliationTests {
    @Test("an alert is raised once, updated in sequence, and nothing is published for the same points again")
    func sequence() {
        var publisher = Publisher(rule: brighterThan(9.5))
        let light = curve([12, 12, 9, 9, 9, 8, 8, 12, 12])
        let kinds = light.indices.map {
            publisher.hear(Array(light[...$0])).map { "\($0.kind) \($0.published.sequence)" }
        }
        #expect(kinds == [[], [], [], ["initial 0"], [], [], ["update 1"], [], ["update 2"]])
        #expect(publisher.hear(light).isEmpty)
        #expect(publisher.said[0].report.state == .ended)
    }

    @Test("superseded points that take the event away retract it, and it comes back when they do")
    func retraction() {
        var publisher = Publisher(rule: brighterThan(9.5))
        let light = curve([12, 9, 9, 12])
        #expect(publisher.hear(light).map(\.kind) == [.initial])
        let corrected = light + [point(2, 12, version: 1)]
        let retraction = publisher.hear(corrected)
        #expect(retraction.map(\.kind) == [.retraction])
        #expect(retraction[0].published.sequence == 1)
        #expect(retraction[0].counterpart == nil)
        #expect(publisher.hear(corrected).isEmpty)
        #expect(publisher.standing.isEmpty)
        let again = publisher.hear(corrected + [point(2, 9, version: 2)])
        #expect(again.map(\.kind) == [.initial])
        #expect(again[0].published.sequence == 2)
    }

    @Test("a version without magnitude and limit withdraws the point")
    func withdrawn() {
        var publisher = Publisher(rule: brighterThan(9.5))
        #expect(publisher.hear(curve([9, 9])).map(\.kind) == [.initial])
        #expect(publisher.hear(curve([9, 9]) + [point(1, nil, error: nil, version: 1)]).map(\.kind) == [.retraction])
    }

    @Test("a late point that moves the beginning replaces the alert and says by which")
    func movedBeginning() throws {
        var publisher = Publisher(rule: brighterThan(9.5))
        let light = curve([12, 9, 9, 9])
        _ = publisher.hear([light[0], light[2], light[3]])
        let actions = publisher.hear(light)
        try #require(actions.map(\.kind) == [.retraction, .initial])
        #expect(actions[0].counterpart == actions[1].published.identity)
        #expect(actions[1].counterpart == actions[0].published.identity)
        #expect(actions[1].published.identity.firstMeasurementKey == "frame1")
    }

    @Test("small corrections to a reported magnitude are no news, large ones are")
    func news() {
        var publisher = Publisher(rule: brighterThan(9.5))
        _ = publisher.hear(curve([9, 9]))
        #expect(publisher.hear(curve([9, 9]) + [point(1, 9.1, version: 1)]).isEmpty)
        #expect(publisher.hear(curve([9, 9]) + [point(1, 8.2, version: 1)]).map(\.kind) == [.update])
    }

    @Test("data older than the rule's age are marked historical, by the time that is passed in")
    func historical() {
        var publisher = Publisher(rule: brighterThan(9.5))
        publisher.now = 60_000 + 1.0 / 1440 + 23.9 / 24
        #expect(publisher.hear(curve([9, 9])).map(\.historical) == [false])
        var late = Publisher(rule: brighterThan(9.5))
        late.now = 60_000 + 1.0 / 1440 + 24.1 / 24
        #expect(late.hear(curve([9, 9])).map(\.historical) == [true])
    }

    @Test("alerts of other rules, revisions and targets are left alone")
    func others() {
        var publisher = Publisher(rule: brighterThan(9.5))
        _ = publisher.hear(curve([9, 9]))
        var next = brighterThan(9.5)
        next.revision = 2
        publisher.rule = next
        #expect(publisher.hear([]).isEmpty)
        #expect(reconcile(brighterThan(9.5), target: "b", previous: publisher.said, now: [], nowMJDUTC: 0).isEmpty)
    }

    @Test("every order of arrival leaves the same alerts standing", arguments: [false, true])
    func everyOrder(withVersions: Bool) {
        var points = curve([9, 12, 9, 9, 8, 12, 12])
        if withVersions { points[1] = point(2, 12, version: -1) }
        var batch = Publisher(rule: brighterThan(9.5))
        _ = batch.hear(points)
        #expect(batch.standing.count == 1)
        var differing = 0
        permutations(points.count) { order in
            var publisher = Publisher(rule: brighterThan(9.5))
            for length in 1...order.count { _ = publisher.hear(order[..<length].map { points[$0] }) }
            if publisher.standing != batch.standing { differing += 1 }
        }
        #expect(differing == 0)
    }

    @Test("a sparse baseline rule, too, forgets the order of arrival")
    func changeInAnyOrder() {
        var noise = SplitMix64(seed: 5)
        let points = curve((0..<40).map { ($0 < 25 ? 12 : 11) + 0.02 * noise.gaussian() })
        let truth = events(changedBy(5), points)
        #expect(truth.count == 1)
        for _ in 0..<20 {
            var publisher = Publisher(rule: changedBy(5))
            let shuffled = points.shuffled(using: &noise)
            for length in shuffled.indices { _ = publisher.hear(Array(shuffled[...length])) }
            #expect(publisher.said.filter { !$0.retracted }.map(\.identity) == truth.map(\.identity))
            #expect(events(changedBy(5), shuffled) == truth)
        }
    }

    /// Heap's algorithm.
    private func permutations(_ count: Int, _ visit: ([Int]) -> Void) {
        var order = Array(0..<count)
        func permute(_ length: Int) {
            guard length > 1 else { return visit(order) }
            for index in 0..<length {
                permute(length - 1)
                order.swapAt(length % 2 == 0 ? index : 0, length - 1)
            }
        }
        permute(count)
    }
}
