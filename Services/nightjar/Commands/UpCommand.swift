internal import Events
internal import Foundation
internal import FrameStore
internal import KafkaBus
internal import Pipeline
internal import PostgresStore

let upCommand = Command(
    name: "up",
    usage:
        "up --data DIR [--workers N] [--listen A] [--brokers A] [--database URL] [--frame-store URL] [--catalog DIR]",
    summary: "Runs the whole system on this machine for real work, until Ctrl-C; says where to drop frames.",
    options: [
        Option("data", "DIR", "where everything is kept (default: $NIGHTJAR_DATA, ./nightjar-data)"),
        Option("workers", "N", "photometers to run (default: half the processors)"),
        Option("listen", "ADDRESS:PORT", "where the embedded broker also listens, for photometers on other hosts"),
        Option("brokers", "A", "Kafka at host:port,... instead of the embedded broker; topics are created"),
        Option("database", "URL", "PostgreSQL at this address instead of a private one"),
        Option("frame-store", "URL", "folder (file:///path) shared with workers elsewhere, instead of DIR/frames"),
        Option("catalog", "DIR|ID", "reference catalogue for zero points: a folder, or one that the frame store has"),
        Option("setup", "DIR", "first take in its instruments/, targets/, sequences/, rules/ and photometry/"),
        Option("json", nil, "print what happens as JSON, one object per line"),
    ]
) { arguments in
    guard arguments.positional.isEmpty else {
        throw UsageError("up takes options only, not '\(arguments.positional[0].printable)'")
    }
    var run = try UpRun(arguments)
    return try run.run()
}

/// The system in the foreground.
struct UpRun {
    private let address: SystemAddress
    private let external: ExternalParts
    private let setup: SetupFolder?
    private let catalogue: CatalogueChoice?
    private var system: LocalSystem
    private let reporter: UpReporter
    private var data: DataFolder { address.data }

    init(_ arguments: Arguments) throws {
        // The addresses of other commands' environment are not meant for the system itself: options only.
        address = try SystemAddress(arguments, environment: ProcessInfo.processInfo.environment)
        external = ExternalParts(
            database: arguments.text("database"), brokers: arguments.text("brokers"),
            frameStore: arguments.text("frame-store"))
        setup = try arguments.text("setup").map { try SetupFolder($0) }
        catalogue = try arguments.text("catalog").map { try CatalogueChoice($0, mayBeStored: true) }
        reporter = UpReporter(isJSON: arguments.has("json"))
        let processors = ProcessInfo.processInfo.activeProcessorCount
        var system = LocalSystem(data: address.data)
        system.workers = try arguments.integer("workers", in: 1...256) ?? max(1, min(8, processors / 2))
        system.listen = arguments.text("listen")
        system.brokers = external.brokers
        system.database = external.database
        system.frameStore = external.frameStore
        self.system = system
    }

    mutating func run() throws -> Int32 {
        let stop = StopFlag.onSignals()
        try checkBeforehand()
        try data.make()
        try external.write(to: data)
        if let catalogue {
            system.settings.merge(
                try catalogue.published(in: external.frameStore ?? data.frames.path, data: data, reporter.note)
            ) { $1 }
        }
        let intake = SetupIntake(data: data, report: reporter.note)
        if let setup { try intake.installInstruments(setup) }
        try createTopics()
        let supervisor = Supervisor(try system.plan(), report: reporter.note)
        try supervisor.start()
        do {
            return try work(supervisor, intake, stop)
        } catch {
            throw supervisor.stopped(after: error)
        }
    }

    private func work(_ supervisor: Supervisor, _ intake: SetupIntake, _ stop: StopFlag) throws -> Int32 {
        guard let record = try waitUntilReady(supervisor, stop) else { return end(supervisor, asked: stop) }
        if let setup { try intake.installDocuments(setup, in: record) }
        var shown = showReady(supervisor)
        while !stop.isRaised {
            try supervisor.check()
            Thread.sleep(forTimeInterval: 0.2)
            shown = showNewInboxes(after: shown)
        }
        return end(supervisor, asked: stop)
    }

    private func end(_ supervisor: Supervisor, asked stop: StopFlag) -> Int32 {
        reporter.note("stopping: services, then broker, then database")
        supervisor.stop()
        reporter.event("stopped", "stopped; all that was taken in is in \(data.root.path)")
        return 0
    }

    // MARK: Before anything is started

    private func checkBeforehand() throws {
        if let holder = address.holder() {
            throw SystemError(
                "data directory \(data.root.path) is in use by another nightjar (pid \(holder)); "
                    + "stop that one or give another --data")
        }
        if let brokers = external.brokers { try SystemAddress.checkBrokers(brokers, origin: "--brokers") }
        if let listen = system.listen {
            guard external.brokers == nil else {
                throw UsageError("--listen is about the embedded broker, which --brokers replaces: give one of them")
            }
            do {
                try EmbeddedBroker.check(listen)
            } catch {
                throw UsageError("--listen: \(error)")
            }
        }
        if let address = external.database {
            do {
                _ = try DatabaseAddress(address)
            } catch {
                throw UsageError("--database: \(error)")
            }
        }
        if let place = external.frameStore {
            do {
                _ = try FrameStore(place)
            } catch {
                throw UsageError("--frame-store: \(error)")
            }
        }
        let local = LocalChecks(data: data, usesOwnDatabase: external.database == nil)
        let wrong = try local.needed().filter { $0.state == .wrong }
        guard wrong.isEmpty else {
            throw SystemError(
                wrong.map { "\($0.name): \($0.text)" + ($0.fix.map { "; \($0)" } ?? "") }.joined(separator: "\n"))
        }
    }

