internal import AlertRules
internal import Events
internal import Foundation
internal import Imaging
internal import Pipeline
internal import PostgresStore

/// Evaluates the rules whenever a point comes, changes or goes, and says what is new.
///
/// The alerter keeps the current version of every point in a table of its own. Points it has missed are fetched from
/// the archive's read-only view, so a rule that is new has its baseline and a broker that lost messages costs time, not
/// alerts.
struct AlertStage {
    let database: Database
    let sink: any Sink
    let clock: Pipeline.Clock
    let inbox = Inbox(schema: AlertSchema.name)
    let outbox = Outbox(schema: AlertSchema.name)
    private let log: Log
    private let broken = BrokenRules()

    /// What source flags mean for rules.
    static let flags = FlagPolicy(
        unusable: SourceFlags([.noData, .apertureTruncated]).rawValue, saturated: SourceFlags.saturated.rawValue)

    init(database: Database, sink: any Sink, log: Log, clock: Pipeline.Clock = .system) {
        self.log = log
        self.database = database
        self.sink = sink
        self.clock = clock
    }

    /// `photometry.measured`
    func measured(_ event: Event<PhotometryMeasured>) throws -> [Outgoing] {
        try database.transaction {
            guard try inbox.firstTime(event.id, topic: PhotometryMeasured.type.topic, in: database) else { return }
            if try keep(event.payload) { try evaluate(target: event.payload.target, trace: event.trace) }
        }
        try outbox.publishPending(to: sink, in: database)
        return []
    }

    /// Fetches what was missed, and evaluates rules that are new or changed.
    func catchUp() throws -> [Outgoing] {
        try database.transaction {
            for target in try fetchMissed() { try evaluate(target: target, trace: Trace()) }
            let changed = try database.execute(
                """
                update alerts.rule set evaluated_revision = revision where evaluated_revision < revision
                returning rule
                """
            )
            guard !changed.isEmpty else { return }
            let targets = try database.execute("select distinct target from alerts.point order by target")
            for row in targets { try evaluate(target: row.text("target"), trace: Trace()) }
        }
        try outbox.publishPending(to: sink, in: database)
        return []
    }

    // MARK: Points

    /// - Returns: whether this version is newer than what was known.
    private func keep(_ point: PhotometryMeasured) throws -> Bool {
        try database.execute(
            """
            insert into alerts.point (target, point_id, version, measured) values ($1, $2, $3, $4)
            on conflict (target, point_id) do update set version = excluded.version, measured = excluded.measured
            where point.version < excluded.version
            """,
            [.text(point.target), .text(point.frameID), .int(point.version), .json(try EventCodec.json(point))]
        ).affected == 1
    }

    /// - Returns: targets with points that were missed.
    private func fetchMissed() throws -> [String] {
        let exists = try database.execute("select to_regclass('archive.light_curve') is not null as ready")
        guard try exists[0].bool("ready") else { return [] }
        let rows = try database.execute(
            """
            insert into alerts.point (target, point_id, version, measured)
            select l.target, l.point_id, l.version, l.payload from archive.light_curve l
            left join alerts.point p using (target, point_id)
            where p.version is null or p.version < l.version
            on conflict (target, point_id) do update set version = excluded.version, measured = excluded.measured
            where point.version < excluded.version
            returning target
            """)
        return Set(try rows.map { try $0.text("target") }).sorted()
    }

    private func points(of target: String) throws -> [PhotometryMeasured] {
        try database.execute("select measured from alerts.point where target = $1 order by point_id", [.text(target)])
            .map {
                try JSONDecoder().decode(PhotometryMeasured.self, from: $0.data("measured"))
            }
    }

    // MARK: Rules

    /// One rule that cannot be read is named and left out: the others go on.
    private func rules(for target: String) throws -> [RuleDocument] {
        let rows = try database.execute("select rule, document from alerts.rule where not removed order by rule")
        return try rows.compactMap { row in
            let name = try row.text("rule")
            do {
                return try RuleDocument(json: row.data("document"), file: "rule \(name)")
            } catch let error as RuleDocumentError {
                if broken.add(error.description) { log.error("rule left out", ["reason": error.description]) }
                return nil
            }
        }.filter { $0.concerns(target: target) }
    }

    private func evaluate(target: String, trace: Trace) throws {
        let rules = try rules(for: target)
        guard !rules.isEmpty else { return }
        let measured = try points(of: target)
        let rulePoints = measured.filter { !$0.withdrawn }.map(RulePoint.init)
        let published = try database.execute(
            "select published from alerts.alert where target = $1 order by alert_id", [.text(target)]
        ).map { try JSONDecoder().decode(PublishedAlert.self, from: $0.data("published")) }
        let position = try position(of: target)
        for rule in rules {
            let found = AlertRules.evaluate(rule, target: target, points: rulePoints, flags: Self.flags)
            let actions = reconcile(
                rule, target: target, previous: published, now: found, nowMJDUTC: clock.now() / 86_400 + 40_587)
            for action in actions {
                var alert = AlertRaised(action, rule: rule, points: measured)
                alert.raDegrees = position?.raDegrees
                alert.decDegrees = position?.decDegrees
                try raise(alert, action.published, trace)
            }
        }
    }

    private func position(of target: String) throws -> (raDegrees: Double, decDegrees: Double)? {
        guard try database.execute("select to_regclass('archive.target') is not null as ready")[0].bool("ready") else {
            return nil
        }
        let rows = try database.execute(
            "select ra_deg, dec_deg from archive.target where target = $1 and ra_deg is not null", [.text(target)])
        return try rows.first.map { (try $0.double("ra_deg"), try $0.double("dec_deg")) }
    }

    private func raise(_ alert: AlertRaised, _ published: PublishedAlert, _ trace: Trace) throws {
        let raised = SQLValue.json(try EventCodec.json(alert))
        try database.execute(
            """
            insert into alerts.alert
                (alert_id, rule, rule_revision, target, filter, sequence, retracted, published, raised)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            on conflict (alert_id) do update set sequence = excluded.sequence, retracted = excluded.retracted,
                published = excluded.published, raised = excluded.raised, raised_at = now()
            """,
            [
                .text(alert.alertID), .text(alert.rule), .int(alert.ruleRevision), .text(alert.target),
                .text(alert.filter),
                .int(alert.sequence), .bool(published.retracted), .json(try EventCodec.json(published)), raised,
            ])
        let message = try EventCodec.encode(alert, source: "alerter", trace: trace, time: iso8601(clock.now()))
        try database.execute(
            """
            insert into alerts.history (event_id, alert_id, alert_type, rule, raised) values ($1, $2, $3, $4, $5)
            on conflict do nothing
            """,
            [
                .text(EventCodec.id(of: alert)), .text(alert.alertID), .text(alert.alertType.rawValue),
                .text(alert.rule),
                raised,
            ])
        var forSubscribers = message
        forSubscribers.topic = AlertRaised.topic(ofRule: alert.rule)
        try outbox.add([message, forSubscribers], in: database)
    }
}

/// What was said of rules already, so that it is said once and not with every point.
private final class BrokenRules {
    private var said: Set<String> = []

    func add(_ text: String) -> Bool { said.insert(text).inserted }
}
