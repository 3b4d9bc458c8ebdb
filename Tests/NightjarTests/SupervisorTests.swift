import Foundation
import PostgresStore
import Synchronization
import Testing

@testable import nightjar

@Suite(.serialized) struct SupervisorTests {
    private static let shell = URL(filePath: "/bin/sh")

    /// Writes "127.0.0.1:<its pid>" as its address: another one after each restart.
    private static let broker = BrokerPart.embedded(
        executable: shell,
        arguments: ["-c", "echo 127.0.0.1:$$ > \"$2.new\"; mv \"$2.new\" \"$2\"; exec sleep 1000", "broker"])

    private static func service(_ name: String, _ script: String, count: Int = 1, usesDatabase: Bool = true)
        -> ServiceSpec
    {
        ServiceSpec(name: name, executable: shell, arguments: ["-c", script], count: count, usesDatabase: usesDatabase)
    }

    private static let sleeper =
        "echo up $NIGHTJAR_INSTANCE $NIGHTJAR_BROKERS ${NIGHTJAR_DATABASE-none}; exec sleep 1000"

    private func withSystem(
        broker: BrokerPart = SupervisorTests.broker, database: DatabasePart = .external("host=/nowhere"),
        services: [ServiceSpec], settings: RestartPolicy.Settings = .init(),
        report: @escaping @Sendable (String) -> Void = { _ in }, _ body: (Supervisor, URL) throws -> Void
    ) throws {
        let folder = URL(filePath: "/tmp/nightjar-test-\(UUID().uuidString.prefix(8))")
        defer { do { try FileManager.default.removeItem(at: folder) } catch { print("left behind: \(error)") } }
        let environment = ["PATH": "/usr/bin:/bin", "NIGHTJAR_DATABASE": "inherited", "FOLDER": folder.path]
        let supervisor = Supervisor(
            SystemPlan(
                dataDirectory: folder, broker: broker, database: database, services: services, environment: environment,
                restarts: settings), report: report)
        try supervisor.start()
        defer { supervisor.stop() }
        try body(supervisor, folder)
    }

