internal import Events
internal import Foundation
internal import Pipeline
internal import PostgresStore

/// Keeps the ledger: every frame ends in exactly one of measured, calibration, rejected, dead-lettered.
struct LedgerStage {
    let archive: Archive
    private var database: Database { archive.database }

    private let supersession: Supersession

    init(archive: Archive) {
        self.archive = archive
        supersession = Supersession(archive: archive)
    }

    func received(_ event: Event<FrameReceived>) throws -> [Outgoing] {
        let frame = event.payload
        try archive.record(event) {
            // A frame refused by ingest may come again and be fine, once its instrument's document has been mended.
            let mended = """
                frame.fate = 'rejected' and frame.ended_by = 'ingest'
                    and frame.reason_code is distinct from 'superseded'
                """
            try database.execute(
                """
                insert into archive.frame
                    (frame_id, instrument, night, original_name, kind, midpoint_mjd_utc, received)
                values ($1, $2, $3, $4, $5, $6, $7)
                on conflict (frame_id) do update set
                    instrument = excluded.instrument, night = excluded.night, original_name = excluded.original_name,
                    kind = excluded.kind, midpoint_mjd_utc = excluded.midpoint_mjd_utc, received = excluded.received,
                    fate = case when \(mended) then null else frame.fate end,
                    reason_code = case when \(mended) then null else frame.reason_code end,
                    reason = case when \(mended) then null else frame.reason end,
                    ended_by = case when \(mended) then null else frame.ended_by end,
                    stage = case when \(mended) then 'received' else frame.stage end
                """,
                [
                    .text(frame.frameID), .text(frame.instrument.id), .text(frame.night), .text(frame.originalName),
                    .text(frame.exposure.kind.rawValue), .double(frame.exposure.midpointMJDUTC), .payload(frame),
                ])
            if frame.exposure.bayer != nil {
                try forgetRefusal(ofFile: FrameName.id(ofFile: frame.raw.sha256))
                try supersession.supersede(FrameName.id(ofFile: frame.raw.sha256))
            } else if try isSplit(frame.frameID) {
                try supersession.supersede(frame.frameID)
            }
            try settleCalibration([frame.frameID])
            try settleMeasured(frame.frameID)
        }
        return []
    }

    /// A file that ingest refused as a whole and now takes in as its channels is no frame of its own any more.
    private func forgetRefusal(ofFile id: String) throws {
        try database.execute(
            """
            delete from archive.frame
            where frame_id = $1 and fate = 'rejected' and ended_by = 'ingest' and received is null
            """, [.text(id)])
    }

    func duplicated(_ event: Event<FrameDuplicated>) throws -> [Outgoing] {
        let copy = event.payload
        try archive.record(event) {
            try database.execute(
                """
                insert into archive.duplicate (duplicate_id, frame_id, original_name, instrument, reason)
                values ($1, $2, $3, $4, $5) on conflict do nothing
                """,
                [
                    .text(copy.duplicateID), .text(copy.frameID), .text(copy.originalName), .text(copy.instrument),
                    .text(copy.reason),
                ])
        }
        return []
    }

    func calibrated(_ event: Event<FrameCalibrated>) throws -> [Outgoing] {
        try archive.record(event) {
            try database.execute(
                """
                update archive.frame set stage = 'calibrated', stage_since = now()
                where frame_id = $1 and stage = 'received'
                """,
                [.text(event.payload.frameID)])
        }
        return []
    }

    func master(_ event: Event<MasterBuilt>) throws -> [Outgoing] {
        let master = event.payload
        try archive.record(event) {
            try database.execute(
                """
                insert into archive.master (master_id, instrument, night, kind, built) values ($1, $2, $3, $4, $5)
                on conflict do nothing
                """,
                [
                    .text(master.masterID), .text(master.instrument), .text(master.night), .text(master.kind.rawValue),
                    .payload(master),
                ])
            for frame in master.inputs {
                try database.execute(
                    "insert into archive.master_input (frame_id, master_id) values ($1, $2) on conflict do nothing",
                    [.text(frame), .text(master.masterID)])
            }
            try settleCalibration(master.inputs)
        }
        return []
    }

    /// A calibration frame's fate is `calibration` once it is known and in a master, in whatever order the two are
    /// heard of, and whatever another master said of it.
    private func settleCalibration(_ frames: [String]) throws {
        try database.execute(
            """
            update archive.frame set fate = 'calibration', reason = null, reason_code = null, ended_by = null,
                stage = 'ended', stage_since = now()
            where frame_id = any($1) and fate is distinct from 'calibration' and kind <> 'light'
                and reason_code is distinct from 'superseded'
                and exists (select from archive.master_input i where i.frame_id = frame.frame_id)
            """,
            [.texts(frames)])
    }

