import AlertRules
import Events
import Foundation
import Pipeline
import PostgresStore
import TestKit
import Testing

@testable import alerter

/// An alerter with a database of its own and a bus in memory.
private final class Bench {
    let database: Database
    let bus = InMemoryBus()
    let lines = LogLines()
    let stage: AlertStage
    private var heard = 0

    init() throws {
        database = try Cluster.newDatabase()
        try Migrations(schema: AlertSchema.name, AlertSchema.migrations).apply(to: database)
        // 2025-03-02
        stage = AlertStage(
            database: database, sink: bus.sink(), log: lines.log,
            clock: Pipeline.Clock(now: { 1_740_873_600 }, elapsed: { 0 }))
    }

    func rule(_ id: String = "bright", brighterThan magnitude: Double = 11, revision: Int = 1) throws {
        let document = """
            {"id": "\(id)", "name": "\(id)", "revision": \(revision), "target": "*",
             "kind": {"brighterThan": {"magnitude": \(magnitude)}}}
            """
        try database.execute(
            """
            insert into alerts.rule (rule, revision, document) values ($1, $2, $3)
            on conflict (rule) do update set revision = excluded.revision, document = excluded.document
            """, [.text(id), .int(revision), .json(Data(document.utf8))])
    }

    func point(
        _ number: Int, _ magnitude: Double?, version: Int = 1, target: String = "star", system: String = "Vega",
        withdrawn: Bool = false
    ) -> PhotometryMeasured {
        var point = PhotometryMeasured(
            measurementID: String(repeating: "0", count: 24) + String(10_000_000 + 100 * number + version),
            target: target,
            frameID: "frame-\(number)", version: version, provisional: false, filter: "V", magnitudeSystem: system,
            midpointMJDUTC: 60736 + Double(number) / 1440, flags: 0, instrument: "cam", field: "f", source: "nightjar")
        point.magnitude = magnitude
        point.magnitudeError = magnitude == nil ? nil : 0.01
        point.withdrawn = withdrawn
        return point
    }

    /// - Returns: the alerts this point led to.
    @discardableResult
    func hear(_ point: PhotometryMeasured) throws -> [AlertRaised] {
        let event = Event(id: EventCodec.id(of: point), source: "archiver", payload: point, trace: Trace())
        _ = try stage.measured(event)
        return try news()
    }

    func news() throws -> [AlertRaised] {
        let all = try bus.messages(on: AlertRaised.type.topic).map { try EventCodec.decode(AlertRaised.self, from: $0) }
            .map(\.payload)
        defer { heard = all.count }
        return Array(all.dropFirst(heard))
    }
}

@Suite("The alerter")
struct AlertStageTests {
    @Test("an alert comes once, whatever is said twice, and an old version after a new one changes nothing")
    func once() throws {
        let bench = try Bench()
        try bench.rule()
        #expect(try bench.hear(bench.point(1, 10.5)).isEmpty)
        #expect(try bench.hear(bench.point(2, 10.4)).map(\.alertType) == [.initial])
        #expect(try bench.hear(bench.point(2, 10.4)).isEmpty)
        #expect(try bench.hear(bench.point(2, 10.3, version: 3)).allSatisfy { $0.alertType == .update })
        #expect(try bench.hear(bench.point(2, 15, version: 2)).isEmpty)
        let own = bench.bus.messages(on: "nightjar.alerts.bright.v1")
        #expect(own.count == bench.bus.messages(on: AlertRaised.type.topic).count)
    }

    @Test("when newer versions of the points, or their withdrawal, do not bear an alert out it is retracted, once")
    func retraction() throws {
        for withdrawn in [false, true] {
            let bench = try Bench()
            try bench.rule()
            try bench.hear(bench.point(1, 10.5))
            let first = try #require(bench.hear(bench.point(2, 10.4)).first)
            var news = try bench.hear(bench.point(1, withdrawn ? nil : 14, version: 2, withdrawn: withdrawn))
            news += try bench.hear(bench.point(2, withdrawn ? nil : 14, version: 2, withdrawn: withdrawn))
            #expect(news.last?.alertType == .retraction)
            #expect(news.allSatisfy { $0.alertID == first.alertID })
            #expect(news.map(\.sequence) == Array(1...news.count))
            #expect(news.last?.text.contains("Retracted") == true)
            #expect(try bench.stage.catchUp().isEmpty && bench.news().isEmpty)
            // The same star again makes a new alert.
            try bench.hear(bench.point(5, 10.2))
            #expect(try bench.hear(bench.point(6, 10.2)).map(\.alertType) == [.initial])
        }
    }

