import Testing

@testable import Pipeline

/// Every interleaving of receive, handle, publish, acknowledge, crash, redelivery and outage in a small world.
struct WorkerLoopTests {
    @Test("in every interleaving nothing is lost and nothing is acknowledged early", arguments: World.natures)
    func everyInterleaving(natures: [Nature]) {
        let start = World(natures, crashes: 2, outages: natures.count > 2 ? 1 : 2)
        var seen: Set<World> = [start]
        var queue = [start]
        var ends = 0
        while let world = queue.popLast() {
            let successors = world.successors
            if successors.isEmpty { ends += 1 }
            if let problem = violation(in: world) ?? (successors.isEmpty && !world.isDone ? "stuck" : nil) {
                Issue.record("\(problem) in \(world)")
                return
            }
            for next in successors where seen.insert(next).inserted { queue.append(next) }
        }
        #expect(ends > 0)
        #expect(seen.count > 1000)
    }

    /// What must never be, in any state.
    private func violation(in world: World) -> String? {
        for index in 0..<max(world.stored, world.committed) where !isSettled(index, world) {
            return "message \(index) is acknowledged before the broker has what it leads to"
        }
        for case .deadLetter(let index, let attempts) in world.said {
            if world.natures[index] == .malformed { continue }
            if !world.childFailed.contains(index) { return "message \(index) is dead-lettered without a failed child" }
            if attempts < 3 { return "message \(index) is dead-lettered after \(attempts) attempts" }
            let crashes = world.faults[index, default: 0] + world.bystanders[index, default: 0]
            if crashes < 3 { return "message \(index) is dead-lettered after \(crashes) faults" }
        }
        for (index, attempts) in world.markers {
            let faults = world.faults[index, default: 0] + world.bystanders[index, default: 0]
            let open = world.loop.message == index ? 1 : 0
            let expected = faults + open + world.leftBehind[index, default: 0]
            if attempts > expected {
                return "message \(index): \(attempts) attempts counted, at most \(expected) were made"
            }
        }
        return nil
    }

    private func isSettled(_ index: Int, _ world: World) -> Bool {
        let isBuried = world.said.contains { if case .deadLetter(index, _) = $0 { true } else { false } }
        return switch world.natures[index] {
        case .good: world.said.contains(.output(index))
        case .silent: true
        case .rejected: world.said.contains(.rejection(index))
        case .malformed, .poison, .deadly, .tooLarge: isBuried
        case .failing: isBuried || world.said.contains(.output(index))
        }
    }

    @Test("a loop that acknowledged before publishing would be found out")
    func theModelCanFail() {
        var world = World([.good], crashes: 0, outages: 0)
        world.stored = 1
        #expect(violation(in: world) != nil)
    }

    @Test("waits double from 0.1 s to 5 s and never more")
    func backOff() {
        let waits = (1...9).map { BackOff().seconds(after: $0) }
        #expect(waits == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5])
        #expect(BackOff().seconds(after: 1_000_000) == 5)
    }
}
