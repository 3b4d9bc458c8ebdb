internal import Events
internal import Foundation
internal import PostgresStore

/// The ledger as people and programs read it: every file in, every frame with its fate.
struct Ledger: Codable, Equatable {
    /// Files taken in: frames and their copies.
    var files: Int
    var duplicates: Int
    /// Files of colour cameras among them, three frames each; nil where there are none.
    var colourFiles: Int?
    /// Different frames.
    var received: Int
    var measured: Int
    var calibration: Int
    var rejected: Int
    var deadLettered: Int
    /// Frames without a fate yet.
    var pending: Int
    /// Services that wait for something while frames are pending; nil where none does.
    var waiting: [WaitingService]?
    /// Files of colour cameras of which not all frames have come, for a minute at the least; nil where there are none.
    var incompleteFiles: [IncompleteFile]?
    /// What the calibration of measured lights lacked; nil where nothing did.
    var calibrationGaps: [CalibrationGap]?
    /// Zero points of measured lights, by instrument and filter; nil where there is no catalogue.
    var zeroPoints: [ZeroPointSummary]?
    var frames: [Frame]

    struct Frame: Codable, Equatable {
        var frameID: String
        var originalName: String
        var instrument: String
        /// TR, TG or TB: of a colour camera's file.
        var channel: String?
        var night: String?
        var kind: String?
        var fate: String
        var reasonCode: String?
        var reason: String?
        var midpointMJDUTC: Double?
        /// Names of calibration flags, of the current version of a measured light: `noFlat`, ...
        var calibrationFlags: [String]?
    }

    /// In = out, and nothing is under way.
    var addsUp: Bool {
        pending == 0 && files + 2 * (colourFiles ?? 0) == received + duplicates
            && received == measured + calibration + rejected + deadLettered
    }

    init(_ record: Record, night: String? = nil) throws {
        let rows = try record.database.execute(
            """
            select frame_id, original_name, instrument, night, kind, coalesce(fate, 'pending') as fate,
                reason_code, reason, midpoint_mjd_utc, received->'exposure'->'bayer'->>'channel' as channel,
                received->'raw'->>'sha256' as file, version.flags,
                arrived_at < now() - interval '1 minute' as is_settled
            from archive.frame left join lateral (
                select measured->'frame'->'flags' as flags from archive.frame_version v
                where v.frame_id = frame.frame_id order by chosen desc, master_rank desc, recipe desc limit 1
            ) as version on true
            where $1::text is null or night = $1
            order by midpoint_mjd_utc nulls last, original_name, channel desc, frame_id
            """, [SQLValue(night)])
        frames = try rows.map(Frame.init)
        duplicates = try record.database.execute(
            """
            select count(*) as copies from archive.duplicate d left join archive.frame f using (frame_id)
            where $1::text is null or f.night = $1
            """, [SQLValue(night)])[0].int("copies")
        let counts = Dictionary(grouping: frames, by: \.fate).mapValues(\.count)
        received = frames.count
        // A colour camera's file counts when the last of its channels has been heard of.
        let channels = try rows.filter { try $0.optionalText("channel") != nil }
        let split = try Dictionary(grouping: channels, by: { try $0.text("file") }).values.count { $0.count == 3 }
        let incomplete = try IncompleteFile.all(channels)
        incompleteFiles = incomplete.isEmpty ? nil : incomplete
        files = received - channels.count + split + duplicates
        colourFiles = split > 0 ? split : nil
        measured = counts["measured"] ?? 0
        calibration = counts["calibration"] ?? 0
        rejected = counts["rejected"] ?? 0
        deadLettered = counts["deadLettered"] ?? 0
        pending = counts["pending"] ?? 0
        waiting = pending > 0 ? try WaitingService.any(record) : nil
        let gaps = CalibrationGap.gaps(of: frames)
        calibrationGaps = gaps.isEmpty ? nil : gaps
        let summaries = try FrameZeroPoints(record, night: night).summaries
        zeroPoints = summaries.isEmpty ? nil : summaries
    }

    private var disagreement: String {
        let incomplete = (incompleteFiles ?? []).count
        return "in and out differ by \(pending) pending" + (incomplete > 0 ? " and \(incomplete) incomplete files" : "")
    }

    /// The counts, a line each, and the frames that went wrong with their reasons.
    var text: String {
        let counts = [
            ("files", files), ("of colour", colourFiles ?? 0), ("duplicates", duplicates), ("received", received),
            ("measured", measured),
            ("calibration", calibration), ("rejected", rejected), ("dead-lettered", deadLettered), ("pending", pending),
        ]
        var lines = counts.filter { $0.1 > 0 || $0.0 != "of colour" }.map {
            $0.0.padding(toLength: 14, withPad: " ", startingAt: 0) + String($0.1)
        }
        for frame in frames where frame.reason != nil {
            let name = frame.originalName + (frame.channel.map { " \($0)" } ?? "")
            lines.append("  \(name): \(frame.fate), \(frame.reason ?? "")".printable)
        }
        lines += (waiting ?? []).map { "  \($0.text)".printable }
        lines += (incompleteFiles ?? []).map { "  \($0.text)".printable }
        lines += (calibrationGaps ?? []).map { "  \($0.text)".printable }
        lines += (zeroPoints ?? []).map { "  \($0.text)".printable }
        lines.append(addsUp ? "in = out" : disagreement)
        return lines.joined(separator: "\n")
    }
}

/// JSON for programs: keys sorted, indented.
func prettyJSON(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(value) + Data("\n".utf8)
}

extension Ledger.Frame {
    fileprivate init(_ row: Row) throws {
        self.init(
            frameID: try row.text("frame_id"), originalName: try row.text("original_name"),
            instrument: try row.text("instrument"), channel: try row.optionalText("channel"),
            night: try row.optionalText("night"), kind: try row.optionalText("kind"), fate: try row.text("fate"),
            reasonCode: try row.optionalText("reason_code"), reason: try row.optionalText("reason"),
            midpointMJDUTC: try row.optionalDouble("midpoint_mjd_utc"),
            calibrationFlags: try row.optionalData("flags").map { try JSONDecoder().decode([String].self, from: $0) })
    }
}