    /// A light that was measured before it was heard of: each topic has its own pace.
    private func settleMeasured(_ frameID: String) throws {
        try database.execute(
            """
            update archive.frame set fate = 'measured', reason = null, reason_code = null, ended_by = null,
                stage = 'ended', stage_since = now()
            where frame_id = $1 and fate is distinct from 'measured' and kind = 'light'
                and reason_code is distinct from 'superseded'
                and exists (select from archive.frame_version v where v.frame_id = frame.frame_id)
            """,
            [.text(frameID)])
    }

    func rejected(_ event: Event<FrameRejected>) throws -> [Outgoing] {
        let frame = event.payload
        try archive.record(event) {
            if frame.stage == "ingest", try isSplit(frame.frameID) { return }
            try end(
                frame.frameID, as: "rejected", code: frame.code, reason: frame.reason, by: frame.stage,
                name: frame.originalName, instrument: frame.instrument)
        }
        return []
    }

    /// Whether the ledger has the file's channels: the refusal of the whole is of an earlier time.
    private func isSplit(_ file: String) throws -> Bool {
        try !database.execute(
            "select 1 from archive.frame where frame_id = any($1) and received is not null",
            [.texts(FrameName.channelIDs(ofFile: file))]
        ).isEmpty
    }

    func deadLettered(_ event: Event<MessageDeadLettered>) throws -> [Outgoing] {
        let letter = Self.storable(event.payload)
        try archive.record(event) {
            try database.execute(
                """
                insert into archive.dead_letter (event_id, service, topic, frame_id, error, attempts, letter)
                values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing
                """,
                [
                    .text(event.id), .text(letter.service), .text(letter.originalTopic), SQLValue(letter.frameID),
                    .text(letter.error), .int(max(1, letter.attempts)), .payload(letter),
                ])
            try giveUpRequest(of: letter)
            if let frameID = letter.frameID, Self.isFrameID(frameID) {
                try end(
                    frameID, as: "deadLettered", code: "deadLettered", reason: letter.error, by: letter.service,
                    name: "", instrument: "")
            }
        }
        return []
    }

    /// A request that was dead-lettered gets no answer: the night need not wait for it. One that comes after all is
    /// taken.
    private func giveUpRequest(of letter: MessageDeadLettered) throws {
        struct Requested: Decodable { let requestID: String }
        guard letter.originalTopic == MeasurementRequested.type.topic,
            let bytes = Data(base64Encoded: letter.originalValueBase64)
        else { return }
        do {
            let requestID = try JSONDecoder().decode(Requested.self, from: bytes).requestID
            try database.execute(
                "update archive.request set answered = true where request_id = $1", [.text(Self.storable(requestID))])
        } catch is DecodingError {
            // A malformed request is none of ours.
            return
        }
    }

    /// PostgreSQL's texts hold no NUL; what came over the bus may.
    static func storable(_ text: String) -> String { text.replacing("\0", with: "\u{FFFD}") }

    private static func storable(_ letter: MessageDeadLettered) -> MessageDeadLettered {
        var letter = letter
        letter.service = storable(letter.service)
        letter.originalKey = storable(letter.originalKey)
        letter.originalHeaders = letter.originalHeaders.map { Message.Header(storable($0.name), storable($0.value)) }
        letter.error = storable(letter.error)
        letter.originalTopic = storable(letter.originalTopic)
        letter.frameID = letter.frameID.map(storable)
        return letter
    }

    /// The first end counts, but for two: a reason outranks a dead letter, and what ingest takes in it has not refused,
    /// in whatever order the two are heard of.
    private func end(
        _ frameID: String, as fate: String, code: String, reason: String, by stage: String, name: String,
        instrument: String
    ) throws {
        try database.execute(
            """
            insert into archive.frame
                (frame_id, instrument, original_name, fate, reason_code, reason, ended_by, stage)
            values ($1, $2, $3, $4, $5, $6, $7, 'ended')
            on conflict (frame_id) do update set fate = excluded.fate, reason_code = excluded.reason_code,
                reason = excluded.reason, ended_by = excluded.ended_by, stage = 'ended', stage_since = now()
            where (frame.fate is null or (frame.fate = 'deadLettered' and excluded.fate = 'rejected'))
                and not (excluded.ended_by = 'ingest' and excluded.fate = 'rejected' and frame.received is not null)
            """,
            [
                .text(frameID), .text(instrument), .text(name), .text(fate), .text(code), .text(reason), .text(stage),
            ])
    }

    static func isFrameID(_ text: String) -> Bool {
        text.count == 32 && text.allSatisfy { $0.isHexDigit && !$0.isUppercase }
    }

    func heartbeat(_ event: Event<ServiceHeartbeat>) throws -> [Outgoing] {
        let beat = event.payload
        try database.execute(
            """
            insert into archive.heartbeat (instance, service, beat) values ($1, $2, $3)
            on conflict (instance) do update set service = excluded.service, beat = excluded.beat, arrived_at = now()
            """,
            [.text(beat.instance), .text(beat.service), .payload(beat)])
        return []
    }
}
