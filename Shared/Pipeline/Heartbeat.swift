public import Events

/// What the worker says of itself every few seconds.
public struct Heartbeat {
    public let intervalSeconds: Double
    public let instance: String
    public let version: String
    /// Adds what only this service knows, such as the archiver's `pendingFrames`. An error is logged, and the heartbeat
    /// goes out without it.
    let complete: (inout ServiceHeartbeat) throws -> Void

    /// - Parameter intervalSeconds: 0 turns heartbeats off.
    public init(
        instance: String, version: String = Release.version, intervalSeconds: Double = 5,
        complete: @escaping (inout ServiceHeartbeat) throws -> Void = { _ in }
    ) {
        self.instance = instance
        self.version = version
        self.intervalSeconds = intervalSeconds
        self.complete = complete
    }
}

/// The version of this software.
public enum Release {
    public static let version = "0.1.0"
}

/// A service's duty beside its messages: an outbox to empty, a folder to sweep.
public struct Periodic {
    /// At the latest after this time, also under load [s].
    public let intervalSeconds: Double
    /// Sooner, when no message is waiting [s].
    public let idleSeconds: Double
    let run: () throws -> [Outgoing]

    /// - Parameter run: is called again only when the broker has acknowledged all that it returned the last time (or
    ///   refused a part for good, which is logged as an error), so rows of an outbox may be deleted then. Throws
    ///   `Unavailable` to be tried again; other errors are logged and counted.
    public init(intervalSeconds: Double = 3, idleSeconds: Double = 1, run: @escaping () throws -> [Outgoing]) {
        self.intervalSeconds = intervalSeconds
        self.idleSeconds = idleSeconds
        self.run = run
    }
}