    /// The embedded broker makes its own topics at start; a real one is prepared here.
    private func createTopics() throws {
        guard let brokers = external.brokers else { return }
        let found = SystemAddress.Found(value: brokers, origin: "--brokers", isEmbedded: false)
        let reports: [TopicReport]
        do {
            reports = try TopicAdmin.create(EventType.all, try SystemAddress.connection(found))
        } catch let away as Unavailable {
            throw SystemError("\(away); is the address in --brokers right, and can it be reached from here?")
        }
        let failed = reports.filter { if case .failed = $0.outcome { true } else { false } }
        guard failed.isEmpty else {
            throw SystemError(failed.map(\.line).joined(separator: "\n") + "\nsee nightjar topics create")
        }
        for report in reports where report.outcome != .alreadyThere { reporter.note(report.line) }
    }

    // MARK: Coming up

    /// Nil when it was asked to stop before. A recovering database may take minutes: there is no limit, but news.
    private func waitUntilReady(_ supervisor: Supervisor, _ stop: StopFlag) throws -> Record? {
        var told = Date()
        var waitsFor = ""
        while !stop.isRaised {
            try supervisor.check()
            if supervisor.waitUntilRunning(seconds: 0.5), let address = supervisor.database {
                let record = Record(try Database(address, applicationName: "nightjar up"))
                do {
                    try record.waitUntilReady(seconds: 1)
                    return record
                } catch {
                    waitsFor = "\(error)"
                }
            } else {
                let down = supervisor.status().filter { !$0.isRunning }
                waitsFor = down.map { "\($0.name): \($0.lastEnding ?? "starting")" }.joined(separator: ", ")
            }
            if Date().timeIntervalSince(told) > 30 {
                reporter.note("still waiting for \(waitsFor); the logs are in \(data.root.path)/logs")
                told = Date()
            }
        }
        return nil
    }

    /// - Returns: the instruments whose inboxes were shown.
    private func showReady(_ supervisor: Supervisor) -> Set<String> {
        let inboxes = inboxes()
        var lines = ["Nightjar \(Release.version) runs."]
        if inboxes.isEmpty {
            lines.append("No instrument is known yet: nightjar instrument add FILE --data \(data.root.path.shellWord)")
        } else {
            lines.append("Drop frames here:")
            let width = inboxes.keys.map(\.count).max() ?? 0
            for (id, folder) in inboxes.sorted(by: { $0.key < $1.key }) {
                lines.append("  \(id.padding(toLength: width + 2, withPad: " ", startingAt: 0))\(folder)")
            }
        }
        if let listen = system.listen {
            let frames = external.frameStore ?? data.frames.path
            lines.append("For photometers on other hosts the broker is at \(listen) and the frame store is \(frames)")
        }
        lines += [
            "Photometry of others: \(data.harvest.path)", "Logs: \(data.root.path)/logs",
            "In another terminal: nightjar ledger --data \(data.root.path.shellWord)",
            "Ctrl-C stops everything in order.",
        ]
        reporter.ready(
            lines.joined(separator: "\n"),
            UpReporter.Ready(
                data: data.root.path, inboxes: inboxes, harvest: data.harvest.path, brokers: supervisor.brokers,
                pids: supervisor.pids()))
        return Set(inboxes.keys)
    }

    private func showNewInboxes(after shown: Set<String>) -> Set<String> {
        let inboxes = inboxes()
        for (id, folder) in inboxes.sorted(by: { $0.key < $1.key }) where !shown.contains(id) {
            reporter.note("new instrument \(id): drop frames into \(folder)")
        }
        return Set(inboxes.keys)
    }

    /// By instrument; a document that cannot be read has none, and ingest says why.
    private func inboxes() -> [String: String] {
        let documents = InstrumentFolder(data).entries().compactMap { $0.document }
        return Dictionary(
            documents.map { ($0.id, data.inbox.appending(path: $0.id).path) }, uniquingKeysWith: { first, _ in first })
    }
}

/// What `up` says, for people or as JSON lines. Called from any thread.
struct UpReporter: Sendable {
    struct Ready: Encodable {
        let data: String
        let inboxes: [String: String]
        let harvest: String
        let brokers: String?
        let pids: [String: Int32]
    }

    private struct Line: Encodable {
        let time: String
        let event: String
        let text: String
        var ready: Ready?
    }

    let isJSON: Bool

    @Sendable func note(_ text: String) { event("note", text) }

    func event(_ event: String, _ text: String) {
        let time = iso8601(Pipeline.Clock.system.now())
        if isJSON {
            say(Line(time: time, event: event, text: text))
        } else {
            Terminal.complain("\(time.dropFirst(11).prefix(8)) \(text.printable)")
        }
    }

    func ready(_ text: String, _ ready: Ready) {
        guard isJSON else { return Terminal.say(text) }
        say(Line(time: iso8601(Pipeline.Clock.system.now()), event: "ready", text: text, ready: ready))
    }

    private func say(_ line: Line) {
        do {
            Terminal.say(String(decoding: try EventCodec.json(line), as: UTF8.self))
        } catch {
            Terminal.complain("\(line.text) (\(error))")
        }
    }
}
