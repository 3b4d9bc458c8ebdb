internal import Events
internal import Foundation
internal import Sky

/// The light curve of an asteroid in the Asteroid Lightcurve Data Exchange Format (ALCDEF), version 2.
///
/// A block of metadata and one of data for each filter, instrument and night (more than 6 hours without a point begin
/// another). Times are JD UTC of mid-exposure, not corrected for light time (LTCTYPE=NONE), magnitudes as observed
/// (REDUCEDMAGS=NONE). The format has no upper limits.
///
/// - Source: Warner, Stephens & Harris, "Asteroid Lightcurve Data Exchange Format: Definition and Standards", v. 2.2.
struct ALCDEFReport {
    /// What a report needs beyond the light curve; those without a value are required by the format.
    struct Circumstances {
        /// The asteroid's number; 0 for none.
        var objectNumber: Int
        var objectName: String
        /// Who observed: `Smith, A.; Jones, B.`
        var observers: String
        var contactName: String
        /// Electronic mail or postal address.
        var contact: String
    }

    let text: String
    let pointCount: Int
    /// Upper limits, and points of others.
    let leftOutCount: Int

    /// - Throws: `ExportError` that names the field.
    init(_ exported: ExportedCurve, _ circumstances: Circumstances) throws {
        for (name, value) in [
            ("OBJECTNAME", circumstances.objectName), ("OBSERVERS", circumstances.observers),
            ("CONTACTNAME", circumstances.contactName), ("CONTACTINFO", circumstances.contact),
        ] {
            guard !value.isEmpty, value.unicodeScalars.allSatisfy({ (32..<127).contains($0.value) }) else {
                throw ExportError("\(name) \(value.printable): give one line of printable ASCII")
            }
        }
        guard circumstances.objectNumber >= 0 else { throw ExportError("OBJECTNUMBER: 0 or above") }
        let usable = exported.points.filter { $0.source == "nightjar" && $0.magnitude != nil }
        pointCount = usable.count
        leftOutCount = exported.points.count - usable.count
        text = try Self.sessions(usable).map { try Self.block($0, exported, circumstances) }.joined()
    }

    private static func sessions(_ points: [PhotometryMeasured]) -> [[PhotometryMeasured]] {
        var sessions: [[PhotometryMeasured]] = []
        var latest: [String: Int] = [:]
        for point in points {
            let key = "\(point.filter)\u{0}\(point.instrument)\u{0}\(point.magnitudeSystem)"
            if let index = latest[key], let last = sessions[index].last,
                point.midpointMJDUTC - last.midpointMJDUTC < 0.25
            {
                sessions[index].append(point)
            } else {
                latest[key] = sessions.count
                sessions.append([point])
            }
        }
        return sessions
    }

    private static func block(
        _ points: [PhotometryMeasured], _ exported: ExportedCurve, _ circumstances: Circumstances
    ) throws -> String {
        let filter = try code(of: points[0].filter)
        let middle = 0.5 * (points[0].midpointMJDUTC + points[points.count - 1].midpointMJDUTC)
        let session = try UTCInstant(mjd: middle).iso8601(fractionalDigits: 0)
        var lines = [
            "STARTMETADATA", "REVISEDDATA=FALSE", "OBJECTNUMBER=\(circumstances.objectNumber)",
            "OBJECTNAME=\(circumstances.objectName)", "CONTACTNAME=\(circumstances.contactName)",
            "CONTACTINFO=\(circumstances.contact)", "OBSERVERS=\(circumstances.observers)",
            "SESSIONDATE=\(session.prefix(10))", "SESSIONTIME=\(session.dropFirst(11).prefix(8))", "FILTER=\(filter)",
        ]
        if filter != "C" { lines.append("MAGBAND=\(filter)") }
        lines += [
            "DIFFERMAGS=\(points[0].magnitudeSystem == "differential" ? "TRUE" : "FALSE")", "LTCTYPE=NONE",
            "REDUCEDMAGS=NONE",
        ]
        lines += [
            "DELIMITER=PIPE",
            "COMMENT=mid-exposures, JD UTC; instrument \(LightCurveTable.ascii(points[0].instrument))",
        ]
        lines.append("ENDMETADATA")
        // One shape for all lines of a block: without errors or airmasses where any is not known.
        let hasErrors = points.allSatisfy { $0.magnitudeError != nil }
        let hasAirmasses = hasErrors && points.allSatisfy { $0.airmass != nil }
        for point in points {
            var line = String(format: "DATA=%.6f|%.3f", point.midpointMJDUTC + 2_400_000.5, point.magnitude ?? .nan)
            if hasErrors { line += String(format: "|%.3f", max(0.001, point.magnitudeError ?? .nan)) }
            if hasAirmasses { line += String(format: "|%.3f", point.airmass ?? .nan) }
            lines.append(line)
        }
        return (lines + ["ENDDATA"]).joined(separator: "\n") + "\n"
    }

    /// Johnson-Cousins and Sloan codes as the AAVSO's; C for no filter.
    private static func code(of filter: String) throws(ExportError) -> String {
        if ["clear", "Clear", "C", "L", "none", "CV", "CR", "Luminance"].contains(filter) { return "C" }
        guard let code = AAVSOReport.code(of: filter),
            ["U", "B", "V", "R", "I", "J", "H", "K", "SU", "SG", "SR", "SI", "SZ"].contains(code)
        else { throw ExportError("FILTER: filter \(filter.printable) has no ALCDEF code") }
        return code
    }
}
