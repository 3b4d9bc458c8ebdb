internal import Foundation
internal import LightCurves
internal import PostgresStore
internal import Statistics

/// What takes an object's light curves by several instruments to one scale: offsets solved together from the other
/// stars on the object's frames (`InstrumentOffsets`).
///
///     mag_joined = mag - offset
///     offset error^2 = error of the solution^2 + e_k^2 + e_gauge^2 + s^2
///
/// e: of an instrument's frames' own zero-point errors, which all of its stars share, the mean; s: median scatter of
/// single stars between instruments, by which the object may be off as they are. Series are joined that are in one
/// magnitude system; instrumental ones, in one filter.
struct JoinedInstruments: Encodable {
    /// One instrument and filter.
    struct Offset: Encodable, Equatable {
        let instrument: String
        let filter: String
        let magnitudeSystem: String
        /// [mag]; 0 for the gauge, nil where no chain of shared stars leads to it.
        let offset: Double?
        let error: Double?
        /// Stars shared with other instruments.
        let stars: Int
        let isGauge: Bool
    }

    let offsets: [Offset]

    /// Frames of each series that stars are taken from, and stars.
    private static let mostFrames = 40
    private static let mostStars = 400

    /// - Parameter gauge: the instrument whose offsets are zero; nil: in each system the one with most points.
    init(_ object: RecordedObject, gauge: String?, knownAt time: String?, in record: Record) throws {
        let series = Dictionary(grouping: object.points.filter(\.counts), by: \.seriesName)
        let systems = Dictionary(grouping: series.values.filter { !$0.isEmpty }) { points in
            points[0].magnitudeSystem == "instrumental" ? "instrumental \(points[0].filter)" : points[0].magnitudeSystem
        }
        var offsets: [Offset] = []
        for system in systems.keys.sorted() {
            let members = (systems[system] ?? []).sorted { $0[0].seriesName < $1[0].seriesName }
            guard members.count > 1 else { continue }
            let wanted = gauge.flatMap { name in members.first { $0[0].instrument == name } }
            let zero = wanted ?? members.max { $0.count < $1.count } ?? members[0]
            offsets += try Self.solve(members, gauge: zero[0].seriesName, object, time, record)
        }
        self.offsets = offsets
    }

    func offset(of point: RecordedObject.Point) -> Offset? {
        offsets.first {
            $0.instrument == point.instrument && $0.filter == point.filter
                && $0.magnitudeSystem == point.magnitudeSystem
        }
    }

    private static func solve(
        _ members: [[RecordedObject.Point]], gauge: String, _ object: RecordedObject, _ time: String?, _ record: Record
    ) throws -> [Offset] {
        let measured = try neighbours(members, of: object, time, record)
        let solved: InstrumentOffsets?
        do {
            solved = try InstrumentOffsets(measured, gauge: gauge)
        } catch {
            // No star is shared with the gauge: the series stay apart.
            solved = nil
        }
        let scatters = (solved?.stars ?? []).map(\.scatterBetweenInstruments)
        let scatter = RobustStatistics.median(scatters) ?? 0
        let ownGauge = members.first { $0[0].seriesName == gauge }.map(frameError) ?? 0
        return members.map { points in
            let first = points[0]
            let isGauge = first.seriesName == gauge
            let found = solved?.offsets.first { $0.instrument == first.seriesName }
            let own = frameError(points)
            let error = found.map {
                isGauge ? 0 : ($0.error * $0.error + own * own + ownGauge * ownGauge + scatter * scatter).squareRoot()
            }
            return Offset(
                instrument: first.instrument, filter: first.filter, magnitudeSystem: first.magnitudeSystem,
                offset: isGauge ? 0 : found?.magnitude, error: isGauge ? 0 : error, stars: found?.starCount ?? 0,
                isGauge: isGauge)
        }
    }

    /// Of the mean over the frames of their own zero-point errors [mag].
    private static func frameError(_ points: [RecordedObject.Point]) -> Double {
        let squares = points.compactMap(\.zeroPointError).map { $0 * $0 }
        return squares.isEmpty ? 0 : squares.reduce(0, +).squareRoot() / Double(squares.count)
    }

    /// Measurements of the stars that at least two of the series share.
    private static func neighbours(
        _ members: [[RecordedObject.Point]], of object: RecordedObject, _ time: String?, _ record: Record
    ) throws -> [InstrumentMeasurement] {
        let frames = members.flatMap { points in
            let step = max(1, (points.count + mostFrames - 1) / mostFrames)
            return stride(from: 0, to: points.count, by: step).map { points[$0].version }
        }
        let rows = try record.database.execute(
            """
            with seen as (
                select m.object_id, m.series, m.mag, m.mag_err from archive.object_measurement m
                where m.version = any($1::int8[]) and m.counts and m.object_id <> $2),
            shared as (
                select object_id from seen group by object_id having count(distinct series) > 1
                order by count(*) desc, object_id limit $3)
            select seen.object_id, seen.mag, seen.mag_err, s.instrument, s.filter, s.mag_system
            from seen join shared using (object_id) join archive.object_series s using (series)
            order by seen.object_id, s.instrument, s.filter, seen.mag
            """,
            [.ints(frames.sorted()), .int(Int(object.summary.object) ?? 0), .int(mostStars)])
        return try rows.map { row in
            InstrumentMeasurement(
                star: try row.text("object_id"),
                instrument: RecordedObject.Point.seriesName(
                    instrument: try row.text("instrument"), filter: try row.text("filter"),
                    system: try row.text("mag_system")),
                magnitude: try row.double("mag"), error: try row.double("mag_err"))
        }
    }
}

extension RecordedObject.Point {
    var seriesName: String { Self.seriesName(instrument: instrument, filter: filter, system: magnitudeSystem) }

    static func seriesName(instrument: String, filter: String, system: String) -> String {
        [instrument, filter, system].joined(separator: "\u{1F}")
    }
}
