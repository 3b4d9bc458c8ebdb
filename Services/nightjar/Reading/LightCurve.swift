internal import Events
internal import Foundation
internal import PostgresStore

/// A target's light curve: the current version of each point, in order of mid-exposure.
struct LightCurve {
    let target: String
    let points: [PhotometryMeasured]

    /// - Parameter time: gives the versions that were current then; nil for those that are now.
    init(_ record: Record, target: String, filter: String? = nil, knownAt time: String? = nil) throws {
        self.target = target
        points = try record.database.execute(
            """
            select payload from (
                select distinct on (point_id) * from archive.point
                where target = $1
                    and ($3::text is null or recorded_at is null or recorded_at <= $3::text::timestamptz)
                order by point_id, version desc) as known
            where not withdrawn and ($2::text is null or filter = $2)
            order by mid_mjd_utc, point_id
            """, [.text(target), SQLValue(filter), SQLValue(time)]
        ).map { try JSONDecoder().decode(PhotometryMeasured.self, from: $0.data("payload")) }
    }

    init(target: String, points: [PhotometryMeasured]) {
        self.target = target
        self.points = points
    }

    /// What the magnitudes are measured against, in words; nil where no catalogue gives their level.
    var scale: String? {
        guard let point = points.last(where: { $0.zeroPoint != nil }), let band = point.band,
            let catalogue = point.catalogue
        else { return nil }
        return "the level of each night is that of its frames' zero points, \(band) by \(catalogue)"
            + (point.ensemble == nil ? "" : ", the shape that of the comparison stars;")
            + " `nightjar object --near` has each point by its own frame's zero point"
    }

    static let columns = [
        "target", "filter", "mag_system", "mid_bjd_tdb", "mid_mjd_utc", "mag", "mag_err", "level_err", "flux_njy",
        "flux_njy_err", "limit_mag", "limit_sigma", "airmass", "fwhm_px", "flags", "instrument", "frame_id", "version",
        "provisional", "calibration_flags", "mid_mjd_tai", "mid_hjd_utc", "sun_alt_deg", "moon_alt_deg", "moon_sep_deg",
        "moon_lit", "sequence", "check_star", "check_mag", "check_mag_err", "check_residual", "check_residual_err",
        "transparency", "transparency_err",
    ]

    /// An empty field means not known; an upper limit has `limit_mag` and no `mag`.
    var csv: String {
        ([Self.columns.joined(separator: ",")] + csvRows).joined(separator: "\n") + "\n"
    }

    var csvRows: [String] {
        points.map { point -> String in
            let fields =
                [
                    point.target, point.filter, point.magnitudeSystem, number(point.midpointBJDTDB, 8),
                    number(point.midpointMJDUTC, 8), number(point.magnitude, 5), number(point.magnitudeError, 5),
                    number(point.levelError, 5), number(point.fluxNanojansky, 3),
                    number(point.fluxErrorNanojansky, 3), number(point.limitMagnitude, 4),
                    number(point.limitSigma, 1), number(point.airmass, 4), number(point.fwhmPixels, 3),
                    String(point.flags), point.instrument, point.frameID, String(point.version),
                    point.provisional ? "true" : "false", (point.calibrationFlags ?? []).joined(separator: " "),
                ] + circumstanceFields(point.circumstances) + checkFields(point.checkStar)
                + transparencyFields(point.frameZeroPoint?.transparency)
            return fields.map(Self.quoted).joined(separator: ",")
        }
    }

    private func checkFields(_ check: CheckStarFacts?) -> [String] {
        let numbers = [check?.magnitude, check?.magnitudeError, check?.residual, check?.residualError]
        return [check?.sequence ?? "", check?.id ?? ""] + numbers.map { number($0, 5) }
    }

    private func circumstanceFields(_ facts: ObservingCircumstances?) -> [String] {
        [
            number(facts?.midpointMJDTAI, 8), number(facts?.midpointHJDUTC, 8), number(facts?.sunAltitudeDegrees, 3),
            number(facts?.moonAltitudeDegrees, 3), number(facts?.moonSeparationDegrees, 3),
            number(facts?.moonIlluminatedFraction, 3),
        ]
    }

    private func transparencyFields(_ transparency: EstimateFacts?) -> [String] {
        [number(transparency?.value, 4), number(transparency?.error, 4)]
    }

    private func number(_ value: Double?, _ digits: Int) -> String {
        value.map { String(format: "%.\(digits)f", $0) } ?? ""
    }

    /// RFC 4180. By scalars: a comma or line end that combines with what follows separates all the same.
    static func quoted(_ field: String) -> String {
        guard field.unicodeScalars.contains(where: { "\",\n\r".unicodeScalars.contains($0) }) else { return field }
        var text = "\""
        for scalar in field.unicodeScalars {
            if scalar == "\"" { text += "\"" }
            text.unicodeScalars.append(scalar)
        }
        return text + "\""
    }
}

/// Alerts as they were raised, the oldest first.
struct AlertHistory {
    struct Entry {
        let eventID: String
        /// `2026-11-21 10:00:00` UTC
        let raisedAt: String
        let alert: AlertRaised
    }

    let entries: [Entry]
    var alerts: [AlertRaised] { entries.map(\.alert) }

    init(_ record: Record, sinceHours: Double? = nil) throws {
        entries = try record.database.execute(
            """
            select event_id, to_char(raised_at, 'YYYY-MM-DD HH24:MI:SS') as raised_at, raised from alerts.history
            where $1::float8 is null or history.raised_at > now() - $1 * interval '1 hour'
            order by history.raised_at, event_id
            """, [SQLValue(sinceHours)]
        ).map {
            Entry(
                eventID: try $0.text("event_id"), raisedAt: try $0.text("raised_at"),
                alert: try JSONDecoder().decode(AlertRaised.self, from: $0.data("raised")))
        }
    }

    /// One JSON object per line.
    func jsonLines() throws -> Data {
        try alerts.reduce(into: Data()) { data, alert in
            data += try EventCodec.json(alert)
            data += Data("\n".utf8)
        }
    }
}
