internal import Events
internal import Foundation
internal import FrameStore
internal import Instruments
internal import Pipeline
internal import PostgresStore

/// Records measured frames, finds the targets on them, and makes provisional points of the light curves.
struct MeasureStage {
    let archive: Archive
    let store: FrameStore
    let frames: FrameRecord
    let targets: TargetRecord
    let places: StarPlaces
    let fluxes: StarFluxes
    let points: PointStage
    let zeroPoints: ZeroPointStage
    let objects: ObjectStage

    init(archive: Archive, store: FrameStore, reference: ReferenceStars? = nil) {
        self.archive = archive
        self.store = store
        frames = FrameRecord(archive: archive)
        targets = TargetRecord(archive: archive)
        places = StarPlaces(frames: frames, store: store)
        fluxes = StarFluxes(archive: archive, frames: frames)
        points = PointStage(archive: archive, frames: frames, fluxes: fluxes, reference: reference)
        zeroPoints = ZeroPointStage(archive: archive, store: store, reference: reference)
        objects = ObjectStage(
            archive: archive, frames: frames, zeroPoints: zeroPoints.record, reference: reference)
    }

    /// `frame.measured`
    func measured(_ event: Event<FrameMeasured>) throws -> [Outgoing] {
        let version = FrameVersion(event.payload)
        let table = try DetectionTable(event.payload.detections, in: store)
        try archive.record(event) {
            try frames.add(version)
            try frames.addDetections(table, of: version)
            try archive.database.execute(
                """
                update archive.frame set fate = 'measured', reason = null, reason_code = null, ended_by = null,
                    stage = 'ended', stage_since = now()
                where frame_id = $1 and fate is distinct from 'measured'
                    and reason_code is distinct from 'superseded'
                """, [.text(version.frameID)])
            if try Supersession(archive: archive).isSuperseded(version.frameID) { return }
            try zeroPoints.provisional(version, table)
            try objects.add(version, table)
            for target in try targets.all() { try place(target, on: version) }
            try placeWaiting(for: version)
        }
        try settleAgain(version.frameID)
        return []
    }

    /// A frame that was announced again and comes to what is in the record already has its fate again.
    private func settleAgain(_ frameID: String) throws {
        try archive.database.execute(
            """
            update archive.frame set fate = 'measured', stage = 'ended', stage_since = now()
            where frame_id = $1 and fate is null and kind = 'light'
                and exists (select from archive.frame_version v where v.frame_id = frame.frame_id)
            """, [.text(frameID)])
    }

    /// `measurement.made`; counts when it is asked for, which may be again after it was forgotten: so the request, not
    /// the inbox, says whether it was dealt with.
    func made(_ event: Event<MeasurementMade>) throws -> [Outgoing] {
        try archive.database.transaction {
            guard let answer = try fluxes.answer(event.payload),
                let target = try targets.target(answer.target, revision: answer.revision)
            else { return }
            try points.provisional(target, on: answer.frame)
        }
        return []
    }

    /// Makes the objects of a night's final frames.
    func closeObjects(_ versions: [FrameVersion]) throws {
        var night = try NightObjects(versions, stage: objects)
        try night.close { try DetectionTable($0.measured.detections, in: store) }
    }

    /// Looks for targets that were added or changed on the frames of the past.
    func placeNewTargets() throws {
        for known in try archive.database.transaction({ try targets.unplaced() }) {
            try archive.database.transaction {
                guard let target = try targets.locked(known.id) else { return }
                for version in try frames.current("true", []) { try place(target, on: version, anew: true) }
                try targets.setPlaced(target)
            }
        }
    }

    /// - Parameter anew: whether its stars may be others than before, or elsewhere.
    private func place(_ target: RecordedTarget, on version: FrameVersion, anew: Bool = false) throws {
        guard case .places(let places) = try places.places(of: target, on: version, closing: false) else { return }
        if try fluxes.fill(target, at: places, on: version, closing: anew) {
            try points.provisional(target, on: version)
        }
    }

    /// When the frame that a target's pixels belong to comes, the frames that came before it can be placed.
    private func placeWaiting(for anchor: FrameVersion) throws {
        let name = anchor.measured.frame.originalName
        for target in try targets.all() {
            guard let wanted = target.document.pixel?.frame, wanted == name || wanted == anchor.frameID else {
                continue
            }
            for version in try frames.current("field = $1", [.text(anchor.field)]) where version != anchor {
                try place(target, on: version)
            }
        }
    }
}
