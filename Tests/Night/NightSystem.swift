import Foundation
import Instruments
import Pipeline
import PostgresStore

@testable import nightjar

/// The whole system, as `nightjar night` brings it up: private PostgreSQL, embedded broker and services, each a process
/// of its own, under the same supervisor. The executables are those beside the tests.
final class NightSystem {
    let data: DataFolder
    let supervisor: Supervisor
    let record: Record
    private var handIn: HandIn

    private init(data: DataFolder, supervisor: Supervisor, record: Record) {
        self.data = data
        self.supervisor = supervisor
        self.record = record
        handIn = HandIn(data: data)
    }

    /// Brings a system up, lets `body` work with it, and stops it, whatever happens.
    ///
    /// - Parameters:
    ///   - name: of the system's folder below the night's.
    ///   - brokers: of a broker that is not ours; nil: the embedded one.
    static func run<Result>(
        _ night: SmallNight, name: String, brokers: String? = nil, settings: [String: String] = [:],
        _ body: (NightSystem) throws -> Result
    ) throws -> Result {
        let data = DataFolder(night.folder.appending(path: name).path)
        try data.make()
        let setup = try SetupFolder(night.setup.path)
        for (file, document) in setup.instruments {
            try Data(contentsOf: file).write(to: data.instruments.appending(path: "\(document.id).json"))
        }
        var local = LocalSystem(data: data)
        local.workers = 2
        local.brokers = brokers
        local.durable = false
        local.settings = quick.merging(settings) { $1 }
        let (supervisor, record) = try local.start { _ in }
        defer { supervisor.stop() }
        let system = NightSystem(data: data, supervisor: supervisor, record: record)
        do {
            for target in setup.targets { try record.add(target) }
            for sequence in setup.sequences { try record.add(sequence) }
            for rule in setup.rules { try record.add(rule) }
            return try body(system)
        } catch let failure as NightFailure {
            throw failure
        } catch {
            throw NightFailure("\(error)", system)
        }
    }

    /// Short waits: what takes a minute at a telescope takes seconds here.
    private static let quick = [
        "NIGHTJAR_SETTLE_SECONDS": "0.1", "NIGHTJAR_SCAN_SECONDS": "0.1", "NIGHTJAR_PATIENCE_SECONDS": "2",
        "NIGHTJAR_SWEEP_SECONDS": "5", "NIGHTJAR_HEARTBEAT_SECONDS": "1",
    ]

    // MARK: Frames in

    func hand(_ frames: [NightFrame]) throws {
        for frame in frames { try handIn.hand(frame.file, to: frame.instrument) }
    }

    func ledger() throws -> Ledger { try Ledger(record) }

    // MARK: Waiting

    /// - Throws: `NightFailure` with the ends of all logs when it does not become true in time.
    func wait(for what: String, seconds: Double = 150, _ isTrue: () throws -> Bool) throws {
        let deadline = Date().addingTimeInterval(seconds)
        var last = ""
        while true {
            do {
                if try isTrue() { return }
            } catch let away as Unavailable {
                last = " (\(away.reason))"
            }
            guard Date() < deadline else { throw NightFailure("no \(what) in \(seconds) s\(last)", self) }
            usleep(50_000)
        }
    }

    func waitForMeasured(_ count: Int) throws {
        try wait(for: "\(count) measured frames") { try ledger().measured >= count }
    }

    /// Waits until so many files are in and every light has its fate, closes all nights, and waits until nothing is
    /// under way.
    func closeNights(files: Int) throws {
        try waitForLights(files: files)
        try requestClose()
        try waitUntilClosed()
    }

    func waitForLights(files: Int) throws {
        try wait(for: "fate of every light of \(files) files") {
            let ledger = try ledger()
            return ledger.files >= files && !ledger.frames.contains { $0.fate == "pending" && $0.kind == "light" }
        }
    }

    func requestClose() throws {
        for night in try record.nights() { try record.requestClose(instrument: night.instrument, night: night.night) }
    }

    func waitUntilClosed() throws {
        try wait(for: "closed night") {
            try record.openNights() == 0 && record.unfinished() == 0 && ledger().pending == 0
        }
    }

    // MARK: Trouble

    /// Kills a part with -9 and waits until the supervisor has started it again.
    func kill(_ part: String) throws {
        try wait(for: "process \(part)", seconds: 30) { supervisor.pids()[part] != nil }
        guard let pid = supervisor.pids()[part] else { return }
        Foundation.kill(pid, SIGKILL)
        try wait(for: "new process \(part)", seconds: 30) { supervisor.pids()[part].map { $0 != pid } ?? false }
    }
}

/// What went wrong, with the end of every process's log.
struct NightFailure: Error, CustomStringConvertible {
    let description: String

    init(_ what: String, _ system: NightSystem) {
        var lines = [what]
        do {
            lines.append(try system.ledger().text)
            let nights = try system.record.database.execute(
                "select instrument || ' ' || night || ' ' || state as night from archive.night")
            lines += try nights.map { try $0.text("night") }
        } catch {
            lines.append("the ledger cannot be read: \(error)")
        }
        for part in system.supervisor.status() {
            lines.append("--- \(part.name): pid \(part.pid.map { "\($0)" } ?? "none"), \(part.restarts) restarts")
            let log = system.data.root.appending(path: "logs/\(part.name).log")
            let text = String(decoding: FileManager.default.contents(atPath: log.path) ?? Data(), as: UTF8.self)
            lines += text.split(separator: "\n").suffix(12).map(String.init)
        }
        description = lines.joined(separator: "\n")
    }
}
