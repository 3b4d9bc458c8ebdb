internal import Foundation
internal import PostgresStore

/// The whole system on this machine, as `up`, `night` and `demo` run it.
struct LocalSystem {
    var data: DataFolder
    var workers = 1
    /// Somebody else's broker, database, frame store; nil means ours.
    var brokers: String?
    var database: String?
    var frameStore: String?
    /// Where the embedded broker also listens, for photometers on other hosts.
    var listen: String?
    /// Whether the private database survives a power cut.
    var durable = true
    /// Settings of the services beside those that follow from `data`.
    var settings: [String: String] = [:]

    func plan() throws -> SystemPlan {
        let folder = try ServiceSpec.folderOfThisExecutable
        var environment = ProcessInfo.processInfo.environment
        environment["NIGHTJAR_FRAME_STORE"] = frameStore ?? data.frames.path
        environment["NIGHTJAR_INSTRUMENTS"] = data.instruments.path
        environment["NIGHTJAR_INBOX"] = data.inbox.path
        environment["NIGHTJAR_HARVEST"] = data.harvest.path
        environment["NIGHTJAR_ATTEMPTS"] = data.attempts.path
        // Rejoining after a restart takes as long as the broker waits for the old member.
        environment["NIGHTJAR_SESSION_TIMEOUT_MS"] = "6000"
        environment.merge(settings) { $1 }
        let own = folder.appending(path: "nightjar")
        return SystemPlan(
            dataDirectory: data.root,
            broker: brokers.map { .external($0) }
                ?? .embedded(executable: own, arguments: ["broker"] + (listen.map { ["--listen", $0] } ?? [])),
            database: database.map { .external($0) } ?? .embedded(durable: durable),
            services: ServiceSpec.six(in: folder, photometers: workers, environment: [:]), environment: environment)
    }

    /// Starts everything and waits until the record can be read.
    func start(report: @escaping @Sendable (String) -> Void) throws -> (Supervisor, Record) {
        try data.make()
        let supervisor = Supervisor(try plan(), report: report)
        try supervisor.start()
        guard supervisor.waitUntilRunning(seconds: 90), let address = supervisor.database else {
            let down = supervisor.status().filter { !$0.isRunning }
            supervisor.stop()
            try supervisor.check()
            let names = down.map { "\($0.name) (\($0.lastEnding ?? "not started"))" }.joined(separator: ", ")
            throw SystemError("not everything came up in 90 s: \(names); see the logs in \(data.root.path)/logs")
        }
        let record = Record(try Database(address, applicationName: "nightjar"))
        do {
            try record.waitUntilReady(seconds: 60, check: supervisor.check)
        } catch {
            throw supervisor.stopped(after: error)
        }
        return (supervisor, record)
    }
}
