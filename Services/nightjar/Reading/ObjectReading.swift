internal import Association
internal import Foundation
internal import PostgresStore
internal import Sky
internal import Variability

/// An object of the sky as the record has it, with what its light curves say: of what is believed now, or was believed
/// at a time.
struct RecordedObject {
    /// One point of a light curve that is believed.
    struct Point: Encodable {
        let instrument: String
        let filter: String
        let magnitudeSystem: String
        let midpointMJDUTC: Double
        let magnitude: Double?
        /// Independent from point to point.
        let magnitudeError: Double?
        /// Common to the points of the light curve; nil where there is no zero point.
        let levelError: Double?
        /// The frame's share in `magnitudeError`.
        let zeroPointError: Double?
        let fluxElectrons: Double
        let fluxErrorElectrons: Double
        let flags: Int
        /// How sure it is that the detection is of this object.
        let association: [String]
        let chiSquared: Double
        /// Whether statistics are made of it.
        let counts: Bool
        let frameID: String
        let recipe: String
        let validFrom: String
        /// Which version of the frame's objects.
        let version: Int
    }

    /// What one light curve says.
    struct Series: Encodable {
        let instrument: String
        let filter: String
        let magnitudeSystem: String
        let points: Int
        let counted: Int
        var weightedMean: Double?
        /// Of the points' own errors and the level's.
        var weightedMeanError: Double?
        /// What the points have in common.
        var levelError: Double?
        var median: Double?
        var robustScatter: Double?
        var chiSquared: Double?
        var chiSquaredProbability: Double?
        var stetsonJ: Double?
        var stetsonK: Double?
        var vonNeumannRatio: Double?
    }

    struct Summary: Encodable {
        /// A number of up to 19 digits, as text: not every reader of JSON keeps them all.
        let object: String
        let name: String
        let raDegrees: Double
        let decDegrees: Double
        let errorArcsec: Double
        let epoch: Double
        let raMasPerYear: Double?
        let decMasPerYear: Double?
        let catalogue: String?
        let catalogueNumber: String?
        let mergedInto: String?
        let series: [Series]
        /// What the magnitudes are measured against, in words; nil where all are instrumental.
        var scale: String?
    }

    /// A target's light curve has the same zero points, colours and aperture; its shape is another's.
    private static let scale =
        "each point is on the scale of its own frame's zero point; the light curve of a target has the shape of its "
        + "comparison stars and one level a night, and differs from frame to frame by the zero points' own errors"

    let summary: Summary
    let points: [Point]

    /// - Parameter time: what was known then, as PostgreSQL reads times; nil: now.
    init?(_ record: Record, object: Int64, knownAt time: String?) throws {
        let rows = try record.database.execute(
            "select * from archive.object where object_id = $1", [.int(Int(object))])
        guard let row = rows.first else { return nil }
        points = try Self.points(record, object, time)
        summary = try Self.summary(row, points)
    }

    private static func points(_ record: Record, _ object: Int64, _ time: String?) throws -> [Point] {
        try record.database.execute(
            """
            select * from archive.object_light_curve
            where object_id = $1 and case when $2::timestamptz is null then valid_until is null
                else valid_from <= $2::timestamptz and coalesce(valid_until > $2::timestamptz, true) end
            order by instrument, filter, mag_system, midpoint_mjd_utc, frame_id
            """, [.int(Int(object)), SQLValue(time)]
        ).map { row in
            Point(
                instrument: try row.text("instrument"), filter: try row.text("filter"),
                magnitudeSystem: try row.text("mag_system"), midpointMJDUTC: try row.double("midpoint_mjd_utc"),
                magnitude: try row.optionalDouble("mag"), magnitudeError: try row.optionalDouble("mag_err"),
                levelError: try row.optionalDouble("level_err_mag"),
                zeroPointError: try row.optionalDouble("zero_point_err_mag"),
                fluxElectrons: try row.double("flux"), fluxErrorElectrons: try row.double("flux_err"),
                flags: try row.int("flags"),
                association: AssociationFlags(rawValue: Int32(try row.int("association_flags"))).names,
                chiSquared: try row.double("chi_squared"), counts: try row.bool("counts"),
                frameID: try row.text("frame_id"), recipe: try row.text("recipe"),
                validFrom: try row.text("valid_from"), version: try row.int("version"))
        }
    }

