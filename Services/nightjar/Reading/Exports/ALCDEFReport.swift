internal import Events
internal import Foundation
internal import Sky

/// The light curve of an asteroid in the Asteroid Lightcurve Data Exchange Format (ALCDEF), version 2.
///
/// A block of metadata and one of data for each filter, instrument and night (a quarter of a day without a point begins
/// another), each with at least two points: the format takes no fewer, and no upper limits. Times are JD UTC of
/// mid-exposure, not corrected for light time (LTCTYPE and LTCAPP are NONE), magnitudes as observed (REDUCEDMAGS is
/// NONE) and not said to be transformed (STANDARD is INTERNAL, or NONE where they are differential).
///
/// - Source: Warner, Stephens & Harris, "The Asteroid Lightcurve Data Exchange Format Standard", v. 2.1.1, 1 September
///   2015, sections 1 to 5; numbers in brackets are its sections.
struct ALCDEFReport {
    /// What a report needs beyond the light curve; those without a value are required by the format.
    struct Circumstances {
        /// The asteroid's number; 0 for none.
        var objectNumber: Int
        /// The asteroid's name, or its designation by the Minor Planet Center.
        var objectName: String
        /// Who observed: `Smith, A.; Jones, B.`
        var observers: String
        var contactName: String
        /// Electronic mail or postal address.
        var contact: String
        /// Band of the comparison stars' magnitudes, where neither filter nor calibration says it.
        var magnitudeBand: String?
        /// Whether this takes the place of blocks that were handed in before.
        var isRevised = false
    }

    let text: String
    let pointCount: Int
    /// Upper limits, and points of others.
    let leftOutCount: Int
    /// Points that have no other in their night.
    let singleCount: Int

    /// - Throws: `ExportError` that names the field.
    init(_ exported: ExportedCurve, _ circumstances: Circumstances) throws {
        let head = try ALCDEFHead(circumstances)
        let usable = exported.points.filter { $0.source == "nightjar" && $0.magnitude != nil }
        let sessions = Self.sessions(usable)
        let blocks = sessions.filter { $0.count >= Self.fewestPoints }
        pointCount = blocks.reduce(0) { $0 + $1.count }
        leftOutCount = exported.points.count - usable.count
        singleCount = usable.count - pointCount
        guard usable.isEmpty || !blocks.isEmpty else {
            throw ExportError("DATA: no night has two magnitudes with one filter and instrument, and a block needs two")
        }
        var times: Set<String> = []
        text = try blocks.map { points in
            let bands = try ALCDEFBands(of: points[0], given: circumstances.magnitudeBand)
            return try Self.block(points, head, bands, midTime: Self.midTime(points, bands, notIn: &times))
        }.joined()
    }

    /// Fewest data lines of a block [1.1.2].
    private static let fewestPoints = 2
    /// A gap that begins another block [d] [B.2.3.2].
    private static let gapDays = 0.25

    private static func sessions(_ points: [PhotometryMeasured]) -> [[PhotometryMeasured]] {
        var sessions: [[PhotometryMeasured]] = []
        var latest: [String: Int] = [:]
        for point in points {
            let key = [point.filter, point.instrument, point.magnitudeSystem, point.band ?? ""].joined(separator: "\0")
            if let index = latest[key], let last = sessions[index].last,
                point.midpointMJDUTC - last.midpointMJDUTC < gapDays
            {
                sessions[index].append(point)
            } else {
                latest[key] = sessions.count
                sessions.append([point])
            }
        }
        return sessions
    }

    /// The middle of a block's times, to the second. No two blocks of one filter may have the same [4.2]: a second is
    /// added until they have not, as the time need only be approximate.
    private static func midTime(
        _ points: [PhotometryMeasured], _ bands: ALCDEFBands, notIn taken: inout Set<String>
    ) throws -> String {
        var middle = 0.5 * (points[0].midpointMJDUTC + points[points.count - 1].midpointMJDUTC)
        while true {
            let time = try UTCInstant(mjd: middle).iso8601(fractionalDigits: 0)
            if taken.insert("\(bands.filter) \(time)").inserted { return time }
            middle += 1 / 86_400
        }
    }

    private static func block(
        _ points: [PhotometryMeasured], _ head: ALCDEFHead, _ bands: ALCDEFBands, midTime: String
    ) throws -> String {
        let isDifferential = points[0].magnitudeSystem == "differential"
        var lines = ["STARTMETADATA"] + head.lines
        lines += ["SESSIONDATE=\(midTime.prefix(10))", "SESSIONTIME=\(midTime.dropFirst(11).prefix(8))"]
        lines += [
            "FILTER=\(bands.filter)", "MAGBAND=\(bands.magnitudes)",
            "DIFFERMAGS=\(isDifferential ? "TRUE" : "FALSE")", "STANDARD=\(isDifferential ? "NONE" : "INTERNAL")",
            "LTCTYPE=NONE", "LTCAPP=NONE", "REDUCEDMAGS=NONE", "DELIMITER=PIPE",
        ]
        let comment = "COMMENT=JD are UTC of mid-exposure; instrument "
        let room = ALCDEFHead.longestLine - comment.utf8.count
        lines.append(comment + LightCurveTable.ascii(points[0].instrument).prefix(room))
        if let level = points.compactMap(\.levelError).max() {
            lines.append(
                String(format: "COMMENT=errors are each point's own; that of the level is %.3f for all", level))
        }
        lines.append("ENDMETADATA")
        // One shape for all lines of a block: without errors or airmasses where any is not known.
        let hasErrors = points.allSatisfy { $0.magnitudeError != nil }
        let hasAirmasses = hasErrors && points.allSatisfy { $0.airmass != nil }
        for point in points {
            var line = String(format: "DATA=%.6f|", point.midpointMJDUTC + 2_400_000.5) + signed(point.magnitude)
            if hasErrors { line += "|" + signed(point.magnitudeError.map { max(0.001, $0) }) }
            if hasAirmasses { line += String(format: "|%.3f", point.airmass ?? .nan) }
            lines.append(line)
        }
        return (lines + ["ENDDATA"]).joined(separator: "\n") + "\n"
    }

    /// Three places, with a sign [2].
    private static func signed(_ value: Double?) -> String {
        // Adding 0 takes the sign from -0.
        String(format: "%+.3f", (1000 * (value ?? .nan)).rounded() / 1000 + 0)
    }
}
