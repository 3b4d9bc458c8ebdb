import Dispatch
import Foundation
import PostgresStore
import Synchronization

/// How one part of the system is doing.
struct PartStatus: Sendable, Equatable {
    let name: String
    /// Nil while it does not run.
    let pid: Int32?
    let isRunning: Bool
    /// How often it came to an end without being asked to, or with the broker.
    let restarts: Int
    /// "killed by signal 9"; nil when it never ended.
    let lastEnding: String?
}

/// Runs the system on one machine: private PostgreSQL, embedded broker, services, each a process in a session of its
/// own with its own log under `<data>/logs`. Restarts what dies; stops in order.
///
/// Decisions are `RestartPolicy`'s. One thread carries them out and owns all state; everything else reads snapshots.
/// When nightjar itself is killed, the services and the broker end by `ParentWatch`, PostgreSQL by its parent-death
/// signal.
final class Supervisor: Sendable {
    let plan: SystemPlan
    let board: Board
    private let report: @Sendable (String) -> Void

    /// - Parameter report: gets one line for people per start, end and failure; called from any thread.
    init(_ plan: SystemPlan, report: @escaping @Sendable (String) -> Void = { _ in }) {
        self.plan = plan
        self.report = report
        board = Board()
    }

    /// Takes the data directory and begins to start everything; returns before it runs.
    ///
    /// - Throws: `SystemError` when the directory is in use or an executable is missing.
    func start() throws {
        var programs = plan.services.map(\.executable)
        if case .embedded(let executable, _) = plan.broker { programs.append(executable) }
        for program in programs where !FileManager.default.isExecutableFile(atPath: program.path) {
            throw SystemError("\(program.path) is not there or not executable; build it, it belongs beside nightjar")
        }
        try board.lock(plan.dataDirectory)
        try FileManager.default.createDirectory(
            at: plan.dataDirectory.appending(path: "logs"), withIntermediateDirectories: true)
        board.begin()
        let (plan, board, report) = (plan, board, report)
        Thread.detachNewThread {
            var loop = SupervisorLoop(plan, board: board, report: report)
            loop.run()
            board.end()
        }
    }

    /// - Throws: `SystemError` with what services say of their settings, when one cannot use them; then everything is
    ///   stopped, or about to be.
    func check() throws(SystemError) {
        let refusal = board.refusal
        if !refusal.isEmpty { throw SystemError(refusal.text, status: SettingsRefusal.status) }
    }

    /// Stops everything after `error`, and says what to tell people: that the settings cannot be used, where that is
    /// the cause of it.
    func stopped(after error: any Error) -> any Error {
        stop()
        do {
            try check()
            return error
        } catch let cause {
            return cause
        }
    }

    /// Waits until every part runs; false when that did not happen in time, or settings were refused.
    func waitUntilRunning(seconds: Double) -> Bool {
        let deadline = DispatchTime.now() + seconds
        while DispatchTime.now() < deadline && board.refusal.isEmpty {
            if board.isEverythingRunning { return true }
            usleep(20_000)
        }
        return board.isEverythingRunning
    }

    /// Stops services, then broker, then database, and returns when all have ended and the data directory is free.
    func stop() {
        board.post(.stop)
        board.waitForEnd()
    }

    /// The processes that run now, by name: "postgres", "broker", "photometer-2", ...
    func pids() -> [String: Int32] {
        Dictionary(uniqueKeysWithValues: status().compactMap { part in part.pid.map { (part.name, $0) } })
    }

    /// Every part, in the order database, broker, services.
    func status() -> [PartStatus] { board.status }

    /// Where the broker is; nil until it is there. Changes when the embedded broker had to be restarted.
    var brokers: String? { board.brokers }

    /// Where the database is; nil until it is there. Never changes.
    var database: String? { board.database }
}

/// What the loop, the threads that wait for children, and the callers tell each other.
final class Board: Sendable {
    enum Happening: Sendable {
        case ready(Part, address: String)
        case ended(Part, String)
        /// Ended with the status of a service that cannot use its settings.
        case refused(Part)
        case stop
    }

    private struct Content: ~Copyable {
        var happenings: [Happening] = []
        var status: [PartStatus] = []
        var brokers: String?
        var database: String?
        var isEverythingRunning = false
        var refusal = SettingsRefusal()
        var lock: DirectoryLock?
    }

    private let content = Mutex(Content())
    private let news = DispatchSemaphore(value: 0)
    private let running = DispatchGroup()

    var status: [PartStatus] { content.withLock { $0.status } }
    var brokers: String? { content.withLock { $0.brokers } }
    var database: String? { content.withLock { $0.database } }
    var isEverythingRunning: Bool { content.withLock { $0.isEverythingRunning } }
    var refusal: SettingsRefusal { content.withLock { $0.refusal } }

    func lock(_ directory: URL) throws {
        try content.withLock { $0.lock = try DirectoryLock(directory) }
    }

    func begin() { running.enter() }

    func end() {
        content.withLock { $0.lock = nil }
        running.leave()
    }

    func waitForEnd() { running.wait() }

    func post(_ happening: Happening) {
        content.withLock { $0.happenings.append(happening) }
        news.signal()
    }

    /// What happened since the last call; waits for it until the time is over.
    func take(waitingSeconds: Double) -> [Happening] {
        _ = news.wait(timeout: .now() + waitingSeconds)
        return content.withLock { content in
            defer { content.happenings = [] }
            return content.happenings
        }
    }

    func refuse(_ part: Part, _ problems: [String]) {
        content.withLock { $0.refusal.add(part, problems) }
    }

    func show(_ status: [PartStatus], isEverythingRunning: Bool, brokers: String?, database: String?) {
        content.withLock {
            $0.status = status
            $0.isEverythingRunning = isEverythingRunning
            $0.brokers = brokers
            $0.database = database
        }
    }
}
