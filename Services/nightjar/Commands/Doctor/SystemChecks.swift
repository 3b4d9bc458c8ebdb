internal import Events
internal import Foundation
internal import FrameStore
internal import KafkaBus
internal import Pipeline
internal import PostgresStore

/// What can be seen of a running system, or of the broker, database and frame store it would use.
struct SystemChecks {
    /// A service that has said nothing for so long is taken for gone [s].
    static let silentSeconds = 60.0

    let address: SystemAddress

    func all() -> [Check] {
        [guarded("frame store", frameStore), guarded("broker", broker)] + database()
    }

    private func guarded(_ name: String, _ body: () throws -> Check) -> Check {
        do {
            return try body()
        } catch {
            return .wrong(name, "\(error)", fix: "see the message; the settings are in docs/cli.md")
        }
    }

    private var isDown: String { "no system runs on \(address.data.root.path)" }

    // MARK: Frame store

    private func frameStore() throws -> Check {
        guard let found = try address.frameStore() else { return .skipped("frame store", isDown) }
        let store: FrameStore
        do {
            store = try FrameStore(found.value)
        } catch {
            return .wrong("frame store", "\(found.origin): \(error)", fix: "mount it, or mend the setting")
        }
        let folder = URL(fileURLWithPath: store.root)
        if let refusal = LocalChecks.refusalToWrite(in: folder) {
            return .wrong(
                "frame store", "\(store.root) cannot be written: \(refusal)", fix: "mend its rights, or make room")
        }
        guard access(store.root, R_OK | X_OK) == 0 else {
            return .wrong(
                "frame store", "\(store.root) cannot be read: \(String(cString: strerror(errno)))",
                fix: "mend its rights")
        }
        return LocalChecks.space(in: folder, name: "frame store")
    }

    // MARK: Broker

    private func broker() throws -> Check {
        guard let found = try address.brokers(), !found.isEmbedded || address.holder() != nil else {
            return .skipped("broker", isDown)
        }
        let topics: [TopicDescription]
        do {
            topics = try TopicAdmin.list(try SystemAddress.connection(found), timeoutSeconds: 5)
        } catch let away as Unavailable {
            return .wrong(
                "broker", "\(away) (from \(found.origin))",
                fix: found.isEmbedded
                    ? "restart nightjar up" : "is the address right, does the broker run, is the port open?")
        }
        let sizes = Dictionary(topics.map { ($0.name, $0.partitions) }, uniquingKeysWith: { first, _ in first })
        let missing = EventType.all.filter { sizes[$0.topic] == nil }.map(\.topic)
        let differing = EventType.all.filter { sizes[$0.topic] != nil && sizes[$0.topic] != $0.partitions }.map(
            \.topic)
        guard missing.isEmpty else {
            return .wrong(
                "broker", "\(found.value) lacks \(missing.joined(separator: ", "))", fix: "nightjar topics create")
        }
        guard differing.isEmpty else {
            return .warning(
                "broker", "\(found.value) has other numbers of partitions in \(differing.joined(separator: ", "))",
                fix: "nightjar topics list shows them; services must agree on them before there is data")
        }
        return .ok("broker", "\(found.value) has all \(EventType.all.count) topics")
    }

    // MARK: Database

    private func database() -> [Check] {
        do {
            guard let found = try address.database(), !found.isEmbedded || address.holder() != nil else {
                return [.skipped("database", isDown)]
            }
            let database = try Database(found.value, applicationName: "nightjar doctor", statementTimeoutSeconds: 10)
            let now = try database.execute("select extract(epoch from clock_timestamp())::float8 as now")[0]
            let difference = clockDifference(try now.double("now"))
            let check = try migrations(database)
            guard check.state == .ok else { return [check, difference] }
            let record = Record(database)
            return try [check, difference, services(database), work(database)] + colourFiles(record)
                + SequenceClaims.checks(in: record)
        } catch let away as Unavailable {
            return [.wrong("database", "\(away)", fix: "is the address right, and does PostgreSQL run?")]
        } catch {
            return [.wrong("database", "\(error)", fix: "see the message; the settings are in docs/cli.md")]
        }
    }