    private static func summary(_ row: Row, _ points: [Point]) throws -> Summary {
        let position = try SkyPosition(raDegrees: row.double("ra_deg"), decDegrees: row.double("dec_deg"))
        let variance = try row.double("east_east_arcsec2") + row.double("north_north_arcsec2")
        let groups = Dictionary(grouping: points) { [$0.instrument, $0.filter, $0.magnitudeSystem] }
        var summary = Summary(
            object: try row.text("object_id"), name: position.designation, raDegrees: position.raDegrees,
            decDegrees: position.decDegrees, errorArcsec: (0.5 * variance).squareRoot(),
            epoch: try row.double("epoch_year"), raMasPerYear: try row.optionalDouble("pm_ra_mas_yr"),
            decMasPerYear: try row.optionalDouble("pm_dec_mas_yr"), catalogue: try row.optionalText("catalogue"),
            catalogueNumber: try row.optionalText("catalogue_id"), mergedInto: try row.optionalText("merged_into"),
            series: groups.keys.sorted { $0.lexicographicallyPrecedes($1) }.map { series($0, groups[$0] ?? []) })
        if points.contains(where: { $0.levelError != nil }) { summary.scale = scale }
        return summary
    }

    private static func series(_ key: [String], _ points: [Point]) -> Series {
        let counted = points.filter(\.counts).compactMap { point -> MagnitudePoint? in
            guard let magnitude = point.magnitude, let error = point.magnitudeError else { return nil }
            return MagnitudePoint(timeDays: point.midpointMJDUTC, magnitude: magnitude, error: error)
        }
        let levelError = levelError(of: points.filter(\.counts))
        var series = Series(
            instrument: key[0], filter: key[1], magnitudeSystem: key[2], points: points.count, counted: counted.count)
        guard let statistics = VariabilityStatistics(LightCurveSeries(counted)) else { return series }
        series.weightedMean = statistics.moments.weightedMean
        series.weightedMeanError = statistics.moments.weightedMeanError.map { hypot($0, levelError ?? 0) }
        series.levelError = levelError
        series.median = statistics.median
        series.robustScatter = statistics.robustScatter
        series.chiSquared = statistics.moments.chiSquared
        series.chiSquaredProbability = statistics.moments.chiSquaredProbability
        series.stetsonJ = statistics.stetson?.j
        series.stetsonK = statistics.stetson?.k
        series.vonNeumannRatio = statistics.moments.vonNeumannRatio
        return series
    }

    /// Of the weighted mean: levels are taken for wholly correlated.
    private static func levelError(of points: [Point]) -> Double? {
        var (sum, total) = (0.0, 0.0)
        for point in points {
            guard let level = point.levelError, let error = point.magnitudeError, error > 0 else { continue }
            sum += level / (error * error)
            total += 1 / (error * error)
        }
        return total > 0 ? sum / total : nil
    }

    /// Identifiers of objects around a position, the nearest first; where they are now, not at their epochs.
    static func near(
        _ position: SkyPosition, radiusArcsec: Double, year: Double, in record: Record
    ) throws -> [(object: Int64, separationArcsec: Double)] {
        let ranges = SkyFootprint(around: [position], marginArcsec: radiusArcsec + 40).ranges
        let rows = try record.database.execute(
            """
            select o.* from archive.object o where merged_into is null and (wanders or exists (
                select from unnest($1::int8[], $2::int8[]) as part (lower, upper)
                where o.object_id >= part.lower and o.object_id < part.upper))
            """, [.ints(ranges.map { Int($0.lowerBound) }), .ints(ranges.map { Int($0.upperBound) })])
        let found = try rows.map { row -> (object: Int64, separationArcsec: Double) in
            var place = try SkyPosition(raDegrees: row.double("ra_deg"), decDegrees: row.double("dec_deg"))
            if let ra = try row.optionalDouble("pm_ra_mas_yr"), let dec = try row.optionalDouble("pm_dec_mas_yr") {
                let motion = try ProperMotion(raMasPerYear: ra, decMasPerYear: dec)
                place = place.moved(by: motion, from: try row.double("epoch_year"), to: year)
            }
            return (Int64(try row.int("object_id")), 3600 * place.separationDegrees(from: position))
        }
        return found.filter { $0.separationArcsec <= radiusArcsec }.sorted {
            ($0.separationArcsec, $0.object) < ($1.separationArcsec, $1.object)
        }
    }
}

extension SkyPosition {
    /// A name by the place on the sky, cut off, not rounded, as the IAU wants it: `J053431.94+220052.1`.
    var designation: String {
        let right = Int((raDegrees / 15 * 360_000).rounded(.down))
        let declination = Int((abs(decDegrees) * 36_000).rounded(.down))
        let time = String(
            format: "J%02d%02d%02d.%02d", right / 360_000, right / 6000 % 60, right / 100 % 60, right % 100)
        let angle = String(
            format: "%02d%02d%02d.%d", declination / 36_000, declination / 600 % 60, declination / 10 % 60,
            declination % 10)
        return time + (decDegrees < 0 ? "-" : "+") + angle
    }
}
