internal import Foundation

/// What time it is. Tests hand in their own.
public struct Clock: Sendable {
    /// Seconds since 1970-01-01T00:00:00 UTC.
    public let now: @Sendable () -> Double
    /// Seconds since some moment; never goes back.
    public let elapsed: @Sendable () -> Double

    public init(now: @escaping @Sendable () -> Double, elapsed: @escaping @Sendable () -> Double) {
        self.now = now
        self.elapsed = elapsed
    }

    public static let system = Clock(
        now: { read(CLOCK_REALTIME) },
        elapsed: { read(CLOCK_MONOTONIC) })

    private static func read(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}

/// ISO 8601 in UTC with milliseconds: `2026-11-21T10:00:00.123Z`.
public func iso8601(_ secondsSince1970: Double) -> String {
    let milliseconds = Int((secondsSince1970 * 1000).rounded(.down))
    let fraction = (milliseconds % 1000 + 1000) % 1000
    let seconds = (milliseconds - fraction) / 1000
    var time = time_t(seconds)
    var parts = tm()
    gmtime_r(&time, &parts)
    func digits(_ value: some BinaryInteger, _ count: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    let date = "\(digits(parts.tm_year + 1900, 4))-\(digits(parts.tm_mon + 1, 2))-\(digits(parts.tm_mday, 2))"
    let clock = "\(digits(parts.tm_hour, 2)):\(digits(parts.tm_min, 2)):\(digits(parts.tm_sec, 2))"
    return "\(date)T\(clock).\(digits(fraction, 3))Z"
}
