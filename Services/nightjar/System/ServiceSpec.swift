import Foundation

/// A service of the system on one machine: what to run, and how many of it.
struct ServiceSpec: Sendable {
    var name: String
    var executable: URL
    var arguments: [String] = []
    var environment: [String: String] = [:]
    /// More than one: `photometer-1`, `photometer-2`, ...
    var count = 1
    /// Whether it is told where the database is. Calibrator and photometer are not.
    var usesDatabase = true

    /// The names of its processes.
    var instances: [String] {
        count == 1 ? [name] : (1...max(count, 1)).map { "\(name)-\($0)" }
    }

    /// The six services, as the executables beside our own.
    ///
    /// - Parameters:
    ///   - folder: where the executables are; see `folderOfThisExecutable`.
    ///   - photometers: how many photometers, >= 1.
    static func six(in folder: URL, photometers: Int, environment: [String: String]) -> [ServiceSpec] {
        ["archiver", "alerter", "harvester", "photometer", "calibrator", "ingest"].map { name in
            ServiceSpec(
                name: name, executable: folder.appending(path: name), environment: environment,
                count: name == "photometer" ? photometers : 1,
                usesDatabase: ["archiver", "alerter", "harvester"].contains(name))
        }
    }

    /// The folder of the running executable, links resolved.
    static var folderOfThisExecutable: URL {
        get throws {
            let path = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            return URL(filePath: path).deletingLastPathComponent()
        }
    }
}

/// Where the messages go.
enum BrokerPart: Sendable {
    /// Host and port of a broker that is somebody else's.
    case external(String)
    /// A process of ours. `--port-file FILE` is added to its arguments: it writes "host:port" (or a port on 127.0.0.1)
    /// into that file, by rename, once it takes connections.
    case embedded(executable: URL, arguments: [String])
}

/// Where the record is.
enum DatabasePart: Sendable {
    /// Address of a database that is somebody else's.
    case external(String)
    /// A server of ours, in `<data>/postgres`.
    case embedded(durable: Bool)
}

/// Everything the supervisor needs to know.
struct SystemPlan: Sendable {
    /// Holds `nightjar.lock`, `logs/`, `postgres/`, `broker.port`.
    var dataDirectory: URL
    var broker: BrokerPart
    var database: DatabasePart
    var services: [ServiceSpec]
    /// What every process inherits, usually our own environment.
    var environment: [String: String]
    var restarts = RestartPolicy.Settings()
}

/// Names of the settings that the supervisor gives to its children.
enum ChildSetting {
    static let brokers = "NIGHTJAR_BROKERS"
    static let database = "NIGHTJAR_DATABASE"
    static let parent = "NIGHTJAR_PARENT_PID"
    static let instance = "NIGHTJAR_INSTANCE"
}

/// What keeps the system from being brought up, and what to do about it.
struct SystemError: Error, Equatable, CustomStringConvertible {
    let description: String
    /// What nightjar ends with: 78 (EX_CONFIG) for settings that cannot be used.
    let status: Int32

    init(_ description: String, status: Int32 = 1) {
        self.description = description
        self.status = status
    }
}
