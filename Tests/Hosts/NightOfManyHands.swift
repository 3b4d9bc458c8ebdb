import Foundation
import Testing

/// A simulated night that is handed in, a part at a time, to `nightjar up`.
final class NightOfManyHands {
    static let lights = 48
    private static let parts = 4

    let folder: URL
    /// Where `nightjar up` keeps everything.
    let data: URL
    private let host: Host?
    private var up: Running?
    private var calibrationFrames: [String] = []
    private var lightFrames: [String] = []

    /// What `nightjar ledger --json` says.
    struct Ledger: Decodable {
        struct Frame: Decodable { let night: String? }
        let files, received, measured, calibration, rejected, deadLettered, pending: Int
        let frames: [Frame]
    }

    /// - Parameter host: runs the system; nil: this machine as it is.
    private init(on host: Host?) throws {
        self.host = host
        folder = FileManager.default.temporaryDirectory.appending(path: "hosts-\(UUID().uuidString.prefix(8))")
        data = folder.appending(path: "data")
        // A private PostgreSQL runs as another user, who has to get in.
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    }

    /// Brings the system up, lets `body` work with it, and stops it.
    static func run(
        on host: Host? = nil, workers: Int, options: [String] = [], _ body: (NightOfManyHands) throws -> Void
    ) throws {
        let night = try NightOfManyHands(on: host)
        defer { night.remove() }
        try night.simulate()
        var program = try Program.nightjar(
            "nightjar", "up", "--data", night.data.path, "--setup", night.folder.appending(path: "sim/setup").path,
            "--workers", "\(workers)")
        program.arguments += options
        let up = try night.here(program).start(log: night.folder.appending(path: "up.log"))
        night.up = up
        defer { up.stop() }
        try up.wait(for: "Nightjar 0.1.0 runs.", seconds: 120)
        try body(night)
    }

    private func remove() {
        do {
            try FileManager.default.removeItem(at: folder)
        } catch {
            print("left behind: \(error)")
        }
    }

    private func here(_ program: Program) -> Program { host?.running(program) ?? program }

    private func simulate() throws {
        let sim = folder.appending(path: "sim").path
        try expectSuccess(
            try .nightjar(
                "nightjar", "simulate", "--out", sim, "--frames", "\(Self.lights)", "--size", "256", "--seed", "3"))
        let frames = try FileManager.default.contentsOfDirectory(atPath: sim + "/frames").sorted()
        lightFrames = frames.filter { $0.contains("-light-") }.map { "\(sim)/frames/\($0)" }
        calibrationFrames = frames.filter { !$0.contains("-light-") }.map { "\(sim)/frames/\($0)" }
        #expect(lightFrames.count == Self.lights)
    }

    @discardableResult
    private func expectSuccess(_ program: Program) throws -> String {
        let ended = try here(program).run()
        guard ended.status == 0 else { throw ProgramFailed("\(program.arguments): \(ended.status) \(ended.output)") }
        return ended.output
    }

    /// Hands in the whole night and closes it.
    ///
    /// - Parameter between: called after each part but the last, when all frames of it have their fate.
    func handIn(between: (_ part: Int) throws -> Void = { _ in }) throws {
        let size = Self.lights / Self.parts
        for part in 0..<Self.parts {
            var submit = try Program.nightjar("nightjar", "submit", "--wait", "--data", data.path)
            if part == 0 { submit.arguments += calibrationFrames }
            submit.arguments += lightFrames[part * size..<(part + 1) * size]
            try expectSuccess(submit)
            if part + 1 < Self.parts { try between(part) }
        }
        let nights = Set(try ledger().frames.compactMap(\.night))
        for night in nights {
            try expectSuccess(try .nightjar("nightjar", "close", night, "--wait", "--data", data.path))
        }
    }

    func ledger() throws -> Ledger {
        let text = try expectSuccess(try .nightjar("nightjar", "ledger", "--json", "--data", data.path))
        return try JSONDecoder().decode(Ledger.self, from: Data(text.utf8))
    }

    /// In = out: every frame has the fate that it should have.
    func expectEverythingMeasured() throws {
        let ledger = try ledger()
        #expect(ledger.files == lightFrames.count + calibrationFrames.count && ledger.received == ledger.files)
        #expect(ledger.measured == lightFrames.count && ledger.calibration == calibrationFrames.count)
        #expect(ledger.pending == 0 && ledger.rejected == 0 && ledger.deadLettered == 0)
    }

    /// An orderly stop, after which the logs say how much each process has done.
    func stop() { up?.stop() }

    /// The process of a part of the system.
    func pid(of part: String) throws -> Int32 {
        let started = try #require(try up?.text().split(separator: "\n").last { $0.contains(" \(part) started, pid ") })
        return try #require(started.split(separator: " ").last.flatMap { Int32($0) })
    }

    /// How many messages a stopped photometer has handled, from the last line of its log.
    static func handled(_ log: URL) throws -> Int {
        let text = try String(contentsOf: log, encoding: .utf8)
        let words = text.split(whereSeparator: \.isWhitespace).last { $0.hasPrefix("handled=") }
        return try #require(words.flatMap { Int($0.dropFirst("handled=".count)) }, "\(log.path): \(text)")
    }

    func log(of instance: String) -> URL { data.appending(path: "logs/\(instance).log") }
}
