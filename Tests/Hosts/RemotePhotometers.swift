import Foundation
import Testing

/// Photometers on another host. The frame store is mounted at another path there, and the main host's folder is hidden:
/// a name that is not relative to the store would not be found.
final class RemotePhotometers {
    private let host: Host
    private let night: NightOfManyHands
    private let brokers: String
    private var running: [Running] = []

    var logs: [URL] { running.map(\.log) }

    init(host: Host, night: NightOfManyHands, brokers: String) {
        self.host = host
        self.night = night
        self.brokers = brokers
    }

    func start(count: Int) throws {
        let mountPoint = night.folder.appending(path: "mnt/frames-of-the-observatory")
        try FileManager.default.createDirectory(at: mountPoint, withIntermediateDirectories: true)
        let script = """
            set -e
            mount --bind "$1/frames" "$2"
            mount -t tmpfs none "$1"
            shift 2
            exec "$@"
            """
        for number in 1...count {
            let photometer = try Program.nightjar(
                "photometer",
                environment: [
                    "NIGHTJAR_BROKERS": brokers, "NIGHTJAR_FRAME_STORE": mountPoint.absoluteString,
                    "NIGHTJAR_INSTANCE": "other-\(number)", "NIGHTJAR_SESSION_TIMEOUT_MS": "6000",
                    "NIGHTJAR_PARENT_PID": "\(getpid())",
                    "NIGHTJAR_ATTEMPTS": night.folder.appending(path: "attempts-\(number)").path,
                ])
            let mounted = photometer.after("/bin/sh", ["-c", script, "sh", night.data.path, mountPoint.path])
            let apart = mounted.after("/usr/bin/unshare", ["--mount", "--propagation", "private"])
            let log = night.folder.appending(path: "other-\(number).log")
            let started = try host.running(apart).start(log: log)
            running.append(started)
            try started.wait(for: "info running", seconds: 30)
        }
    }

    func stop() {
        for photometer in running { photometer.stop() }
    }
}
