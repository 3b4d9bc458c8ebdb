public import Pipeline
internal import Synchronization

/// Keeps the lines of a log.
public final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    public init() {}

    public var all: [String] { lines.withLock { $0 } }
    public var log: Log {
        Log(service: "test", level: .debug, write: { line in self.lines.withLock { $0.append(line) } })
    }

    public func contain(_ text: String) -> Bool { all.contains { $0.contains(text) } }
}

/// A clock that stands still until it is told to go on.
public final class HandClock: Sendable {
    private let seconds = Mutex(0.0)

    public init() {}

    public func advance(_ by: Double) { seconds.withLock { $0 += by } }

    public var clock: Clock {
        Clock(now: { 1_767_225_600 + self.seconds.withLock { $0 } }, elapsed: { self.seconds.withLock { $0 } })
    }
}
