internal import Foundation

/// CPU seconds of this thread and of one server process, by step.
final class CoreClock {
    private let process: Int
    private(set) var client: [String: Double] = [:]
    private(set) var server: [String: Double] = [:]
    private var last = (client: 0.0, server: 0.0)

    init(server process: Int) {
        self.process = process
    }

    func start() { last = now }

    func lap(_ step: String) {
        let time = now
        client[step, default: 0] += time.client - last.client
        server[step, default: 0] += time.server - last.server
        last = time
    }

    /// The server's from the scheduler's account in nanoseconds.
    private var now: (client: Double, server: Double) {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        let account = FileManager.default.contents(atPath: "/proc/\(process)/schedstat") ?? Data()
        let nanoseconds = Double(String(decoding: account, as: UTF8.self).split(separator: " ").first ?? "") ?? .nan
        return (Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec), 1e-9 * nanoseconds)
    }
}
