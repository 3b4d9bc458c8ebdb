import Dispatch
import Foundation
import PostgresStore

/// Carries out what `RestartPolicy` decides, on one thread.
struct SupervisorLoop {
    private let plan: SystemPlan
    private let board: Board
    private let report: @Sendable (String) -> Void
    private let postgres: PrivatePostgres
    private var policy: RestartPolicy
    private var specs: [String: ServiceSpec] = [:]
    private var children: [Part: ChildProcess] = [:]
    private var lastEndings: [Part: String] = [:]
    /// How long each log was when its part was last started [bytes].
    private var logStarts: [Part: Int] = [:]
    private var brokers: String?
    private var database: String?

    init(_ plan: SystemPlan, board: Board, report: @escaping @Sendable (String) -> Void) {
        self.plan = plan
        self.board = board
        self.report = report
        var parts: [Part] = []
        var isDurable = true
        switch plan.database {
        case .external(let address): database = address
        case .embedded(let durable):
            isDurable = durable
            parts.append(.database)
        }
        switch plan.broker {
        case .external(let address): brokers = address
        case .embedded: parts.append(.broker)
        }
        for spec in plan.services {
            for instance in spec.instances {
                specs[instance] = spec
                parts.append(.service(instance))
            }
        }
        postgres = PrivatePostgres(directory: plan.dataDirectory.appending(path: "postgres"), durable: isDurable)
        policy = RestartPolicy(parts, settings: plan.restarts)
    }

    /// Returns when everything was stopped.
    mutating func run() {
        while !policy.isFinished {
            for action in policy.actions(at: now) { perform(action) }
            show()
            if policy.isFinished { break }
            let wait = policy.nextDeadline.map { min(max($0 - now, 0), 1) } ?? 1
            for happening in board.take(waitingSeconds: wait) { note(happening) }
        }
        show()
    }

