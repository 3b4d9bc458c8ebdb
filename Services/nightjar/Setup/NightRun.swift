internal import Foundation
internal import Instruments
internal import PortableNumbers
internal import PostgresStore

/// One night in one go, on this machine.
struct NightRun {
    /// Without any progress for so long, the run is given up with a message that says what is stuck.
    static let patienceSeconds = 600.0

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
        try follow(record, supervisor, files: plan.count)
        try NightOutput(record: record, out: out, frames: data.frames).write()
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
        let waiting = Waiting(
            patienceSeconds: Self.patienceSeconds, check: supervisor.check, obstacles: { waits.current })
        try waiting.until("frames", total: files) {
            let ledger = try Ledger(record)
            waits.note(ledger.waiting ?? [])
            let open = ledger.frames.filter { $0.fate == "pending" && $0.kind == "light" }.count
            return (ledger.files - open, ledger.files >= files && open == 0, "\(ledger.measured) measured")
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
}