    private func migrations(_ database: Database) throws -> Check {
        let row = try database.execute(
            """
            select current_setting('server_version') as version, current_setting('server_encoding') as encoding,
                to_regclass('archive.migration') is not null and to_regclass('alerts.migration') is not null as ready
            """)[0]
        let version = try row.text("version")
        guard try row.text("encoding") == "UTF8" else {
            return .wrong(
                "database", "its encoding is \(try row.text("encoding"))", fix: "create it with encoding UTF8")
        }
        guard try row.bool("ready") else {
            return .wrong(
                "database", "PostgreSQL \(version) at \(database.address) has no tables yet",
                fix: "archiver and alerter make them when they start: see their logs")
        }
        let steps = try database.execute(
            """
            select (select max(number) from archive.migration) as archive,
                (select max(number) from alerts.migration) as alerts
            """)[0]
        let numbers = "archive at migration \(try steps.int("archive")), alerts at \(try steps.int("alerts"))"
        return .ok("database", "PostgreSQL \(version), \(numbers)")
    }

    private func clockDifference(_ databaseNow: Double) -> Check {
        let difference = abs(Date().timeIntervalSince1970 - databaseNow)
        let text = String(format: "this machine and the database differ by %.1f s", difference)
        return difference > 5 ? .warning("clocks", text, fix: "run a time service on both") : .ok("clocks", text)
    }

    /// Who has said lately that it lives, and what it waits for.
    private func services(_ database: Database) throws -> Check {
        let rows = try database.execute(
            """
            select instance, service, coalesce(beat->>'state', '') as state,
                extract(epoch from now() - arrived_at)::float8 as age from archive.heartbeat order by service, instance
            """)
        let alive = try rows.filter { try $0.double("age") < Self.silentSeconds }
        let names = Set(try alive.map { try $0.text("service") })
        // The harvester beats only where it has something to do.
        let silent = ["ingest", "calibrator", "photometer", "archiver", "alerter"].filter { !names.contains($0) }
        let waiting = try alive.filter { try $0.text("state") != "running" }.map {
            "\(try $0.text("instance")) \(try $0.text("state"))"
        }
        guard silent.isEmpty else {
            return .wrong(
                "services", "nothing heard for \(Int(Self.silentSeconds)) s from \(silent.joined(separator: ", "))",
                fix: "see their logs in \(address.data.root.path)/logs; just after the start wait a minute")
        }
        guard waiting.isEmpty else {
            return .warning(
                "services", waiting.joined(separator: "; ").printable, fix: "what they wait for must come back")
        }
        return .ok("services", "\(alive.count) alive: \(names.sorted().joined(separator: ", "))")
    }

    /// Said only where there is something to say.
    private func colourFiles(_ record: Record) throws -> [Check] {
        guard let files = try Ledger(record).incompleteFiles else { return [] }
        let names = files.prefix(5).map(\.finding)
        let more = files.count > 5 ? ["and \(files.count - 5) more: nightjar ledger names them"] : []
        return [.warning("colour files", (names + more).joined(separator: "\n"), fix: IncompleteFile.remedy)]
    }

    private func work(_ database: Database) throws -> Check {
        let row = try database.execute(
            """
            select count(*) filter (where fate is null) as pending,
                count(*) filter (where fate = 'deadLettered') as dead,
                coalesce(extract(epoch from now() - min(stage_since) filter (where fate is null)), 0)::float8 as oldest
            from archive.frame
            """)[0]
        let (pending, dead) = (try row.int("pending"), try row.int("dead"))
        let text = "\(pending) frames pending, \(dead) dead-lettered"
        if dead > 0 { return .warning("work", text, fix: "nightjar deadletter list") }
        if pending > 0, try row.double("oldest") > 900 {
            return .warning("work", "\(text); one has not moved for 15 minutes", fix: "nightjar ledger; see the logs")
        }
        return .ok("work", text)
    }
}
