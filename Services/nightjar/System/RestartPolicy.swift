/// One of the processes that make up the system on one machine.
enum Part: Hashable, Comparable, Sendable, CustomStringConvertible {
    case database
    case broker
    /// "calibrator", "photometer-2"
    case service(String)

    var description: String {
        switch self {
        case .database: "postgres"
        case .broker: "broker"
        case .service(let name): name
        }
    }
}

/// What is started, restarted and stopped, and when: decisions only, as a pure state machine. Times are seconds on any
/// clock that does not go back.
///
/// - Services start only while database and broker can be used. A database that dies is restarted under them, since its
///   address stays; a broker that dies takes the services with it, since its address changes.
/// - What dies by itself comes back after 0.2 s, 0.4 s, ... 10 s; a life of 30 s starts the count anew.
/// - A service that refuses its settings would refuse them for ever: everything is stopped.
/// - Stopping goes service by service first, then the broker, then the database, each asked by SIGTERM and killed after
///   a grace.
struct RestartPolicy: Sendable {
    struct Settings: Sendable {
        var firstDelaySeconds = 0.2
        var longestDelaySeconds = 10.0
        var healthyLifeSeconds = 30.0
        var graceSeconds = 10.0
        /// The database ends what is open, writes a checkpoint, and must not be killed for taking its time.
        var databaseGraceSeconds = 60.0
    }

    enum Action: Equatable, Sendable {
        case start(Part)
        case terminate(Part)
        case kill(Part)
    }

    enum State: Equatable, Sendable {
        case waiting(until: Double)
        case starting(since: Double)
        case running(since: Double)
        case stopping(killAt: Double)
        case killed
        case stopped
    }

    private struct Member: Sendable {
        var state: State
        var failures = 0
        var restarts = 0
        /// Asked to stop by us: its end is no failure.
        var isAsked = false
    }

    private let settings: Settings
    private var members: [Part: Member]
    private(set) var isStopping = false

    init(_ parts: [Part], settings: Settings = Settings()) {
        self.settings = settings
        members = Dictionary(uniqueKeysWithValues: parts.map { ($0, Member(state: .waiting(until: -.infinity))) })
    }

    // MARK: - What happened

    /// A part can be used: a service was spawned, the broker has an address, the database takes connections.
    mutating func ready(_ part: Part, at now: Double) {
        if case .starting = members[part]?.state { members[part]?.state = .running(since: now) }
    }

    /// A part ended, or could not be started.
    mutating func ended(_ part: Part, at now: Double) {
        guard var member = members[part] else { return }
        if isStopping {
            member.state = .stopped
        } else if member.isAsked {
            member.state = .waiting(until: now)
        } else {
            if case .running(let since) = member.state, now - since >= settings.healthyLifeSeconds {
                member.failures = 0
            }
            member.state = .waiting(until: now + delay(after: member.failures))
            member.failures += 1
        }
        if !isStopping { member.restarts += 1 }
        member.isAsked = false
        members[part] = member
    }

    /// A part ended because it cannot use its settings: everything is on its way out.
    mutating func refused(_ part: Part) {
        members[part]?.state = .stopped
        members[part]?.isAsked = false
        stop()
    }

    /// From now on everything is on its way out.
    mutating func stop() {
        isStopping = true
    }

    // MARK: - What to do

    /// What is due now. Each action is given once; its outcome comes back by `ready` or `ended`.
    mutating func actions(at now: Double) -> [Action] {
        isStopping ? stopActions(at: now) : runActions(at: now)
    }

    /// When `actions` has something new even if nothing happens until then.
    var nextDeadline: Double? {
        let deadlines = members.values.compactMap { member -> Double? in
            switch member.state {
            case .waiting(let until): isStopping ? nil : until
            case .stopping(let killAt): killAt
            default: nil
            }
        }
        return deadlines.filter { $0 > -.infinity }.min()
    }

    var isFinished: Bool { isStopping && members.values.allSatisfy { $0.state == .stopped } }

    var isEverythingRunning: Bool { members.keys.allSatisfy(isRunning) }

    func state(of part: Part) -> State? { members[part]?.state }

    /// How often the part has come to an end and was, or will be, started again.
    func restarts(of part: Part) -> Int { members[part]?.restarts ?? 0 }

    /// How often in a row the part has ended soon after its start.
    func failures(of part: Part) -> Int { members[part]?.failures ?? 0 }

    var parts: [Part] { members.keys.sorted() }

    private func isRunning(_ part: Part) -> Bool {
        if case .running = members[part]?.state { true } else { members[part] == nil }
    }

    private func delay(after failures: Int) -> Double {
        var delay = settings.firstDelaySeconds
        for _ in 0..<failures where delay < settings.longestDelaySeconds { delay *= 2 }
        return min(delay, settings.longestDelaySeconds)
    }

    private mutating func runActions(at now: Double) -> [Action] {
        var actions: [Action] = []
        let brokerIsThere = isRunning(.broker)
        let mayStartServices = brokerIsThere && isRunning(.database)
        for part in parts {
            let isService = part != .broker && part != .database
            switch members[part]?.state {
            case .waiting(let until) where until <= now && (!isService || mayStartServices):
                members[part]?.state = .starting(since: now)
                actions.append(.start(part))
            case .starting where isService && !brokerIsThere, .running where isService && !brokerIsThere:
                actions.append(ask(part, at: now))
            case .stopping(let killAt) where killAt <= now:
                members[part]?.state = .killed
                actions.append(.kill(part))
            default: break
            }
        }
        return actions
    }

    /// One tier at a time: services, broker, database.
    private mutating func stopActions(at now: Double) -> [Action] {
        let services = parts.filter { $0 != .broker && $0 != .database }
        for tier in [services, [.broker], [.database]] {
            var actions: [Action] = []
            for part in tier {
                switch members[part]?.state {
                case .waiting: members[part]?.state = .stopped
                case .starting, .running: actions.append(ask(part, at: now))
                case .stopping(let killAt) where killAt <= now:
                    members[part]?.state = .killed
                    actions.append(.kill(part))
                default: break
                }
            }
            if !tier.allSatisfy({ members[$0] == nil || members[$0]?.state == .stopped }) { return actions }
        }
        return []
    }

    private mutating func ask(_ part: Part, at now: Double) -> Action {
        let grace = part == .database ? settings.databaseGraceSeconds : settings.graceSeconds
        members[part]?.state = .stopping(killAt: now + grace)
        members[part]?.isAsked = true
        return .terminate(part)
    }
}
