import Testing

@testable import nightjar

@Suite struct RestartPolicyTests {
    private let ingest = Part.service("ingest")
    private let archiver = Part.service("archiver")

    /// Database, broker and two services, all running at time 0.
    private func running() -> RestartPolicy {
        var policy = RestartPolicy([.database, .broker, ingest, archiver])
        for _ in 0..<2 {
            for case .start(let part) in policy.actions(at: 0) { policy.ready(part, at: 0) }
        }
        return policy
    }

    @Test("services start once broker and database can be used, not before")
    func startOrder() {
        var policy = RestartPolicy([ingest, .database, .broker, archiver])
        #expect(policy.actions(at: 0) == [.start(.database), .start(.broker)])
        #expect(policy.actions(at: 1) == [])
        policy.ready(.broker, at: 1)
        #expect(policy.actions(at: 1) == [])
        policy.ready(.database, at: 2)
        #expect(policy.actions(at: 2) == [.start(archiver), .start(ingest)])
        #expect(!policy.isEverythingRunning)
        policy.ready(archiver, at: 2)
        policy.ready(ingest, at: 2)
        #expect(policy.isEverythingRunning && policy.actions(at: 1e9) == [])
    }

    @Test("with broker and database of others services start at once")
    func external() {
        var policy = RestartPolicy([ingest])
        #expect(policy.actions(at: 0) == [.start(ingest)])
    }

    @Test("what keeps dying waits 0.2 s, then twice as long each time, at most 10 s; 30 s of life start anew")
    func backOff() {
        var policy = running()
        var now = 0.0
        var delays: [Double] = []
        for _ in 0..<8 {
            policy.ended(ingest, at: now)
            guard case .waiting(let until) = policy.state(of: ingest) else { return #expect(Bool(false)) }
            delays.append(((until - now) * 1000).rounded() / 1000)
            #expect(policy.actions(at: until - 0.001) == [])
            #expect(policy.actions(at: until) == [.start(ingest)])
            now = until + 29.9
            policy.ready(ingest, at: until)
        }
        #expect(delays == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10])
        #expect(policy.restarts(of: ingest) == 8)
        now += 0.2
        policy.ended(ingest, at: now)
        #expect(policy.state(of: ingest) == .waiting(until: now + 0.2))
    }

    @Test("a part that cannot even be started backs off too")
    func startFails() {
        var policy = RestartPolicy([.database])
        #expect(policy.actions(at: 0) == [.start(.database)])
        policy.ended(.database, at: 0)
        #expect(policy.nextDeadline == 0.2)
        #expect(policy.actions(at: 0.2) == [.start(.database)])
        policy.ended(.database, at: 1)
        #expect(policy.nextDeadline == 1.4)
    }

    @Test("when the broker dies the services are stopped, and started again without delay once it is back")
    func brokerDies() {
        var policy = running()
        policy.ended(.broker, at: 100)
        #expect(policy.actions(at: 100) == [.terminate(archiver), .terminate(ingest)])
        policy.ended(ingest, at: 100.1)
        #expect(policy.actions(at: 100.2) == [.start(.broker)])
        policy.ready(.broker, at: 100.5)
        #expect(policy.actions(at: 100.5) == [.start(ingest)])
        #expect(policy.actions(at: 110) == [.kill(archiver)])
        policy.ended(archiver, at: 110.1)
        #expect(policy.actions(at: 110.1) == [.start(archiver)])
    }

    @Test("when the database dies it alone is restarted, and a service that dies meanwhile waits for it")
    func databaseDies() {
        var policy = running()
        policy.ended(.database, at: 100)
        #expect(policy.actions(at: 100) == [])
        policy.ended(ingest, at: 100)
        #expect(policy.actions(at: 101) == [.start(.database)])
        policy.ready(.database, at: 103)
        #expect(policy.actions(at: 103) == [.start(ingest)])
    }

    @Test("a service that refuses its settings is not started again: everything is stopped")
    func refused() {
        var policy = running()
        policy.refused(ingest)
        #expect(policy.isStopping && policy.restarts(of: ingest) == 0)
        #expect(policy.actions(at: 0) == [.terminate(archiver)])
        policy.ended(archiver, at: 1)
        #expect(policy.actions(at: 1) == [.terminate(.broker)])
        policy.ended(.broker, at: 1)
        #expect(policy.actions(at: 1) == [.terminate(.database)])
        policy.ended(.database, at: 1)
        #expect(policy.isFinished)
    }

    @Test("stopping goes services, broker, database; what does not heed SIGTERM is killed after the grace")
    func stopOrder() {
        var policy = running()
        policy.stop()
        #expect(policy.actions(at: 0) == [.terminate(archiver), .terminate(ingest)])
        policy.ended(ingest, at: 1)
        #expect(policy.actions(at: 9.9) == [])
        #expect(policy.actions(at: 10) == [.kill(archiver)])
        #expect(policy.actions(at: 11) == [])
        policy.ended(archiver, at: 11)
        #expect(policy.actions(at: 11) == [.terminate(.broker)])
        policy.ended(.broker, at: 12)
        #expect(policy.actions(at: 12) == [.terminate(.database)])
        #expect(policy.actions(at: 71) == [])
        policy.ended(.database, at: 71)
        #expect(policy.actions(at: 71) == [] && policy.isFinished)
    }

    /// A small generator, so that a failing walk can be repeated (Knuth's 64-bit linear congruence, high bits).
    private struct Dice {
        var state: UInt64
        mutating func roll(_ sides: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % sides
        }
    }

    @Test("whatever happens in whatever order, no service starts without a broker, and a stop comes to its end")
    func randomWalks() {
        for seed in 0..<300 {
            var dice = Dice(state: UInt64(seed))
            var policy = RestartPolicy([.database, .broker, ingest, archiver])
            var alive: Set<Part> = []
            var ready: Set<Part> = []
            var now = 0.0
            for step in 0..<400 where !policy.isFinished {
                now += Double(dice.roll(4)) * 0.7
                if step == 200 { policy.stop() }
                for action in policy.actions(at: now) {
                    switch action {
                    case .start(let part):
                        #expect(!policy.isStopping && !alive.contains(part), "seed \(seed)")
                        if part > .broker { #expect(ready.isSuperset(of: [.broker, .database]), "seed \(seed)") }
                        alive.insert(part)
                    case .terminate(let part), .kill(let part):
                        #expect(alive.contains(part), "seed \(seed)")
                        if policy.isStopping {
                            #expect(alive.allSatisfy { $0 <= part || part > .broker }, "seed \(seed)")
                        }
                    }
                }
                guard let part = alive.sorted().dropFirst(dice.roll(4)).first else { continue }
                if dice.roll(3) > 0, !ready.contains(part) {
                    policy.ready(part, at: now)
                    ready.insert(part)
                } else if dice.roll(2) == 0 {
                    policy.ended(part, at: now)
                    alive.remove(part)
                    ready.remove(part)
                }
            }
            #expect(policy.isFinished && alive.isEmpty, "seed \(seed)")
        }
    }
}