    private func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
        for _ in 0..<500 {
            if try condition() { return true }
            usleep(20_000)
        }
        return false
    }

    private func log(_ folder: URL, _ name: String) throws -> String {
        try String(contentsOf: folder.appending(path: "logs/\(name).log"), encoding: .utf8)
    }

    @Test("each process has its own log, its instance, the broker's address, and the database's only where it is used")
    func environments() throws {
        let services = [
            Self.service("archiver", Self.sleeper),
            Self.service("photometer", Self.sleeper, count: 2, usesDatabase: false),
        ]
        try withSystem(services: services) { (supervisor, folder) throws in
            #expect(supervisor.waitUntilRunning(seconds: 10))
            let pids = supervisor.pids()
            #expect(Set(pids.keys) == ["broker", "archiver", "photometer-1", "photometer-2"])
            let address = "127.0.0.1:\(try #require(pids["broker"]))"
            #expect(supervisor.brokers == address && supervisor.database == "host=/nowhere")
            #expect(try eventually { try log(folder, "archiver") == "up archiver \(address) host=/nowhere\n" })
            #expect(try eventually { try log(folder, "photometer-2") == "up photometer-2 \(address) none\n" })
        }
    }

    @Test("what is killed with -9 comes back and is counted; the others keep running")
    func killed() throws {
        let services = [Self.service("a", Self.sleeper), Self.service("b", Self.sleeper)]
        try withSystem(services: services) { (supervisor, folder) throws in
            #expect(supervisor.waitUntilRunning(seconds: 10))
            let before = supervisor.pids()
            kill(try #require(before["a"]), SIGKILL)
            #expect(eventually { supervisor.pids()["a"].map { $0 != before["a"] } ?? false })
            #expect(supervisor.pids()["b"] == before["b"] && supervisor.pids()["broker"] == before["broker"])
            let status = try #require(supervisor.status().first { $0.name == "a" })
            #expect(status.restarts == 1 && status.lastEnding == "killed by signal 9")
            #expect(try eventually { try log(folder, "a").split(separator: "\n").count == 2 })
        }
    }

    @Test("when the broker is killed all services come back with its new address")
    func brokerKilled() throws {
        let services = [Self.service("a", Self.sleeper), Self.service("b", Self.sleeper)]
        try withSystem(services: services) { (supervisor, folder) throws in
            #expect(supervisor.waitUntilRunning(seconds: 10))
            let before = supervisor.pids()
            kill(try #require(before["broker"]), SIGKILL)
            #expect(
                eventually {
                    let now = supervisor.pids()
                    return now.count == 3 && now.allSatisfy { before[$0.key] != $0.value }
                })
            #expect(supervisor.waitUntilRunning(seconds: 10))
            let address = "127.0.0.1:\(try #require(supervisor.pids()["broker"]))"
            for name in ["a", "b"] {
                #expect(try eventually { try log(folder, name).hasSuffix("up \(name) \(address) host=/nowhere\n") })
            }
        }
    }

    @Test("what a dead service leaves in its process group is gone with it")
    func grandchildren() throws {
        let script = "sleep 1000 & echo $! > \"$FOLDER/grandchild\"; wait"
        try withSystem(services: [Self.service("a", script)]) { (supervisor, folder) throws in
            #expect(supervisor.waitUntilRunning(seconds: 10))
            func grandchild() throws -> Int32? {
                let bytes = FileManager.default.contents(atPath: folder.appending(path: "grandchild").path) ?? Data()
                return Int32(String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
            }
            #expect(try eventually { try grandchild() != nil })
            let first = try #require(try grandchild())
            kill(try #require(supervisor.pids()["a"]), SIGKILL)
            // Gone, or dead and waiting for init to take notice.
            func isAlive(_ pid: Int32) -> Bool {
                let status = FileManager.default.contents(atPath: "/proc/\(pid)/status") ?? Data()
                let text = String(decoding: status, as: UTF8.self)
                return !text.isEmpty && !text.contains("State:\tZ")
            }
            #expect(eventually { !isAlive(first) })
        }
    }

    @Test("services are asked first, then the broker; one that ignores SIGTERM is killed after the grace")
    func stopOrder() throws {
        let order = "$FOLDER/../nightjar-order-\(getpid())"
        let file = URL(filePath: "/tmp/nightjar-order-\(getpid())")
        defer { unlink(file.path) }
        func ends(_ name: String, _ ready: String = "") -> String {
            "trap 'echo \(name) >> \"\(order)\"; exit 0' TERM; \(ready) while :; do sleep 0.05; done"
        }
        let broker = BrokerPart.embedded(
            executable: Self.shell,
            arguments: ["-c", ends("broker", "echo 1 > \"$2.new\"; mv \"$2.new\" \"$2\";"), "broker"])
        let services = [
            Self.service("polite", ends("polite")),
            Self.service("deaf", "trap '' TERM; echo deaf; while :; do sleep 0.05; done"),
        ]
        var settings = RestartPolicy.Settings()
        settings.graceSeconds = 1
        try withSystem(broker: broker, services: services, settings: settings) { (supervisor, folder) throws in
            #expect(supervisor.waitUntilRunning(seconds: 10))
            #expect(try eventually { try log(folder, "deaf") == "deaf\n" })
            let pids = supervisor.pids()
            usleep(200_000)
            supervisor.stop()
            #expect(try String(contentsOf: file, encoding: .utf8) == "polite\nbroker\n")
            #expect(pids.values.allSatisfy { kill($0, 0) == -1 && errno == ESRCH })
            #expect(supervisor.status().allSatisfy { $0.restarts == 0 })
            #expect(supervisor.status().first { $0.name == "deaf" }?.lastEnding == "killed by signal 9")
            #expect(supervisor.pids().isEmpty)
        }
    }

    @Test("a private PostgreSQL comes first, survives kill -9 under running services, and goes last")
    func database() throws {
        let services = [Self.service("archiver", Self.sleeper)]
        try withSystem(database: .embedded(durable: false), services: services) { (supervisor, folder) throws in
            #expect(supervisor.waitUntilRunning(seconds: 30))
            let before = supervisor.pids()
            let address = try #require(supervisor.database)
            #expect(try eventually { try log(folder, "archiver").hasSuffix("\(address)\n") })
            let database = try Database(address)
            try database.execute("CREATE TABLE t AS SELECT 42 AS n")
            kill(try #require(before["postgres"]), SIGKILL)
            #expect(eventually { supervisor.pids()["postgres"].map { $0 != before["postgres"] } ?? false })
            #expect(supervisor.waitUntilRunning(seconds: 30))
            #expect(try database.transaction { try database.execute("SELECT n FROM t")[0].int("n") } == 42)
            #expect(supervisor.pids()["archiver"] == before["archiver"])
            supervisor.stop()
            #expect(!FileManager.default.fileExists(atPath: folder.path + "/postgres/cluster/postmaster.pid"))
        }
    }

    @Test("a service that refuses its settings stops everything, and what it says of them is told")
    func refusedSettings() throws {
        let problem = "NIGHTJAR_PSF is 'abc'; it must be true or false"
        let script = "echo \"2026-11-21T10:00:00Z photometer[$$] error settings refused: \(problem)\" >&2; exit 78"
        let services = [Self.service("archiver", Self.sleeper), Self.service("photometer", script)]
        try withSystem(services: services) { (supervisor, folder) throws in
            #expect(eventually { !supervisor.status().isEmpty && supervisor.pids().isEmpty })
            #expect(supervisor.status().allSatisfy { $0.restarts == 0 })
            #expect(!supervisor.waitUntilRunning(seconds: 60))
            let error = #expect(throws: SystemError.self) { try supervisor.check() }
            #expect(error?.status == 78)
            #expect(
                error?.description == """
                    the settings cannot be used, so everything was stopped:
                      photometer: \(problem)
                    """)
            #expect(supervisor.stopped(after: SystemError("later")) as? SystemError == error)
        }
    }

    @Test("what several services say of one setting is told once")
    func refusalText() {
        var refusal = SettingsRefusal()
        refusal.add(.service("photometer-2"), ["A is wrong", "B is wrong"])
        refusal.add(.service("photometer-1"), ["A is wrong"])
        refusal.add(.service("ingest"), [])
        #expect(
            refusal.text == """
                the settings cannot be used, so everything was stopped:
                  photometer-1, photometer-2: A is wrong
                  photometer-2: B is wrong
                  ingest: it does not say why; see its log
                """)
    }

    @Test("what a service says of its settings is found in its log, but not what it said when it was started before")
    func logTail() throws {
        let log = URL(filePath: "/tmp/nightjar-log-\(UUID().uuidString)")
        defer { unlink(log.path) }
        let old = "2026 ingest[1] error settings refused: OLD is wrong\n"
        let new = "2026 ingest[2] info x\n2026 ingest[2] error settings refused: A: is wrong\n"
        try Data((old + new).utf8).write(to: log)
        #expect(LogTail(log, from: old.utf8.count).refusals == ["A: is wrong"])
        #expect(LogTail(log, from: 0).refusals == ["OLD is wrong", "A: is wrong"])
        #expect(LogTail(log, from: 1 << 20).lines.isEmpty)
        #expect(LogTail(URL(filePath: "/nowhere/log"), from: 0).lines.isEmpty)
    }

    @Test("after three ends in a row the end of the log is told, once, and the service is still started again")
    func failuresInARow() throws {
        let told = Mutex<[String]>([])
        let report: @Sendable (String) -> Void = { line in told.withLock { $0.append(line) } }
        let script = "echo line $$; exec sh -c 'echo cannot open the door >&2; exit 1'"
        var settings = RestartPolicy.Settings()
        settings.firstDelaySeconds = 0.01
        settings.longestDelaySeconds = 0.02
        try withSystem(services: [Self.service("a", script)], settings: settings, report: report) {
            (supervisor, folder) throws in
            #expect(eventually { supervisor.status().contains { $0.name == "a" && $0.restarts >= 5 } })
            let lines = told.withLock { $0 }
            let heading = "a has ended 3 times in a row; the last lines of \(folder.path)/logs/a.log:"
            #expect(lines.count { $0 == heading } == 1)
            #expect(lines.contains("    cannot open the door"))
            #expect(throws: Never.self) { try supervisor.check() }
        }
    }

    @Test(
        "a second system on the same directory is refused with the first one's pid, and may start when that has stopped"
    )
    func lock() throws {
        try withSystem(services: []) { first, folder in
            let second = Supervisor(first.plan)
            let error = #expect(throws: SystemError.self) { try second.start() }
            #expect(
                error?.description.contains("\(folder.path) is in use by another nightjar (pid \(getpid()))") == true)
            first.stop()
            try second.start()
            second.stop()
        }
    }

    @Test("a missing executable is named before anything starts")
    func missingExecutable() throws {
        let folder = URL(filePath: "/tmp/nightjar-test-none")
        let services = ServiceSpec.six(in: URL(filePath: "/nowhere"), photometers: 2, environment: [:])
        #expect(services.flatMap(\.instances).count == 7)
        #expect(services.filter { !$0.usesDatabase }.map(\.name) == ["photometer", "calibrator", "ingest"])
        let plan = SystemPlan(
            dataDirectory: folder, broker: .external("x:1"), database: .external("y"), services: services,
            environment: [:])
        let error = #expect(throws: SystemError.self) { try Supervisor(plan).start() }
        #expect(error?.description.hasPrefix("/nowhere/archiver is not there") == true)
        #expect(!FileManager.default.fileExists(atPath: folder.path))
    }
}
