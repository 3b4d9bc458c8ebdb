import Foundation
import Testing

struct ProgramFailed: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) {
        self.description = description
    }
}

/// A program to run, as a user would call it.
struct Program {
    var path: String
    var arguments: [String]
    var environment: [String: String] = [:]

    init(_ path: String, _ arguments: [String], environment: [String: String] = [:]) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
    }

    /// One of ours, from where the tests are built.
    static func nightjar(_ name: String, _ arguments: String..., environment: [String: String] = [:]) throws -> Program
    {
        let own = URL(filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        return Program(
            own.deletingLastPathComponent().appending(path: name).path, arguments, environment: environment)
    }

    /// The same, started by another program that takes it as its last arguments.
    func after(_ path: String, _ first: [String]) -> Program {
        Program(path, first + [self.path] + arguments, environment: environment)
    }

    /// - Parameter log: gets what it says.
    func start(log: URL) throws -> Running {
        try Data().write(to: log)
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.environment = Self.plainEnvironment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        let output = try FileHandle(forWritingTo: log)
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try output.close()
        return Running(process: process, log: log)
    }

    /// Runs it to its end.
    func run() throws -> (status: Int32, output: String) {
        let log = FileManager.default.temporaryDirectory.appending(path: "nightjar-\(UUID().uuidString).out")
        let running = try start(log: log)
        running.process.waitUntilExit()
        defer { unlink(log.path) }
        return (running.process.terminationStatus, try running.text())
    }

    /// Without settings of Nightjar that the one who runs the tests may have.
    private static var plainEnvironment: [String: String] {
        ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("NIGHTJAR_") }
    }
}

/// A program that runs in the background.
final class Running {
    let process: Process
    let log: URL

    init(process: Process, log: URL) {
        self.process = process
        self.log = log
    }

    func text() throws -> String { try String(contentsOf: log, encoding: .utf8) }

    /// Waits until it says something.
    func wait(for words: String, seconds: Double) throws {
        let deadline = Date() + seconds
        while Date() < deadline {
            if try text().contains(words) { return }
            guard process.isRunning else { break }
            usleep(50_000)
        }
        throw ProgramFailed("\(log.lastPathComponent) did not say '\(words)' in \(Int(seconds)) s:\n\(try text())")
    }

    /// An orderly stop; after a minute without one the process is killed.
    func stop() {
        guard process.isRunning else { return }
        process.terminate()
        let deadline = Date() + 60
        while process.isRunning, Date() < deadline { usleep(50_000) }
        guard process.isRunning else { return }
        Issue.record("\(process.arguments ?? []) did not stop in a minute")
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}
