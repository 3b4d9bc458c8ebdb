internal import Events
internal import Foundation
internal import FrameStore
internal import Pipeline
internal import PostgresStore
internal import StoredCatalogues

/// All that the archiver does, wired: which event goes where, and the duties beside the events.
final class Stages {
    private let archive: Archive
    private let sink: any Sink
    private let ledger: LedgerStage
    private let reference: ReferenceStars?
    private let measure: MeasureStage
    private let harvest: HarvestStage
    private let close: CloseStage
    private let sweep: Sweep
    private let noon: NoonClose
    private let closesAtNoon: Bool
    private let sweepSeconds: Double
    private var nextSweep: Double

    init(
        archive: Archive, store: FrameStore, sink: any Sink, sweepSeconds: Double, closeSeconds: Double, log: Log,
        catalogue: CatalogueInUse.Place? = nil
    ) {
        self.archive = archive
        self.sink = sink
        ledger = LedgerStage(archive: archive)
        reference = catalogue.map { ReferenceStars($0, store: store, log: log) }
        measure = MeasureStage(archive: archive, store: store, reference: reference)
        harvest = HarvestStage(archive: archive)
        close = CloseStage(archive: archive, measure: measure, log: log)
        sweep = Sweep(archive: archive, store: store, patienceSeconds: sweepSeconds, log: log)
        noon = NoonClose(archive: archive, quietSeconds: closeSeconds, log: log)
        closesAtNoon = closeSeconds > 0
        self.sweepSeconds = sweepSeconds
        nextSweep = Pipeline.Clock.system.elapsed() + sweepSeconds
    }

    var routes: Routes {
        Routes()
            .on(FrameReceived.self, noting(ledger.received))
            .on(FrameDuplicated.self, ledger.duplicated)
            .on(FrameRejected.self, ledger.rejected)
            .on(MasterBuilt.self, ledger.master)
            .on(FrameCalibrated.self, noting(ledger.calibrated))
            .on(FrameMeasured.self, noting(thenPublish(measure.measured)))
            .on(MeasurementMade.self, noting(thenPublish(measure.made)))
            .on(PhotometryHarvested.self, thenPublish(harvest.harvested))
            .on(NightRecalibrated.self, close.recalibrated)
            .on(MessageDeadLettered.self, ledger.deadLettered)
            .on(ServiceHeartbeat.self, ledger.heartbeat)
    }

    /// The outbox is published before the message is acknowledged; what a crash leaves in it is published by the next
    /// turn.
    private func thenPublish<Payload: EventPayload>(
        _ stage: @escaping (Event<Payload>) throws -> [Outgoing]
    ) -> (Event<Payload>) throws -> [Outgoing] {
        { event in
            let outgoing = try stage(event)
            try self.archive.outbox.publishPending(to: self.sink, in: self.archive.database)
            return outgoing
        }
    }

    /// Tells the sweep that the work goes on.
    private func noting<Payload: EventPayload>(
        _ stage: @escaping (Event<Payload>) throws -> [Outgoing]
    ) -> (Event<Payload>) throws -> [Outgoing] {
        { event in
            let outgoing = try stage(event)
            self.sweep.noteProgress()
            return outgoing
        }
    }

    func periodically() throws -> [Outgoing] {
        try measure.placeNewTargets()
        try close.advance()
        if Pipeline.Clock.system.elapsed() >= nextSweep {
            nextSweep = Pipeline.Clock.system.elapsed() + min(sweepSeconds, 10)
            try sweep.run()
            try archive.database.transaction { try measure.objects.statistics.settle() }
            if closesAtNoon { try noon.run(nowMJD: Pipeline.Clock.system.now() / 86_400 + 40_587) }
        }
        try archive.outbox.publishPending(to: sink, in: archive.database)
        return []
    }

    func completeHeartbeat(_ beat: inout ServiceHeartbeat) throws {
        let row = try archive.database.execute(
            "select count(*) as received, count(*) filter (where fate is null) as pending from archive.frame")[0]
        beat.receivedFrames = try row.int("received")
        beat.pendingFrames = try row.int("pending")
        if let problem = reference?.problem, beat.state == "running" {
            beat.state = "running without zero points: \(problem)"
        }
    }
}
