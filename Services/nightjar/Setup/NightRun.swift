internal import Foundation
internal import Instruments
internal import PortableNumbers
internal import PostgresStore

/// One night in one go, on this machine.
struct NightRun {
    /// Without any progress for so long, the run ends with what there is, and says what is stuck.
    var patienceSeconds = 600.0

    let setup: SetupFolder
    let out: URL
    let workers: Int
    let shuffleSeed: Int?
    /// What zero points are fitted to.
    var catalogue: CatalogueChoice?
    /// Called before a light is handed in, with how many were before: what keeps a simulated night from being faster
    /// than its light curves.
    var beforeLight: ((_ record: Record, _ handedIn: Int) throws -> Void)?
    private var data: DataFolder { DataFolder(out.appending(path: "data").path) }

    init(setup: SetupFolder, out: URL, workers: Int, shuffleSeed: Int?) {
        self.setup = setup
        self.out = out
        self.workers = workers
        self.shuffleSeed = shuffleSeed
    }

    /// - Parameter reading: what to look up before the record is gone.
    mutating func run(_ files: [URL], reading: (Record) throws -> Void = { _ in }) throws -> Ledger {
        try data.make()
        for (file, document) in setup.instruments { try install(file, as: document.id) }
        let plan = try order(files)
        var system = LocalSystem(data: data)
        system.workers = workers
        system.durable = false
        system.settings = [
            "NIGHTJAR_SETTLE_SECONDS": "0.2", "NIGHTJAR_SCAN_SECONDS": "0.2", "NIGHTJAR_PATIENCE_SECONDS": "3",
            "NIGHTJAR_SWEEP_SECONDS": "20", "NIGHTJAR_CLOSE_SECONDS": "0",
        ]
        system.settings.merge(catalogue?.local ?? [:]) { $1 }
        Terminal.complain("starting broker, database and services; their logs are in \(data.root.path)/logs")
        let (supervisor, record) = try system.start { Terminal.complain($0) }
        do {
            try work(plan, supervisor, record, reading: reading)
            let ledger = try Ledger(record)
            supervisor.stop()
            return ledger
        } catch {
            throw supervisor.stopped(after: error)
        }
    }

    private func work(
        _ plan: [FileGuess], _ supervisor: Supervisor, _ record: Record, reading: (Record) throws -> Void
    ) throws {
        for target in setup.targets { try record.add(target) }
        for sequence in setup.sequences { try record.add(sequence) }
        for rule in setup.rules { try record.add(rule) }
        var handIn = HandIn(data: data)
        var lights = 0
        for guess in plan {
            try supervisor.check()
            if guess.kind == .light {
                try beforeLight?(record, lights)
                lights += 1
            }
            try handIn.hand(guess.file, to: guess.instrument)
        }
        var gaveUp: SystemError?
        do {
            try follow(record, supervisor, files: plan.count)
        } catch let error as SystemError where error.status == Waiting.gaveUpStatus {
            gaveUp = error
        }
        try NightOutput(record: record, out: out, frames: data.frames).write()
        if let gaveUp { throw gaveUp }
        try reading(record)
    }

    private func install(_ file: URL, as id: String) throws {
        let place = data.instruments.appending(path: "\(id).json")
        try Data(contentsOf: file).write(to: place, options: .atomic)
    }

    private func order(_ files: [URL]) throws -> [FileGuess] {
        let documents = setup.instruments.map(\.document)
        let guesses = try files.map { try FileGuess($0, among: documents) }
        guard let seed = shuffleSeed else {
            return guesses.enumerated().sorted { ($0.element.order, $0.offset) < ($1.element.order, $1.offset) }.map(
                \.element)
        }
        var generator = SplitMix64(seed: UInt64(seed))
        return guesses.shuffled(using: &generator)
    }

    // MARK: Waiting

    private func follow(_ record: Record, _ supervisor: Supervisor, files: Int) throws {
        let waits = WaitsTold()
        var open: [String] = []
        let waiting = Waiting(
            patienceSeconds: patienceSeconds, check: supervisor.check,
            obstacles: { waits.current + Self.named(open) + [goingOn] })
        try waiting.until("frames", total: files) {
            let ledger = try Ledger(record)
            waits.note(ledger.waiting ?? []) { wait in WaitsTold.tell("\(wait)\n\(advice)") }
            open = ledger.frames.filter { $0.fate == "pending" && $0.kind == "light" }.map(\.originalName)
            return (ledger.files - open.count, ledger.files >= files && open.isEmpty, "\(ledger.measured) measured")
        }
        for night in try record.nights() { try record.requestClose(instrument: night.instrument, night: night.night) }
        let nights = try record.nights().count
        try waiting.until("nights closed", total: nights) {
            let open = try record.openNights()
            return (nights - open, open == 0, "")
        }
        try waiting.until("all caught up", total: 1) {
            let open = try record.unfinished() + (try Ledger(record)).pending
            return (open == 0 ? 1 : 0, open == 0, "\(open) things under way")
        }
    }

    /// How a wait ends.
    private var advice: String {
        "  the night goes on by itself when that is mended; Ctrl-C ends it, and so do \(Int(patienceSeconds)) s "
            + "without progress (--patience): what is measured is written then"
    }

    private var goingOn: String {
        "what is measured is in \(out.path), and `nightjar up --data \(data.root.path.shellWord)` goes on with the rest"
    }

    private static let mostNamed = 20

    /// The frames that are not done, so many that people read them.
    static func named(_ frames: [String]) -> [String] {
        guard !frames.isEmpty else { return [] }
        let more = frames.count > mostNamed ? ", and \(frames.count - mostNamed) more" : ""
        return ["waiting frames: " + frames.prefix(mostNamed).map(\.printable).joined(separator: ", ") + more]
    }
}
