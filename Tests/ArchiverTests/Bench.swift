import Events
import FITS
import Foundation
import FrameStore
import Imaging
import Instruments
import Pipeline
import PostgresStore
import TestKit
import Testing

@testable import archiver

/// An archiver with a database of its own, a frame store and a bus in memory.
final class Bench {
    let database: Database
    let store: FrameStore
    let bus = InMemoryBus()
    let lines = LogLines()
    let archive: Archive
    let night = "2025-03-01"

    init(_ root: String) throws {
        database = try Cluster.newDatabase()
        try Migrations(schema: ArchiveSchema.name, ArchiveSchema.migrations).apply(to: database)
        store = try FrameStore(root)
        let clock = clock
        archive = Archive(database: database, now: { clock.time })
    }

    /// What the archiver takes for now.
    final class SetClock { var time = "2026-01-01T00:00:00.000Z" }
    private let clock = SetClock()
    var time: String {
        get { clock.time }
        set { clock.time = newValue }
    }

    var ledger: LedgerStage { LedgerStage(archive: archive) }
    /// The catalogue that zero points are fitted to.
    var reference: ReferenceStars?
    var measure: MeasureStage { MeasureStage(archive: archive, store: store, reference: reference) }
    var close: CloseStage { CloseStage(archive: archive, measure: measure, log: lines.log) }
    /// Its sweep has no patience.
    lazy var sweep = Sweep(archive: archive, store: store, patienceSeconds: 0, log: lines.log)
    lazy var stages = Stages(
        archive: archive, store: store, sink: bus.sink(), sweepSeconds: 3600, closeSeconds: 3600, log: lines.log)

    /// Hands one event to the stage it is for.
    func hear(_ payload: any EventPayload) throws {
        switch payload {
        case let it as FrameReceived: _ = try ledger.received(event(it))
        case let it as FrameRejected: _ = try ledger.rejected(event(it))
        case let it as FrameDuplicated: _ = try ledger.duplicated(event(it))
        case let it as MasterBuilt: _ = try ledger.master(event(it))
        case let it as FrameCalibrated: _ = try ledger.calibrated(event(it))
        case let it as MessageDeadLettered: _ = try ledger.deadLettered(event(it))
        case let it as FrameMeasured: _ = try measure.measured(event(it))
        case let it as MeasurementMade: _ = try measure.made(event(it))
        case let it as NightRecalibrated: _ = try close.recalibrated(event(it))
        case let it as ServiceHeartbeat: _ = try ledger.heartbeat(event(it))
        default: Issue.record("nobody hears \(payload)")
        }
    }

    /// What the archiver has said since the last time.
    func said<Payload: EventPayload>(_ type: Payload.Type) throws -> [Payload] {
        let before = bus.messages(on: Payload.type.topic).count
        try archive.outbox.publishPending(to: bus.sink(), in: database)
        return try bus.events(type).dropFirst(before).map(\.payload)
    }

    // MARK: Frames

    func received(_ number: Int, _ kind: Events.FrameKind = .light) -> FrameReceived {
        let frameID = hexadecimal(number)
        let raw = StoredFile(url: "frames:raw/00/\(frameID)\(frameID)", sha256: frameID + frameID, bytes: 5760)
        var exposure = Events.ExposureFacts(
            kind: kind, exposureSeconds: 30, midpointMJDUTC: 60735.9 + Double(number % 1000) / 1440, binningX: 1,
            binningY: 1,
            width: 200, height: 150)
        exposure.filter = "V"
        var instrument = Events.InstrumentFacts(id: "cam", revision: 1, gainSource: "document")
        instrument.gainElectronsPerADU = 1
        return FrameReceived(
            frameID: frameID, raw: raw, originalName: "frame-\(number).fits", contentSHA256: frameID + frameID,
            night: night,
            instrument: instrument, exposure: exposure, notes: [])
    }

    func calibrated(_ number: Int, recipe: String = "c1", rank: Int = 0) -> FrameCalibrated {
        let file = StoredFile(url: "frames:calibrated/00/\(hexadecimal(number))-\(recipe).fits", sha256: "0", bytes: 1)
        return FrameCalibrated(
            received: received(number), recipe: recipe, masterRank: rank, calibrated: file, masters: [], flags: [])
    }

