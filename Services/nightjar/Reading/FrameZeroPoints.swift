internal import Foundation
internal import Plots
internal import PostgresStore
internal import Statistics

/// Current zero points of measured lights, for aperture fluxes, or why there are none; by mid-exposure.
struct FrameZeroPoints {
    struct Row: Equatable {
        let frame: String
        let instrument: String
        let filter: String
        let midpointMJDUTC: Double
        let catalogue: String?
        let band: String?
        let system: String?
        let zeroPoint: Double?
        let error: Double?
        let colourTerm: Double?
        let colourTermError: Double?
        let stars: Int?
        let scatter: Double?
        let airmass: Double?
        let transparency: Double?
        let transparencyError: Double?
        /// Of the night; nil before it is closed, and where it does not tell [mag/airmass].
        let extinction: Estimate?
        /// Bands that were tried where the filter does not say one, the frame's own choice first.
        let tried: [TriedBand]?
        let reason: String?
    }

    /// As the archiver keeps them.
    struct Estimate: Codable, Equatable {
        let value: Double
        let error: Double
    }

    let rows: [Row]

    init(rows: [Row]) {
        self.rows = rows
    }

    init(_ record: Record, night: String? = nil) throws {
        // A record that an older archiver made has no such table.
        let known = try record.database.execute(
            "select to_regclass('archive.current_zero_point') is not null as known")[0].bool("known")
        guard known else {
            rows = []
            return
        }
        rows = try record.database.execute(
            """
            select instrument, filter, midpoint_mjd_utc, catalogue, band, mag_system, zero_point, zero_point_err,
                colour_term, colour_term_err, stars, scatter, airmass, transparency, transparency_err, reason,
                solution->'extinction' as extinction, solution->'choice' as tried, version.name
            from archive.current_zero_point z join (
                select distinct on (frame_id) frame_id, recipe, measured->'frame'->>'originalName' as name
                from archive.frame_version order by frame_id, chosen desc, master_rank desc, recipe desc
            ) as version using (frame_id, recipe)
            where z.flux_kind = 'aperture' and ($1::text is null or z.night = $1)
            order by z.midpoint_mjd_utc, version.name, z.frame_id
            """, [SQLValue(night)]
        ).map(Row.init)
    }

    /// One row for each frame, with units in the headings where they are not magnitudes.
    private static let headings = [
        "frame", "instrument", "filter", "mid_mjd_utc", "catalogue", "band", "mag_system", "zero_point",
        "zero_point_err", "colour_term", "colour_term_err", "stars", "scatter", "airmass", "extinction",
        "extinction_err", "transparency", "transparency_err", "bands_tried", "reason",
    ]

    private var cells: [[String]] {
        rows.map { row in
            func number(_ value: Double?, _ places: Int) -> String {
                value.map { String(format: "%.\(places)f", $0) } ?? ""
            }
            return [
                row.frame, row.instrument, row.filter, number(row.midpointMJDUTC, 6), row.catalogue ?? "",
                row.band ?? "", row.system ?? "", number(row.zeroPoint, 4), number(row.error, 4),
                number(row.colourTerm, 4), number(row.colourTermError, 4), row.stars.map { String($0) } ?? "",
                number(row.scatter, 4), number(row.airmass, 3), number(row.extinction?.value, 3),
                number(row.extinction?.error, 3), number(row.transparency, 3), number(row.transparencyError, 3),
                (row.tried ?? []).map(\.text).joined(separator: "; "), row.reason ?? "",
            ]
        }
    }

    var csv: String {
        let lines = [Self.headings] + cells
        return lines.map { line in line.map(Self.quoted).joined(separator: ",") }.joined(separator: "\n") + "\n"
    }

    private static func quoted(_ cell: String) -> String {
        guard cell.contains(where: { ",\"\n\r".contains($0) }) else { return cell }
        return "\"\(cell.replacingOccurrences(of: "\"", with: "\"\""))\""
    }

    /// For the report: how far each zero point is below the best of its instrument and filter, and all of them.
    var section: (figures: [NightReport.Figure], table: NightReport.Table) {
        let best = Dictionary(grouping: rows) { "\($0.instrument)|\($0.filter)|\($0.band ?? "")" }
            .mapValues { $0.compactMap(\.zeroPoint).max() ?? 0 }
        let points = rows.compactMap { row in
            row.zeroPoint.map { value in
                PlotPoint(
                    timeDays: row.midpointMJDUTC,
                    magnitude: (best["\(row.instrument)|\(row.filter)|\(row.band ?? "")"] ?? 0) - value,
                    magnitudeError: row.error, filter: row.filter, instrument: row.instrument)
            }
        }
        var plot = LightCurvePlot(title: "Zero points", subtitle: "clouds and airmass go down", points: points)
        plot.magnitudeLabel = "zero point below the best [mag]"
        plot.timeStandard = "MJD (UTC)"
        plot.height = 320
        let times = points.map(\.timeDays)
        if let first = times.min(), let last = times.max(), last - first < 2 {
            let origin = first.rounded(.down)
            plot.timeAxis = .hours(origin: origin, label: "hours since MJD (UTC) \(Int(origin))")
        }
        let figure = NightReport.Figure(
            caption: summaries.map(\.text).joined(separator: "; "), content: .lightCurve(plot))
        return (points.isEmpty ? [] : [figure], NightReport.Table(headings: Self.headings, rows: cells))
    }

    /// By instrument, filter and band.
    var summaries: [ZeroPointSummary] {
        let groups = Dictionary(grouping: rows) { "\($0.instrument)\u{0}\($0.filter)" }
        return groups.sorted { $0.key < $1.key }.compactMap { ZeroPointSummary($0.value) }
    }
}

