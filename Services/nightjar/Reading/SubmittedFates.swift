internal import Events
internal import Foundation
internal import Hashing
internal import PostgresStore

/// A file that was handed in.
struct SubmittedFrame {
    let file: URL
    let instrument: String
    /// The copy in the inbox.
    let place: URL
    /// First 128 bits of the SHA-256 of its bytes; nil when nobody waits for it.
    let frameID: String?
    /// What the ledger calls it should it be a copy of another frame; nil when nobody waits for it.
    let duplicateID: String?
    /// What the ledger had of these bytes and had not rejected: nil when it had nothing.
    let known: Known?

    enum Known {
        /// One frame: the file is a duplicate, unless its instrument's document calls it a mosaic since.
        case frame
        /// All channels of a mosaic: the file is a duplicate.
        case channels
    }
}

/// Finds out what became of files that were handed in: from where ingest has moved the copy, and from the ledger.
struct SubmittedFates {
    static let patienceSeconds = 900.0

    let record: Record
    let data: DataFolder

    struct Outcome: Encodable, Equatable {
        let file: String
        let instrument: String
        let frameID: String?
        /// `handedIn`, `pending`, `measured`, `calibration`, `duplicate`, `rejected`, `deadLettered`
        let fate: String
        let text: String

        init(_ frame: SubmittedFrame, fate: String, text: String) {
            file = frame.file.path
            instrument = frame.instrument
            frameID = frame.frameID
            self.fate = fate
            self.text = text
        }
    }

    func frameID(of file: URL) throws -> String {
        var hash = SHA256()
        let handle = try FileHandle(forReadingFrom: file)
        while let piece = try handle.read(upToCount: 1 << 20), !piece.isEmpty {
            piece.withUnsafeBytes { hash.update($0) }
        }
        try handle.close()
        return String(hash.finalize().prefix(32))
    }

    /// The id of a duplicate, as ingest makes it of where and in which state the file was found.
    static func duplicateID(of place: URL) -> String? {
        var status = stat()
        guard stat(place.path, &status) == 0 else { return nil }
        let changed = status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
        return String(SHA256.hex(of: Data("\(place.path)|\(status.st_size)|\(changed)".utf8)).prefix(32))
    }

    /// What ingest has of the file already.
    func known(_ frameID: String) throws -> SubmittedFrame.Known? {
        let channels = FrameName.channelIDs(ofFile: frameID)
        let rows = try record.database.execute(
            """
            select frame_id, fate is distinct from 'rejected' as stands from archive.frame where frame_id = any($1)
            """, [.texts([frameID] + channels)])
        let present = Set(try rows.map { try $0.text("frame_id") })
        let standing = Set(try rows.filter { try $0.bool("stands") }.map { try $0.text("frame_id") })
        if standing.contains(frameID) { return .frame }
        return present.isSuperset(of: channels) && !standing.isDisjoint(with: channels) ? .channels : nil
    }

    func wait(for frames: [SubmittedFrame]) throws {
        try Waiting(patienceSeconds: Self.patienceSeconds).until("frames", total: frames.count) {
            let counts = Dictionary(grouping: try outcomes(of: frames), by: \.fate).mapValues(\.count)
            let open = counts["pending"] ?? 0
            let note = counts.filter { $0.key != "pending" }.sorted { $0.key < $1.key }
                .map { "\($0.value) \($0.key)" }.joined(separator: ", ")
            return (frames.count - open, open == 0, note)
        }
    }

    func outcomes(of frames: [SubmittedFrame]) throws -> [Outcome] {
        let rows = try record.database.execute(
            """
            select frame_id, coalesce(fate, 'pending') as fate, coalesce(reason, '') as reason, ended_by
            from archive.frame where frame_id = any($1)
            """, [.texts(frames.compactMap(\.frameID).flatMap { [$0] + FrameName.channelIDs(ofFile: $0) })])
        var ledger: [String: Entry] = [:]
        for row in rows {
            ledger[try row.text("frame_id")] = Entry(
                fate: try row.text("fate"), reason: try row.text("reason"),
                endedBy: try row.optionalText("ended_by"))
        }
        let copies = try record.database.execute(
            "select duplicate_id, reason from archive.duplicate where duplicate_id = any($1)",
            [.texts(frames.compactMap(\.duplicateID))])
        var duplicates: [String: String] = [:]
        for row in copies { duplicates[try row.text("duplicate_id")] = try row.text("reason") }
        return frames.map { frame in
            outcome(
                of: frame, entry: frame.frameID.flatMap { Self.entry(ofFile: $0, in: ledger) },
                copyOf: frame.duplicateID.flatMap { duplicates[$0] })
        }
    }

    private struct Entry {
        let fate: String
        let reason: String
        let endedBy: String?
        /// Whether it is about the channels of a mosaic.
        var isSplit = false
    }

    /// That of the file's frame, or of the three channels that a colour camera's file is split into: the worst, with
    /// the reasons of all; pending while one is.
    private static func entry(ofFile id: String, in ledger: [String: Entry]) -> Entry? {
        let channels = FrameName.channels.compactMap { channel in
            ledger[FrameName.id(ofFile: id, channel: channel)].map { (channel, $0) }
        }
        guard !channels.isEmpty else { return ledger[id] }
        let order = ["deadLettered", "rejected", "measured", "calibration"]
        let fates = channels.map(\.1.fate)
        guard channels.count == FrameName.channels.count, let fate = order.first(where: fates.contains),
            !fates.contains("pending")
        else { return Entry(fate: "pending", reason: "", endedBy: nil, isSplit: true) }
        let reasons = channels.filter { !$0.1.reason.isEmpty }.map { "\($0.0): \($0.1.reason)" }
        return Entry(fate: fate, reason: reasons.joined(separator: "; "), endedBy: channels[0].1.endedBy, isSplit: true)
    }

    private func outcome(of frame: SubmittedFrame, entry: Entry?, copyOf other: String?) -> Outcome {
        let pending = Outcome(frame, fate: "pending", text: "")
        if FileManager.default.fileExists(atPath: frame.place.path) { return pending }
        if let other { return Outcome(frame, fate: "duplicate", text: other) }
        guard let entry, frame.known == nil || frame.known == .frame && entry.isSplit else { return pending }
        // The rejection of an earlier time, until this time's acceptance is in the ledger.
        let isRefused = FileManager.default.fileExists(atPath: shelved(frame, "rejected"))
        if !isRefused, entry.fate == "rejected", entry.endedBy == "ingest" { return pending }
        return Outcome(frame, fate: entry.fate, text: entry.reason)
    }

    /// Where ingest puts the copy when it is done with it.
    private func shelved(_ frame: SubmittedFrame, _ shelf: String) -> String {
        let inbox = data.inbox.appending(path: frame.instrument).path
        return inbox + "/" + shelf + frame.place.path.dropFirst(inbox.count)
    }
}