    private var now: Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }

    private mutating func note(_ happening: Board.Happening) {
        switch happening {
        case .stop: policy.stop()
        case .ready(let part, let address):
            if case .starting = policy.state(of: part) {
                if part == .database { database = address } else if part == .broker { brokers = address }
            }
            policy.ready(part, at: now)
            if part == .database {
                report("postgres takes connections" + (postgres.note.map { "; \($0)" } ?? ""))
            }
            // Asked to stop while it was starting, before there was anything to send a signal to.
            if case .stopping = policy.state(of: part) { perform(.terminate(part)) }
        case .ended(let part, let how):
            children[part] = nil
            lastEndings[part] = how
            if part == .broker { brokers = nil }
            policy.ended(part, at: now)
            if !policy.isStopping {
                report(restartLine(part, how))
                reportFailures(of: part)
            }
        case .refused(let part):
            children[part] = nil
            lastEndings[part] = "refuses its settings"
            policy.refused(part)
            board.refuse(part, logTail(of: part).refusals)
            report("\(part) refuses its settings: everything is stopped")
        }
    }

    /// So many ends soon after the start are told of with the last lines of the log, and every tenth from then on.
    private static let failuresTold = 3

    private func reportFailures(of part: Part) {
        let failures = policy.failures(of: part)
        guard failures % 10 == Self.failuresTold, part != .database else { return }
        report("\(part) has ended \(failures) times in a row; the last lines of \(logFile(of: part).path):")
        for line in logTail(of: part).lines.suffix(5) { report("    " + line.printable) }
    }

    private func logTail(of part: Part) -> LogTail { LogTail(logFile(of: part), from: logStarts[part] ?? 0) }

    private func logFile(of part: Part) -> URL { plan.dataDirectory.appending(path: "logs/\(part).log") }

    private func restartLine(_ part: Part, _ how: String) -> String {
        guard case .waiting(let until) = policy.state(of: part) else { return "\(part) ended: \(how)" }
        let delay = (max(until - now, 0) * 10).rounded() / 10
        return "\(part) ended: \(how); starting again\(delay > 0 ? " in \(delay) s" : "")"
    }

    private mutating func perform(_ action: RestartPolicy.Action) {
        switch action {
        case .start(.database): startDatabase()
        case .start(let part): startChild(part)
        case .terminate(.database), .kill(.database):
            let postgres = postgres
            Thread.detachNewThread { postgres.stop() }
        case .terminate(let part): children[part]?.send(SIGTERM)
        case .kill(let part):
            report("\(part) does not stop and is killed")
            children[part]?.send(SIGKILL, toGroup: true)
        }
    }

    private func show() {
        let status = policy.parts.map { part in
            let pid =
                part == .database
                ? postgres.processIdentifier : children[part].flatMap { $0.ending == nil ? $0.processIdentifier : nil }
            let isRunning = if case .running = policy.state(of: part) { true } else { false }
            return PartStatus(
                name: part.description, pid: pid, isRunning: isRunning, restarts: policy.restarts(of: part),
                lastEnding: lastEndings[part])
        }
        board.show(
            status, isEverythingRunning: policy.isEverythingRunning && !policy.isStopping, brokers: brokers,
            database: database)
    }

    // MARK: - Starting

    private static let refusal = ChildProcess.Ending.exited(SettingsRefusal.status)

    /// Creating a cluster or recovering one takes seconds: on a thread that stays as long as the server.
    private func startDatabase() {
        let (postgres, board) = (postgres, board)
        Thread.detachNewThread {
            do {
                let address = try postgres.start()
                board.post(.ready(.database, address: address))
                while postgres.processIdentifier != nil { postgres.wait(seconds: 3600) }
                board.post(.ended(.database, postgres.wait(seconds: 0).map { "\($0)" } ?? "gone"))
            } catch {
                postgres.stop()
                board.post(.ended(.database, "\(error)"))
            }
        }
    }

    private mutating func startChild(_ part: Part) {
        let board = board
        let portFile = plan.dataDirectory.appending(path: "broker.port")
        do {
            if part == .broker { try Self.remove(portFile) }
            let program = try program(for: part, portFile: portFile)
            logStarts[part] = LogTail.size(of: program.log)
            let child = try ChildProcess(program) { ending in
                board.post(ending == Self.refusal ? .refused(part) : .ended(part, "\(ending)"))
            }
            children[part] = child
            report("\(part) started, pid \(child.processIdentifier)")
            if part == .broker {
                Thread.detachNewThread { Self.waitForBroker(child, portFile, board) }
            } else {
                policy.ready(part, at: now)
            }
        } catch {
            board.post(.ended(part, "\(error)"))
        }
    }

    /// Half a minute for the address; then the broker is taken for hung and killed.
    private static func waitForBroker(_ child: ChildProcess, _ portFile: URL, _ board: Board) {
        for _ in 0..<1500 where child.ending == nil {
            if let text = FileManager.default.contents(atPath: portFile.path),
                let address = address(String(decoding: text, as: UTF8.self))
            {
                return board.post(.ready(.broker, address: address))
            }
            usleep(20_000)
        }
        child.send(SIGKILL, toGroup: true)
    }

    /// "127.0.0.1:9092" as it is, "9092" with the loopback address before it; nil when there is nothing yet.
    static func address(_ text: String) -> String? {
        let line = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !line.isEmpty else { return nil }
        return UInt16(line) == nil ? line : "127.0.0.1:\(line)"
    }

    private func program(for part: Part, portFile: URL) throws -> Program {
        let log = logFile(of: part)
        try Self.turnOver(log)
        var environment = plan.environment
        environment[ChildSetting.database] = nil
        environment[ChildSetting.brokers] = brokers
        environment[ChildSetting.instance] = part.description
        guard case .service(let instance) = part, let spec = specs[instance] else {
            guard case .embedded(let executable, let arguments) = plan.broker else {
                throw SystemError("there is no \(part) to start")
            }
            environment[ChildSetting.brokers] = nil
            environment[ChildSetting.parent] = "\(getpid())"
            return Program(
                executable.path, arguments + ["--port-file", portFile.path], environment: environment, log: log)
        }
        if spec.usesDatabase { environment[ChildSetting.database] = database }
        environment.merge(spec.environment) { $1 }
        environment[ChildSetting.parent] = "\(getpid())"
        return Program(spec.executable.path, spec.arguments, environment: environment, log: log)
    }

    /// A log of more than 64 MB is set aside as `<name>.log.1`, in place of the one before.
    private static func turnOver(_ log: URL) throws {
        var status = stat()
        guard stat(log.path, &status) == 0, status.st_size > 64 << 20 else { return }
        guard rename(log.path, log.path + ".1") == 0 else {
            throw SystemError("log file \(log.path) cannot be renamed: \(String(cString: strerror(errno)))")
        }
    }

    private static func remove(_ file: URL) throws {
        guard unlink(file.path) == 0 || errno == ENOENT else {
            throw SystemError("\(file.path) cannot be removed: \(String(cString: strerror(errno)))")
        }
    }
}
