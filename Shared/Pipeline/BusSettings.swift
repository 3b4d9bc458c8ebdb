public import Events
public import Foundation

/// The settings every service has. Read with the service's own, verified together with them.
///
/// | variable | default | meaning |
/// |---|---|---|
/// | `NIGHTJAR_BROKERS` | required | `host:port,host:port` |
/// | `NIGHTJAR_KAFKA_OPTIONS` | none | librdkafka properties, `key=value,key=value` |
/// | `NIGHTJAR_SESSION_TIMEOUT_MS` | 10000 | after this silence a worker's messages go to others |
/// | `NIGHTJAR_INSTANCE` | host-pid | name of this process in heartbeats |
/// | `NIGHTJAR_LOG` | info | debug, info, warning, error |
/// | `NIGHTJAR_ATTEMPTS` | temporary folder | where attempts at messages are counted |
/// | `NIGHTJAR_HEARTBEAT_SECONDS` | 5 | 0 turns it off |
/// | `NIGHTJAR_CHILD_SECONDS` | 300 | time limit of a third attempt |
/// | `NIGHTJAR_CHILD_MEGABYTES` | 4096 | memory limit of a third attempt |
public struct BusSettings: Sendable {
    public let brokers: String
    public let kafkaOptions: [(key: String, value: Secret)]
    public let sessionTimeoutMilliseconds: Int
    public let instance: String
    public let logLevel: LogLevel
    public let attemptsDirectory: URL
    public let heartbeatSeconds: Double
    public let childSeconds: Double
    public let childMegabytes: Int
    /// What the process was started with; never printed.
    let environment: [String: String]

    public init(_ settings: Settings) {
        environment = settings.environment
        brokers = settings.string("NIGHTJAR_BROKERS")
        kafkaOptions = settings.pairs("NIGHTJAR_KAFKA_OPTIONS")
        sessionTimeoutMilliseconds = settings.integer(
            "NIGHTJAR_SESSION_TIMEOUT_MS", default: 10_000, in: 1_000...3_600_000)
        let host = ProcessInfo.processInfo.hostName
        instance = settings.string("NIGHTJAR_INSTANCE", default: "\(host)-\(ProcessInfo.processInfo.processIdentifier)")
        logLevel = settings.choice("NIGHTJAR_LOG", default: LogLevel.info)
        let temporary = FileManager.default.temporaryDirectory.appending(path: "nightjar-attempts").path
        attemptsDirectory = settings.path("NIGHTJAR_ATTEMPTS", default: temporary)
        heartbeatSeconds = settings.seconds("NIGHTJAR_HEARTBEAT_SECONDS", default: 5, in: 0...3600)
        childSeconds = settings.seconds("NIGHTJAR_CHILD_SECONDS", default: 300, in: 1...86_400)
        childMegabytes = settings.integer("NIGHTJAR_CHILD_MEGABYTES", default: 4096, in: 64...1_048_576)
        for entry in brokers.split(separator: ",", omittingEmptySubsequences: false) where !brokers.isEmpty {
            let port = entry.split(separator: ":").last.flatMap { UInt16($0) }
            if !entry.contains(":") || port == nil {
                settings.report("NIGHTJAR_BROKERS: '\(entry)' is not of the form host:port")
            }
        }
    }

    /// A log for `service` with the level that was set.
    public func log(for service: String) -> Log {
        Log(service: service, level: logLevel)
    }

    /// A worker's options as set.
    ///
    /// - Parameters:
    ///   - periodically: the service's duty beside its messages.
    ///   - heartbeat: adds what only this service knows.
    public func workerOptions(
        periodically: Periodic? = nil, heartbeat: @escaping (inout ServiceHeartbeat) throws -> Void = { _ in }
    ) -> WorkerOptions {
        WorkerOptions(
            markers: FileAttemptMarkers(directory: attemptsDirectory), environment: environment,
            heartbeat: Heartbeat(instance: instance, intervalSeconds: heartbeatSeconds, complete: heartbeat),
            periodically: periodically,
            child: ChildProcess(timeLimitSeconds: childSeconds, memoryLimitMegabytes: childMegabytes))
    }
}