/// The zero points of one instrument and filter in short.
struct ZeroPointSummary: Codable, Equatable {
    let instrument: String
    let filter: String
    let frames: Int
    /// Frames that have one.
    let calibrated: Int
    let catalogue: String?
    let band: String?
    let magnitudeSystem: String?
    /// Medians over the frames.
    let zeroPoint: Double?
    let zeroPointError: Double?
    let stars: Int?
    let scatter: Double?
    let lowestTransparency: Double?
    /// Of the night, where there is one night and it is closed [mag/airmass].
    let extinction: FrameZeroPoints.Estimate?
    /// Where the filter does not say the band: all that were tried, the best first.
    let tried: [TriedBand]?
    /// Why the first frame without one has none.
    let reason: String?

    init?(_ rows: [FrameZeroPoints.Row]) {
        guard let first = rows.first else { return nil }
        let solved = rows.filter { $0.zeroPoint != nil }
        instrument = first.instrument
        filter = first.filter
        frames = rows.count
        calibrated = solved.count
        catalogue = solved.first?.catalogue
        band = solved.first?.band
        magnitudeSystem = solved.first?.system
        zeroPoint = RobustStatistics.median(solved.compactMap(\.zeroPoint))
        zeroPointError = RobustStatistics.median(solved.compactMap(\.error))
        stars = RobustStatistics.median(solved.compactMap { $0.stars.map(Double.init) }).map { Int($0) }
        scatter = RobustStatistics.median(solved.compactMap(\.scatter))
        lowestTransparency = solved.compactMap(\.transparency).min()
        let extinctions = solved.map(\.extinction)
        extinction = extinctions.allSatisfy { $0 == extinctions.first } ? extinctions.first ?? nil : nil
        tried = TriedBand.medians(rows.compactMap(\.tried))
        reason = rows.first { $0.reason != nil }?.reason
    }

    var text: String {
        var parts = ["zero points of \(instrument) \(filter): \(calibrated) of \(frames) frames"]
        if let zeroPoint, let zeroPointError, let band, let magnitudeSystem {
            parts.append(
                String(format: "%.3f +- %.3f mag", zeroPoint, zeroPointError) + " in \(band) (\(magnitudeSystem))")
        }
        if let stars { parts.append("\(stars) stars") }
        if let scatter { parts.append(String(format: "scatter %.3f mag", scatter)) }
        if let extinction {
            parts.append(String(format: "extinction %.3f +- %.3f mag/airmass", extinction.value, extinction.error))
        }
        if let tried { parts.append("bands by scatter per root n: " + tried.map(\.text).joined(separator: ", ")) }
        if let lowestTransparency { parts.append(String(format: "transparency down to %.2f", lowestTransparency)) }
        if let reason { parts.append(reason) }
        return parts.joined(separator: ", ")
    }
}

extension FrameZeroPoints.Row {
    fileprivate init(_ row: PostgresStore.Row) throws {
        func kept<Value: Decodable>(_ type: Value.Type, _ column: String) throws -> Value? {
            try row.optionalData(column).flatMap { try JSONDecoder().decode(Value?.self, from: $0) }
        }
        self.init(
            frame: try row.text("name"), instrument: try row.text("instrument"), filter: try row.text("filter"),
            midpointMJDUTC: try row.double("midpoint_mjd_utc"), catalogue: try row.optionalText("catalogue"),
            band: try row.optionalText("band"), system: try row.optionalText("mag_system"),
            zeroPoint: try row.optionalDouble("zero_point"), error: try row.optionalDouble("zero_point_err"),
            colourTerm: try row.optionalDouble("colour_term"),
            colourTermError: try row.optionalDouble("colour_term_err"), stars: try row.optionalInt("stars"),
            scatter: try row.optionalDouble("scatter"), airmass: try row.optionalDouble("airmass"),
            transparency: try row.optionalDouble("transparency"),
            transparencyError: try row.optionalDouble("transparency_err"),
            extinction: try kept(FrameZeroPoints.Estimate.self, "extinction"),
            tried: try kept([TriedBand].self, "tried"), reason: try row.optionalText("reason"))
    }
}
