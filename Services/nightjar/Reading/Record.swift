internal import AlertRules
internal import Events
internal import Foundation
internal import Instruments
internal import Pipeline
internal import PostgresStore
internal import Sky

/// The record as the command line reads it, and the few things it writes there: documents, requests to close a
/// night.
final class Record {
    let database: Database

    init(_ database: Database) {
        self.database = database
    }

    /// Waits until archiver and alerter have made their tables.
    ///
    /// - Parameter check: throws when there is no use in waiting any longer.
    func waitUntilReady(seconds: Double, check: () throws -> Void = {}) throws {
        let deadline = Date().addingTimeInterval(seconds)
        while true {
            try check()
            do {
                let row = try database.execute(
                    """
                    select to_regclass('archive.outbox') is not null
                        and to_regclass('alerts.outbox') is not null as ready
                    """)[0]
                if try row.bool("ready") { return }
            } catch let away as Unavailable {
                if Date() > deadline { throw away }
            }
            guard Date() < deadline else {
                throw SystemError(
                    "the database has no tables after \(Int(seconds)) s: does the archiver run? See its log.")
            }
            Thread.sleep(forTimeInterval: 0.1)
        }
    }

    // MARK: Documents

    /// Stores a target, or a new revision of it. `DocumentIntake` decides whether it may be stored.
    func add(_ target: TargetDocument) throws {
        let position = try target.position()
        try database.execute(
            """
            insert into archive.target (target, revision, document, ra_deg, dec_deg) values ($1, $2, $3, $4, $5)
            on conflict (target) do update set document = excluded.document, removed = false,
                ra_deg = excluded.ra_deg, dec_deg = excluded.dec_deg, revision = excluded.revision
            """,
            [
                .text(target.id), .int(target.revision), .json(try EventCodec.json(target)),
                SQLValue(position?.raDegrees), SQLValue(position?.decDegrees),
            ])
    }

    func add(_ rule: RuleDocument) throws {
        try database.execute(
            """
            insert into alerts.rule (rule, revision, document) values ($1, $2, $3)
            on conflict (rule) do update set document = excluded.document, revision = excluded.revision, removed = false
            """, [.text(rule.id), .int(rule.revision), .json(try rule.json())])
    }

    /// Targets in force and those that have points, in order of id.
    func targets() throws -> [String] {
        try database.execute(
            """
            select target from archive.target where not removed
            union select distinct target from archive.point order by target
            """
        ).map { try $0.text("target") }
    }

    func filters(of target: String) throws -> [String] {
        try database.execute(
            "select distinct filter from archive.point where target = $1 order by filter", [.text(target)]
        ).map { try $0.text("filter") }
    }

    // MARK: Nights

    /// Nights of which the ledger has frames: (instrument, night).
    func nights() throws -> [(instrument: String, night: String)] {
        try database.execute(
            "select distinct instrument, night from archive.frame where night is not null order by night, instrument"
        ).map { (try $0.text("instrument"), try $0.text("night")) }
    }

    /// Asks the archiver to close a night; one that is closed is closed again, as a new revision.
    func requestClose(instrument: String, night: String) throws {
        try database.execute(
            """
            insert into archive.night (instrument, night, state, revision) values ($1, $2, 'requested', 1)
            on conflict (instrument, night) do update set state = 'requested', revision = night.revision + 1,
                recipes = null, requested_at = now()
            where night.state = 'closed'
            """, [.text(instrument), .text(night)])
    }

    func openNights() throws -> Int {
        try database.execute("select count(*) as open from archive.night where state <> 'closed'")[0].int("open")
    }

    /// What is still under way: events to be sent, points the alerter has not seen, requests without an answer.
    func unfinished() throws -> Int {
        try database.execute(
            """
            select (select count(*) from archive.outbox) + (select count(*) from alerts.outbox)
                + (select count(*) from archive.request where not answered)
                + (select count(*) from archive.target where not removed and placed_revision < revision)
                + (select count(*) from archive.light_curve l left join alerts.point p using (target, point_id)
                   where p.version is distinct from l.version)
                + (select count(*) from alerts.rule where not removed and evaluated_revision < revision) as open
            """)[0].int("open")
    }
}