    func measured(_ number: Int, recipe: String = "c1", rank: Int = 0, table: StoredFile) -> FrameMeasured {
        var event = FrameMeasured(
            frame: calibrated(number, recipe: recipe, rank: rank), recipe: "m-\(recipe)", field: "cam/field",
            detections: table,
            detectionCount: 3, apertureRadiusPixels: 4, hasWorldCoordinates: false, flags: [])
        event.fwhmPixels = 3
        return event
    }

    func rejected(_ number: Int, by stage: String) -> FrameRejected {
        FrameRejected(
            frameID: hexadecimal(number), originalName: "frame-\(number).fits", instrument: "cam", raw: nil,
            stage: stage,
            code: "corrupt", reason: "frame-\(number).fits: damaged")
    }

    func letter(_ number: Int, by service: String) -> MessageDeadLettered {
        MessageDeadLettered(
            service: service, originalTopic: "nightjar.frame.calibrated.v1", originalPartition: 0,
            originalOffset: number,
            originalKey: "k", originalHeaders: [], originalValueBase64: "", error: "it crashed", attempts: 3,
            frameID: hexadecimal(number), sequence: 0)
    }

    func master(of numbers: [Int], _ kind: MasterKind = .flat) -> MasterBuilt {
        MasterBuilt(
            masterID: "master-\(numbers)", kind: kind, instrument: "cam", night: night,
            file: StoredFile(url: "frames:masters/cam/m.fits", sha256: "0", bytes: 1), exposureSeconds: 1, binningX: 1,
            binningY: 1, width: 200, height: 150, midpointMJDUTC: 60735, inputs: numbers.map(hexadecimal), parents: [],
            flags: [])
    }

    /// A table of detections in the store.
    func table(_ stars: [(x: Double, y: Double, flux: Double)], as name: String = "detections/t.fits") throws
        -> StoredFile
    {
        func column(_ name: String, _ values: [Double]) -> FITSColumn {
            FITSColumn(name: name, values: .double(values))
        }
        let ordered = stars.sorted { $0.flux > $1.flux }
        let unknown = [Double](repeating: .nan, count: stars.count)
        let table = FITSTable(
            name: "DETECTIONS",
            columns: [
                column("x", ordered.map(\.x)), column("y", ordered.map(\.y)), column("ra_deg", unknown),
                column("dec_deg", unknown), column("flux_aperture", ordered.map(\.flux)),
                column("flux_aperture_err", ordered.map { $0.flux.squareRoot() }),
                column("fwhm_px", ordered.map { _ in 3 }), column("peak", ordered.map { $0.flux / 20 }),
                FITSColumn(name: "flags", values: .int32(ordered.map { _ in 0 })),
            ])
        return try store.write(name) { try table.write(to: $0) }
    }

    // MARK: Rows

    func fate(_ number: Int) throws -> String? {
        try database.execute(
            "select coalesce(fate, 'pending') as fate from archive.frame where frame_id = $1",
            [.text(hexadecimal(number))]
        ).first.map { try $0.text("fate") }
    }

    func count(_ statement: String) throws -> Int {
        try database.execute("select count(*) as n from \(statement)").single("n")
    }

    func target(_ document: String) throws {
        try database.execute(
            """
            insert into archive.target (target, revision, document, ra_deg, dec_deg)
            values ($1::jsonb->>'id', ($1::jsonb->>'revision')::int, $1::jsonb, 200, 20)
            on conflict (target) do update set revision = excluded.revision, document = excluded.document
            """, [.json(Data(document.utf8))])
    }
}

func hexadecimal(_ number: Int) -> String {
    let text = String(number, radix: 16)
    return String(repeating: "0", count: 32 - text.count) + text
}

func event<Payload: EventPayload>(_ payload: Payload) -> Event<Payload> {
    Event(id: EventCodec.id(of: payload), source: "test", payload: payload, trace: Trace())
}

func withBench(_ body: (Bench) throws -> Void) throws {
    try withFolder { try body(Bench($0.path)) }
}
