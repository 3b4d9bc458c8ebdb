internal import CLibPQ
public import Foundation
internal import Synchronization

/// A PostgreSQL server of our own: one cluster in a folder, reached by a Unix socket only.
///
/// As root the server runs as the owner of the cluster, else as user postgres, else nobody; otherwise as ourselves. The
/// kernel sends it a fast shutdown (SIGINT) when the process that started it dies, however it dies: `setpriv
/// --pdeathsig` asks for that. Should a server be left all the same, the next `start` on its folder stops it first; the
/// caller sees to it that no two use one folder (a lock file).
public final class PrivatePostgres: Sendable {
    /// Holds `cluster` (or a link to it), `postgres.log` and `address`.
    public let directory: URL
    /// False: no fsync, for tests and demonstrations; a crash of the machine may destroy the cluster.
    public let isDurable: Bool
    private let maximumConnections: Int
    private let running = Mutex<Running?>(nil)

    private struct Running {
        let process: ChildProcess
        let socket: URL
        let place: ClusterPlace
    }

    public init(directory: URL, durable: Bool = true, maximumConnections: Int = 100) {
        self.directory = directory.standardizedFileURL
        isDurable = durable
        self.maximumConnections = maximumConnections
    }

    /// The server's log.
    public var log: URL { directory.appending(path: "postgres.log") }

    /// The postmaster; nil when it does not run.
    public var processIdentifier: Int32? {
        running.withLock { $0.flatMap { $0.process.ending == nil ? $0.process.processIdentifier : nil } }
    }

    /// Starts the server, creating the cluster the first time, and waits until it takes connections. Starting again
    /// after a crash recovers. The address stays the same as long as this object lives.
    ///
    /// - Returns: the address of the database `nightjar`.
    /// - Throws: `PrivatePostgresError`, which names what is missing or the last lines of the server's log.
    @discardableResult
    public func start() throws -> String {
        if let (process, socket) = running.withLock({ $0.map { ($0.process, $0.socket) } }), process.ending == nil {
            try waitUntilReady(process, socket)
            return Self.address(socket, database: "nightjar")
        }
        let place = try ClusterPlace(directory)
        let programs = try PostgresPrograms.find(version: try existingVersion(place))
        let steps = ClusterSteps(place: place, programs: programs, log: log, isDurable: isDurable)
        try steps.createIfMissing()
        let mayHaveToWait = try steps.clearLeftovers()
        let socket = try running.withLock { $0?.socket } ?? place.makeSocketFolder()
        var attempts = mayHaveToWait ? 20 : 1
        while true {
            attempts -= 1
            let process = try ChildProcess(
                steps.server(socket: socket, maximumConnections: maximumConnections))
            running.withLock { $0 = Running(process: process, socket: socket, place: place) }
            do {
                try waitUntilReady(process, socket)
                break
            } catch let error as PrivatePostgresError {
                // Backends of a postmaster that was killed hold its shared memory for a moment.
                guard attempts > 0, process.ending == .exited(1) else { throw error }
                usleep(500_000)
            }
        }
        do {
            try createDatabase(socket)
        } catch {
            stop()
            throw error
        }
        let address = Self.address(socket, database: "nightjar")
        try Data((address + "\n").utf8).write(to: addressFile, options: .atomic)
        return address
    }

    /// What the operator should know about where the database is; nil when it is where expected.
    public var note: String? { running.withLock { $0?.place.note } }

    /// The address of the last start, also for other processes; nil when the server was never started here.
    public var address: String? {
        get throws {
            guard FileManager.default.fileExists(atPath: addressFile.path) else { return nil }
            return try String(contentsOf: addressFile, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }

    /// Waits until the server has ended, by itself or by `stop`; nil when it runs on after that time.
    @discardableResult
    public func wait(seconds: Double) -> ChildProcess.Ending? {
        running.withLock { $0?.process }?.wait(seconds: seconds)
    }

    /// Stops the server: fast (open transactions roll back), after 20 s immediately (the next start recovers), and in
    /// the end by SIGKILL.
    public func stop() {
        guard let process = running.withLock({ $0?.process }) else { return }
        for (signal, seconds) in [(SIGINT, 20.0), (SIGQUIT, 5.0), (SIGKILL, 5.0)] {
            process.send(signal)
            if process.wait(seconds: seconds) != nil { break }
        }
    }

    /// Stops the server and deletes the cluster, wherever it is, with all that is in it.
    public func destroy() throws {
        stop()
        let place = try ClusterPlace(directory)
        let socket = running.withLock { $0?.socket }
        let home = place.cluster.deletingLastPathComponent()
        let remains = [socket, place.cluster, directory.appending(path: "cluster"), addressFile, log]
        for item in remains.compactMap({ $0 }) { try Self.remove(item) }
        if home.deletingLastPathComponent().path == ClusterPlace.fallbackRoot.path {
            try Self.remove(home)
            rmdir(ClusterPlace.fallbackRoot.path)  // stays while another cluster is in it
        }
        running.withLock { $0 = nil }
    }

    // MARK: -

    private var addressFile: URL { directory.appending(path: "address") }

    private static func remove(_ item: URL) throws {
        var status = stat()
        guard lstat(item.path, &status) == 0 else { return }
        try FileManager.default.removeItem(at: item)
    }

    private func existingVersion(_ place: ClusterPlace) throws -> String? {
        let file = place.cluster.appending(path: "PG_VERSION")
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        return try String(contentsOf: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func address(_ socket: URL, database: String) -> String {
        "host=\(socket.path) port=5432 user=nightjar dbname=\(database)"
    }

    /// Recovery after a crash may take minutes: as long as the server lives it is waited for, up to ten.
    private func waitUntilReady(_ process: ChildProcess, _ socket: URL) throws {
        for _ in 0..<20_000 {
            if let ending = process.ending {
                throw PrivatePostgresError(
                    reason: "the server ended at start (\(ending)); \(log.path) says: \(lastLines())")
            }
            if PQping(Self.address(socket, database: "postgres")) == PQPING_OK { return }
            usleep(30_000)
        }
        throw PrivatePostgresError(reason: "the server did not get ready in ten minutes; see \(log.path)")
    }

    private func lastLines() -> String {
        do {
            let lines = try String(contentsOf: log, encoding: .utf8).split(separator: "\n")
            return lines.suffix(4).joined(separator: " | ")
        } catch {
            return "\(error.localizedDescription)"
        }
    }

    private func createDatabase(_ socket: URL) throws {
        let database = try Database(Self.address(socket, database: "postgres"))
        if try database.execute("SELECT 1 FROM pg_database WHERE datname = 'nightjar'").isEmpty {
            try database.execute("CREATE DATABASE nightjar")
        }
    }
}
