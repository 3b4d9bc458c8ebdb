internal import Foundation
internal import Hashing
internal import Instruments
internal import Pipeline

/// Inspects a file in this process; one whose inspection has ended the process before is inspected in a child process.
/// When the child dies too, the file is refused: it would end every process that looks at it.
struct IsolatedInspection {
    static let environmentName = "NIGHTJAR_INSPECT"
    private static let childSeconds = 120.0

    let markers: URL
    let log: Log

    func inspect(_ path: String, name: String, document: InstrumentDocument) throws -> Inspection {
        let marker = markers.appending(path: "inspect-" + String(SHA256.hex(of: Data(path.utf8)).prefix(32)))
        if FileManager.default.fileExists(atPath: marker.path) {
            log.warning("inspecting in a child process, after a crash", ["file": name])
            let inspection = try inspectInChild(path, name: name, document: document)
            try FileManager.default.removeItem(at: marker)
            return inspection
        }
        try FileManager.default.createDirectory(at: markers, withIntermediateDirectories: true)
        try Data().write(to: marker)
        defer { unlink(marker.path) }
        return try Inspector.inspect(path, name: name, document: document)
    }

    private func inspectInChild(_ path: String, name: String, document: InstrumentDocument) throws -> Inspection {
        let work = FileManager.default.temporaryDirectory.appending(path: "nightjar-inspect-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
        defer { removeTree(work) }
        let task = ChildTask(path: path, name: name, document: document)
        try JSONEncoder().encode(task).write(to: work.appending(path: "task.json"))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.environment = ProcessInfo.processInfo.environment.merging(
            [Self.environmentName: work.path], uniquingKeysWith: { $1 })
        try process.run()
        let deadline = Date().addingTimeInterval(Self.childSeconds)
        while process.isRunning && Date() < deadline { Thread.sleep(forTimeInterval: 0.02) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        guard process.terminationReason == .exit else {
            throw Rejection(.corrupt, "\(name): reading it ends the process (signal \(process.terminationStatus))")
        }
        guard process.terminationStatus == 0 else {
            throw Unavailable(
                "the inspection of \(name) in a child process ended with status \(process.terminationStatus)")
        }
        switch try JSONDecoder().decode(ChildResult.self, from: Data(contentsOf: work.appending(path: "result.json"))) {
        case .inspection(let inspection): return inspection
        case .rejected(let code, let reason): throw Rejection(code, reason)
        case .unavailable(let reason): throw Unavailable(reason)
        }
    }

    private func removeTree(_ folder: URL) {
        do {
            try FileManager.default.removeItem(at: folder)
        } catch {
            log.warning("temporary folder left behind", ["path": folder.path, "reason": "\(error)"])
        }
    }

    // MARK: In the child

    private struct ChildTask: Codable {
        let path: String
        let name: String
        let document: InstrumentDocument
    }

    private enum ChildResult: Codable {
        case inspection(Inspection)
        case rejected(RejectionCode, String)
        case unavailable(String)
    }

    /// What the child process does instead of watching.
    static func runAsChild(_ folder: String) throws {
        let work = URL(fileURLWithPath: folder)
        let task = try JSONDecoder().decode(ChildTask.self, from: Data(contentsOf: work.appending(path: "task.json")))
        let result: ChildResult
        do {
            result = .inspection(try Inspector.inspect(task.path, name: task.name, document: task.document))
        } catch let rejection as Rejection {
            result = .rejected(rejection.code, rejection.reason)
        } catch let away as Unavailable {
            result = .unavailable(away.reason)
        }
        try JSONEncoder().encode(result).write(to: work.appending(path: "result.json"))
    }
}