    @Test("an alert with a magnitude says in which system, also when it is taken back after its point is gone")
    func magnitudeSystem() throws {
        let bench = try Bench()
        try bench.rule()
        try bench.hear(bench.point(1, 10.5))
        try bench.hear(bench.point(2, 10.4))
        try bench.database.execute("delete from alerts.point where point_id = 'frame-2'")
        try bench.hear(bench.point(1, 14, version: 2))
        let all = try bench.bus.messages(on: AlertRaised.type.topic).map {
            try EventCodec.decode(AlertRaised.self, from: $0)
        }
        #expect(all.last?.payload.alertType == .retraction)
        for alert in all.map(\.payload) { #expect(alert.magnitude == nil || alert.magnitudeSystem != nil, "\(alert)") }
    }

    @Test("a rule that comes late is evaluated over all points there are")
    func lateRule() throws {
        let bench = try Bench()
        for number in 1...5 { try bench.hear(bench.point(number, 10.5)) }
        try bench.rule()
        _ = try bench.stage.catchUp()
        #expect(try bench.news().map(\.alertType) == [.initial])
        _ = try bench.stage.catchUp()
        #expect(try bench.news().isEmpty)
        try bench.rule(brighterThan: 5, revision: 2)
        _ = try bench.stage.catchUp()
        #expect(try bench.news().allSatisfy { $0.ruleRevision == 2 || $0.alertType == .retraction })
    }

    @Test("a broker that is away delays an alert and does not lose it")
    func brokerAway() throws {
        let bench = try Bench()
        try bench.rule()
        try bench.hear(bench.point(1, 10.5))
        bench.bus.setAway(true)
        #expect(throws: Unavailable.self) { try bench.hear(bench.point(2, 10.4)) }
        bench.bus.setAway(false)
        #expect(try bench.hear(bench.point(2, 10.4)).map(\.alertType) == [.initial])
    }

    @Test("a rule that cannot be read is named, and the other rules go on")
    func brokenRule() throws {
        let bench = try Bench()
        try bench.rule()
        try bench.database.execute(
            "insert into alerts.rule (rule, revision, document) values ('broken', 1, $1)",
            [.json(Data(#"{"id": "broken", "kinds": 5}"#.utf8))]
        )
        try bench.hear(bench.point(1, 10.5))
        #expect(try bench.hear(bench.point(2, 10.4)).map(\.rule) == ["bright"])
        _ = try bench.stage.catchUp()
        #expect(bench.lines.all.filter { $0.contains("rule left out") && $0.contains("kinds") }.count == 1)
    }

    @Test("a rule document with a wrong field is refused with file and field")
    func wrongField() throws {
        let document =
            #"{"id": "a", "name": "A", "revision": 1, "target": "*", "kind": {"brighterThan": {"magnitde": 9}}}"#
        do {
            _ = try RuleDocument(json: Data(document.utf8), file: "nova.json")
            Issue.record("a wrong document was taken")
        } catch {
            #expect("\(error)".contains("nova.json") && "\(error)".contains("magnitde"), "\(error)")
        }
    }

    @Test("messages that are no events of ours end as dead letters with their cause, and a point between them goes on")
    func hostile() throws {
        let bench = try Bench()
        try bench.rule()
        let routes = Routes().on(PhotometryMeasured.self, bench.stage.measured)
        let hostile = try routes.types.flatMap { try HostileMessages.all(on: $0, example: publishedExample(of: $0)) }
        let points = try [1, 2].map {
            try EventCodec.encode(bench.point($0, 10.5), source: "archiver", trace: Trace(), time: "")
        }
        let letters = try handleAll(
            hostile.map(\.message) + points, service: "alerter", routes: routes, bus: bench.bus, log: LogLines().log)
        #expect(letters.count == hostile.count)
        for one in hostile {
            let letter = letters["\(one.message.topic) \(one.message.key)"]
            #expect(letter?.error.contains(one.cause) == true, "\(one.message.key): \(letter?.error ?? "no letter")")
        }
        #expect(try bench.news().map(\.alertType) == [.initial])
    }
}
