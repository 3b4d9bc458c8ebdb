internal import Events
internal import Foundation
internal import FrameStore
internal import Pipeline
internal import PostgresStore

/// Announces again what was lost on the way: envelopes of the store without a row in the ledger, frames that have not
/// moved on for too long, requests without an answer, and closed nights nobody has taken up. A broker that lost
/// everything costs time, not frames.
///
/// While frames and answers keep coming, what waits is probably in a queue, and to announce it again would make the
/// queue longer: then it is waited for five times as long.
final class Sweep {
    private let archive: Archive
    private let store: FrameStore
    private let patienceSeconds: Double
    private let log: Log
    private let elapsed: () -> Double
    private var lastProgress: Double
    /// When each folder of envelopes was last changed, as of the last look into it.
    private var looked: [String: Double] = [:]
    private var database: Database { archive.database }

    init(
        archive: Archive, store: FrameStore, patienceSeconds: Double, log: Log,
        elapsed: @escaping () -> Double = Pipeline.Clock.system.elapsed
    ) {
        self.archive = archive
        self.store = store
        self.patienceSeconds = patienceSeconds
        self.log = log
        self.elapsed = elapsed
        lastProgress = elapsed()
    }

    /// Something has come from the workers.
    func noteProgress() {
        lastProgress = elapsed()
    }

    /// How long something may wait before it is taken for lost [s].
    private var patience: Double {
        elapsed() - lastProgress >= patienceSeconds ? patienceSeconds : 5 * patienceSeconds
    }

    func run() throws {
        try announceUnknown()
        try announceStuck()
        try announceUnanswered()
        try announceNights()
    }

    // MARK: Envelopes without a row

    private func announceUnknown() throws {
        for folder in StoreNames.rawFolders + [StoreNames.duplicateFolder] {
            guard let change = try store.lastChange(of: folder), looked[folder] != change else { continue }
            let names = try store.list(folder).filter { $0.hasSuffix(".json") }
            var waiting = false
            for part in stride(from: 0, to: names.count, by: 1000) {
                waiting = try announceUnknown(Array(names[part..<min(part + 1000, names.count)])) || waiting
            }
            // A folder with envelopes still to be heard of is looked into again.
            if !waiting { looked[folder] = change }
        }
    }

    /// - Returns: whether an envelope is not in the ledger yet.
    private func announceUnknown(_ names: [String]) throws -> Bool {
        let ids = names.map { String(($0 as NSString).lastPathComponent.prefix(32)) }
        let known = try database.execute(
            """
            select id from unnest($1::text[]) as id
            where exists (select from archive.frame f where f.frame_id = id)
                or exists (select from archive.duplicate d where d.duplicate_id = id)
            """, [.texts(ids)])
        let found = Set(try known.map { try $0.text("id") })
        let candidates = zip(names, ids).filter { !found.contains($0.1) }
        let split = try filesSplit(candidates.map(\.1))
        let unknown = candidates.filter { !split.contains($0.1) }.map(\.0)
        let due = try unknown.filter { name in
            // What has just been written is probably on its way.
            guard let written = try store.lastChange(of: name) else { return false }
            return Date().timeIntervalSince1970 - written > patience && notAnnouncedLately(name)
        }
        guard !due.isEmpty else { return !unknown.isEmpty }
        try database.transaction {
            try archive.outbox.add(try due.compactMap { try message(of: $0) }, in: database)
        }
        for name in due { announcedAt[name] = Date().timeIntervalSince1970 }
        log.warning("announced again: in the store, not in the ledger", ["envelopes": String(due.count)])
        return true
    }

    /// Those of which the ledger has a channel: what was said of the file as a whole, before its instrument's document
    /// called it a mosaic, holds no longer.
    private func filesSplit(_ ids: [String]) throws -> Set<String> {
        let channels = ids.flatMap { id in FrameName.channelIDs(ofFile: id).map { (channel: $0, file: id) } }
        guard !channels.isEmpty else { return [] }
        let rows = try database.execute(
            "select frame_id from archive.frame where frame_id = any($1)", [.texts(channels.map(\.channel))])
        let present = Set(try rows.map { try $0.text("frame_id") })
        return Set(channels.filter { present.contains($0.channel) }.map(\.file))
    }

    private var announcedAt: [String: Double] = [:]
    private var damaged: Set<String> = []

    /// The message of an envelope; nil, with a word in the log, where it cannot be read: one must not hold up the
    /// others.
    private func message(of name: String) throws -> Message? {
        do {
            return try Envelope(data: store.read(name)).message
        } catch let away as Unavailable {
            throw away
        } catch {
            if damaged.insert(name).inserted {
                log.error("envelope cannot be read", ["name": name, "reason": "\(error)"])
            }
            return nil
        }
    }

    private func notAnnouncedLately(_ name: String) -> Bool {
        announcedAt[name].map { Date().timeIntervalSince1970 - $0 > patience } ?? true
    }

    // MARK: Frames, requests and nights that have not moved on

    /// The patience doubles with each announcement: a frame that waits for a slow worker is not announced without end.
    private func announceStuck() throws {
        let stuck = try database.transaction {
            let rows = try database.execute(
                """
                update archive.frame set announcements = announcements + 1, stage_since = now()
                where frame_id in (
                    select frame_id from archive.frame where fate is null and received is not null
                        and now() - stage_since > $1 * power(2, least(announcements, 3)) * interval '1 second'
                    order by stage_since limit 200)
                returning received
                """, [.double(patience)])
            for row in rows {
                let frame = try row.payload(FrameReceived.self, "received")
                if let kept = try message(of: StoreNames.envelope(raw: frame.raw, exposure: frame.exposure)) {
                    try archive.outbox.add(kept, in: database)
                } else {
                    try archive.announce(frame, trace: Trace(startingAt: frame.frameID))
                }
            }
            return rows.count
        }
        if stuck > 0 { log.warning("announced again: no fate yet", ["frames": String(stuck)]) }
    }

    private func announceUnanswered() throws {
        let count = try database.transaction {
            let rows = try database.execute(
                """
                update archive.request set announcements = announcements + 1, announced_at = now()
                where request_id in (
                    select request_id from archive.request where not answered
                        and now() - announced_at > $1 * power(2, least(announcements - 1, 3)) * interval '1 second'
                    order by announced_at limit 200)
                returning requested
                """, [.double(patience)])
            for row in rows { try archive.announce(row.payload(MeasurementRequested.self, "requested")) }
            return rows.count
        }
        if count > 0 { log.warning("announced again: no answer yet", ["requests": String(count)]) }
    }

    private func announceNights() throws {
        let count = try database.transaction {
            let rows = try database.execute(
                """
                update archive.night set announced_at = now()
                where state = 'recalibrating' and now() - announced_at > $1 * interval '1 second'
                returning instrument, night, revision, coalesce(frames, 0) as frames
                """, [.double(2 * patience)])
            for row in rows {
                try archive.announce(
                    NightClosed(
                        instrument: row.text("instrument"), night: row.text("night"), revision: row.int("revision"),
                        frames: row.int("frames")))
            }
            return rows.count
        }
        if count > 0 { log.warning("announced again: night not recalibrated yet", ["nights": String(count)]) }
    }
}
