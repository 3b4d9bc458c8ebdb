internal import DropFolder
internal import Events
internal import ForeignPhotometry
internal import Foundation
internal import Hashing
internal import Pipeline
internal import PostgresStore

/// Takes in one file: read, recognise the points, record them together with the events that tell of them, publish, and
/// only then move the file away. Every step can be done twice: a crash in between costs time, not points.
struct HarvestStage {
    let database: Database
    let sink: any Sink
    let clock: Pipeline.Clock
    private let outbox = Outbox(schema: HarvestSchema.name)

    init(database: Database, sink: any Sink, clock: Pipeline.Clock = .system) {
        self.database = database
        self.sink = sink
        self.clock = clock
    }

    /// - Throws: `Unavailable` for database and broker, `ChangedFile`, `ShelfError`; the file is then where it was.
    func takeIn(_ file: DroppedFile) throws -> FileReport {
        let recorded = try record(file)
        try publishPending()
        let shelf = recorded.report.outcome == .rejected ? Shelf.rejected : .accepted
        try shelf.take(file, note: recorded.report.note)
        try database.execute("update harvest.file set shelved = true where drop_id = $1", [.int(recorded.drop)])
        return recorded.report
    }

    /// Publishes what is in the outbox, also what a crash has left there.
    func publishPending() throws {
        while try outbox.publishPending(to: sink, limit: 100, in: database) > 0 {}
    }

    /// Announces again what the archive has not taken up: a bus that lost everything costs time, not points.
    func announceOverdue(patienceSeconds: Double) throws {
        try database.transaction {
            let events = try PointRecord(database: database).overdue(patienceSeconds: patienceSeconds)
            try announce(events, trace: Trace())
        }
        try publishPending()
    }

    // MARK: The record

    /// Records file, points and events, all or nothing; a file that was recorded already but not moved away gives the
    /// same report again.
    func record(_ file: DroppedFile) throws -> (drop: Int, report: FileReport) {
        let contents = try PhotometryFile(reading: file)
        return try database.transaction {
            // Two harvesters must not both find the same point new.
            try database.execute("select pg_advisory_xact_lock(hashtextextended('nightjar harvest', 0))")
            if let begun = try unfinished(file, sha256: contents.sha256) { return begun }
            let report = try takeUp(contents, of: file)
            let rows = try database.execute(
                """
                insert into harvest.file (sha256, place, name, outcome, report) values ($1, $2, $3, $4, $5)
                returning drop_id
                """,
                [
                    .text(report.sha256), .text(place(of: file)), .text(report.file), .text(report.outcome.rawValue),
                    .json(try EventCodec.json(report)),
                ])
            return (try rows[0].int("drop_id"), report)
        }
    }

    private func takeUp(_ contents: PhotometryFile, of file: DroppedFile) throws -> FileReport {
        var report = FileReport(file: file.relativePath, sha256: contents.sha256, outcome: .rejected, reason: "")
        guard let content = contents.content else {
            let most = PhotometryFile.mostBytes
            report.reason = "the file has \(file.state.bytes) bytes, more than \(most); split it"
            return report
        }
        let points = try resolve(content, into: &report)
        let new = try PointRecord(database: database).new(among: points, file: file.relativePath)
        try PointRecord(database: database).add(new, source: content.format.rawValue)
        try announce(
            try batches(of: new.map { ($0.resolved.target, $0.harvested) }, source: content.format.rawValue),
            trace: Trace(startingAt: String(contents.sha256.prefix(32))))
        report.newPoints = new.count
        report.knownPoints = points.count - new.count
        report.targets = Set(points.map(\.target)).sorted()
        try judge(&report)
        return report
    }

    /// Points that can be used; what is wrong with the others goes into the report.
    private func resolve(_ content: ForeignPhotometryFile, into report: inout FileReport) throws -> [ResolvedPoint] {
        let targets = try TargetNames(in: database)
        var problems = content.problems.map {
            NotedProblem(line: $0.lineNumber, column: $0.column, problem: $0.text)
        }
        report.problemCount = content.problemCount
        var points: [ResolvedPoint] = []
        for point in content.points {
            do {
                points.append(try ResolvedPoint(point, targets: targets))
            } catch {
                problems.append(error)
                report.problemCount += 1
            }
        }
        problems.sort { ($0.line, $0.problem) < ($1.line, $1.problem) }
        report.problems = Array(problems.prefix(FileReport.mostProblems))
        return points
    }

    private func judge(_ report: inout FileReport) throws {
        let earlier = try database.execute(
            "select name from harvest.file where sha256 = $1 order by drop_id limit 1", [.text(report.sha256)]
        ).first?.text("name")
        let again = earlier.map { "the same bytes as \(printable($0))" }
        let counts = "\(report.newPoints) new points, \(report.knownPoints) known, \(report.problemCount) problems"
        switch (report.newPoints + report.knownPoints, again) {
        case (0, nil):
            let first = report.problems.first.map { ": \($0.line > 0 ? "line \($0.line): " : "")\($0.problem)" }
            report.reason = "no usable point" + (first ?? "")
        case (0, let again?): report.reason = "no usable point; \(again), rejected too"
        case (_, let again?) where report.newPoints == 0:
            report.outcome = .duplicate
            report.reason = "\(again): nothing new"
        case (_, let again):
            report.outcome = .accepted
            report.reason = counts + (again.map { "; \($0), read again" } ?? "")
        }
    }

    private func announce(_ events: [PhotometryHarvested], trace: Trace) throws {
        try outbox.add(
            events.map { Outgoing($0) }, source: "harvester", trace: trace, time: iso8601(clock.now()), in: database)
    }

    // MARK: Files seen

    private func unfinished(_ file: DroppedFile, sha256: String) throws -> (drop: Int, report: FileReport)? {
        try database.execute(
            """
            select drop_id, report from harvest.file where sha256 = $1 and place = $2 and not shelved
            order by drop_id desc limit 1
            """,
            [.text(sha256), .text(place(of: file))]
        ).first.map { row in
            (try row.int("drop_id"), try JSONDecoder().decode(FileReport.self, from: row.data("report")))
        }
    }

    /// Where and in which state a file was dropped: tells a second look at one file from a second file.
    private func place(of file: DroppedFile) -> String {
        SHA256.hex(of: Data("\(file.path)|\(file.state.bytes)|\(file.state.changed)".utf8))
    }
}
