@testable import Pipeline

/// What a message does to who handles it.
enum Nature: Hashable {
    case good
    case silent
    case rejected
    case malformed
    /// The handler throws something else, each time.
    case poison
    /// Each attempt kills the process it is made in.
    case deadly
    /// The first attempts fail, then it works.
    case failing(times: Int)
    /// The bus refuses what it leads to; `letterToo`: its whole dead letter as well.
    case tooLarge(letterToo: Bool)
}

/// What is on the sink: facts, as a set, because the same may be said twice.
enum Said: Hashable {
    case output(Int)
    case rejection(Int)
    case tooLarge(Int)
    case deadLetter(Int, attempts: Int)
}

/// A broker, a disk and a worker process, small enough to look at every state there is.
struct World: Hashable {
    static let natures: [[Nature]] = [
        [.good, .rejected, .malformed], [.silent, .good], [.poison, .good], [.deadly, .good],
        [.failing(times: 1), .deadly], [.failing(times: 2), .rejected], [.tooLarge(letterToo: false), .good],
        [.tooLarge(letterToo: true)],
    ]

    let natures: [Nature]
    /// Messages the group has done, as committed: the next offset.
    var committed = 0
    /// Acknowledged by this process and not yet committed.
    var stored = 0
    /// Where this process reads on.
    var position = 0
    /// Attempts on disk.
    var markers: [Int: Int] = [:]
    var said: Set<Said> = []
    /// Failures of the message's own making so far: errors and crashes while it was handled.
    var faults: [Int: Int] = [:]
    /// Crashes that were not the message's making but hit while an attempt was open.
    var bystanders: [Int: Int] = [:]
    /// Attempts that went well and whose marker stayed behind.
    var leftBehind: [Int: Int] = [:]
    var childFailed: Set<Int> = []
    var loop = WorkerLoop<Int, Said>()
    var action = WorkerLoop<Int, Said>.Action.receive
    var crashesLeft: Int
    var outagesLeft: Int
    /// How many markers may still stay behind.
    var staleLeft = 1

    init(_ natures: [Nature], crashes: Int, outages: Int) {
        self.natures = natures
        crashesLeft = crashes
        outagesLeft = outages
    }

    /// Everything that can happen next.
    var successors: [World] {
        var result = ordinary
        if crashesLeft > 0, !isDone { result.append(crashed(own: false)) }
        if outagesLeft > 0, !isDone, !isWaiting {
            var world = self
            world.outagesLeft -= 1
            result.append(world.answered(.unavailable))
        }
        if stored > committed {
            var world = self
            world.committed = stored
            result.append(world)
        }
        return result
    }

    /// Nothing can happen any more, except what needs a fault.
    var isDone: Bool {
        if case .receive = action { return position == natures.count && committed == natures.count }
        return false
    }

    private var isWaiting: Bool {
        if case .wait = action { return true }
        return false
    }

    private var ordinary: [World] {
        switch action {
        case .receive: return received
        case .mark(let index):
            var world = self
            world.markers[index, default: 0] += 1
            return [world.answered(.marked(attempts: world.markers[index, default: 0]))]
                + [world.crashedIfPossible]
                .compactMap { $0 }
        case .unmark(let index):
            var world = self
            world.markers[index, default: 0] -= 1
            return [world.answered(.unmarked)]
        case .handle(let index, _): return handled(index)
        case .handleInChild(let index, _): return handledInChild(index)
        case .publish(let outputs): return published(outputs)
        case .bury(let index, _, let attempts, let shortened):
            if natures[index] == .tooLarge(letterToo: true), !shortened {
                return [answered(.refused(error: "too large"))]
            }
            return published([.deadLetter(index, attempts: attempts)])
        case .acknowledge(let index):
            var world = self
            world.stored = max(stored, index + 1)
            return [world.answered(.acknowledged)]
        case .clearMarker(let index):
            var world = self
            world.markers[index] = nil
            // A marker that cannot be removed stays behind.
            var stale = self
            stale.leftBehind[index, default: 0] += 1
            stale.staleLeft -= 1
            return (staleLeft > 0 ? [world, stale] : [world]).map { $0.answered(.markerCleared) }
        case .wait: return [answered(.waited)]
        }
    }

    private var crashedIfPossible: World? { crashesLeft > 0 ? crashed(own: false) : nil }

    private var received: [World] {
        guard position < natures.count else { return [] }
        var world = self
        world.position += 1
        return [world.answered(.received(position))]
    }

    private func handled(_ index: Int) -> [World] {
        var world = self
        switch natures[index] {
        case .good: return [answered(.handled([.output(index)]))]
        case .silent: return [answered(.handled([]))]
        case .rejected: return [answered(.rejected([.rejection(index)]))]
        case .malformed: return [answered(.unusable(error: "malformed"))]
        case .tooLarge: return [answered(.handled([.tooLarge(index)]))]
        case .deadly: return [crashed(own: true)]
        case .failing where !failsNow(index): return [answered(.handled([.output(index)]))]
        case .poison, .failing:
            world.faults[index, default: 0] += 1
            return [world.answered(.failed(error: "broken"))]
        }
    }

    private func failsNow(_ index: Int) -> Bool {
        if case .failing(let times) = natures[index] { return faults[index, default: 0] < times }
        return true
    }

    /// As in the process itself, but a crash is the child's alone.
    private func handledInChild(_ index: Int) -> [World] {
        var world = self
        switch natures[index] {
        case .deadly where failsNow(index), .poison where failsNow(index), .failing where failsNow(index):
            world.faults[index, default: 0] += 1
            world.childFailed.insert(index)
            return [world.answered(.failed(error: "the child died"))]
        default: return handled(index)
        }
    }

    private func published(_ outputs: [Said]) -> [World] {
        for case .tooLarge(let index) in outputs {
            var world = self
            world.faults[index, default: 0] += 1
            if case .publishing(_, let attempt) = loop.stage, attempt >= loop.childAttempt {
                world.childFailed.insert(index)
            }
            return [world.answered(.refused(error: "too large"))]
        }
        var world = self
        world.said.formUnion(outputs)
        // The broker has them; whether the process hears of it is another matter.
        return [world.answered(.published)] + (crashesLeft > 0 ? [world.crashed(own: false)] : [])
    }

    private func answered(_ input: WorkerLoop<Int, Said>.Input) -> World {
        var world = self
        world.action = world.loop.next(input)
        return world
    }

    /// The process dies and another takes over at the last commit.
    private func crashed(own: Bool) -> World {
        var world = self
        if own, case .handle(let index, _) = action { world.faults[index, default: 0] += 1 }
        if !own {
            world.crashesLeft -= 1
            if let open = loop.message, markers[open, default: 0] > 0 { world.bystanders[open, default: 0] += 1 }
        }
        world.loop = WorkerLoop()
        world.action = .receive
        world.position = committed
        world.stored = committed
        return world
    }
}
