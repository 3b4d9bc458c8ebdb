import Foundation
import Pipeline
import PostgresStore
import Testing

@Suite struct ParentWatchTests {
    /// Watches a process that ends after half a second, then waits to be stopped.
    private static func watchShortLife(graceSeconds: Double) throws {
        let sleep = Program("/bin/sleep", ["0.5"], environment: [:], log: URL(filePath: "/dev/null"))
        let process = try ChildProcess(sleep)
        try ParentWatch.start(
            environment: ["NIGHTJAR_PARENT_PID": "\(process.processIdentifier)"], graceSeconds: graceSeconds)
        usleep(20_000_000)
    }

    @Test("a process asks itself to stop when its supervisor is gone")
    func asks() async {
        await #expect(processExitsWith: .signal(SIGTERM)) { try ParentWatchTests.watchShortLife(graceSeconds: 10) }
    }

    @Test("a process that does not stop when asked exits after the grace")
    func insists() async {
        await #expect(processExitsWith: .exitCode(143)) {
            signal(SIGTERM, SIG_IGN)
            try ParentWatchTests.watchShortLife(graceSeconds: 0.2)
        }
    }

    @Test("without a supervisor nothing is watched, and a setting that is no process id is named")
    func settings() throws {
        try ParentWatch.start(environment: [:])
        try ParentWatch.start(environment: ["NIGHTJAR_PARENT_PID": ""])
        for value in ["x", "0", "1", "-5", "99999999999"] {
            #expect(throws: ParentWatch.InvalidSetting.self) {
                try ParentWatch.start(environment: ["NIGHTJAR_PARENT_PID": value])
            }
        }
    }
}
