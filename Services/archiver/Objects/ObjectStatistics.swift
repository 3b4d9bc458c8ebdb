internal import PostgresStore
internal import Variability

/// The moments (`Variability`) of each object's light curves, of frames whose nights are closed: what tells the
/// variable objects without reading all points.
///
/// They are brought up to date for all frames of a night at once. Points later than those that count already are added
/// to the moments; where a frame is believed no longer, or comes late, the moments are made again from all points. Both
/// give the same to the last bit, whatever came first. A light curve of a single point has no row: it is that point.
struct ObjectStatistics {
    let database: Database

    /// One object in one series.
    private struct Key: Hashable {
        let object: Int64
        let series: Int32
    }

    private struct Entry {
        var moments = VariabilityMoments()
        /// The latest point.
        var last: MagnitudePoint?
    }

    /// Takes up frames of nights that are closed, or were when something came late or was taken back; inside a
    /// transaction.
    ///
    /// - Parameter openNights: whether frames count that may still be told otherwise.
    func settle(openNights: Bool = false) throws {
        let pending = try database.execute(
            """
            select version from archive.object_frame f
            where in_statistics <> (valid_until is null) and (in_statistics or $1 or exists (
                select from archive.frame_version v join archive.night n using (instrument, night)
                where v.frame_id = f.frame_id and v.recipe = f.recipe and n.state in ('forcing', 'closed')))
            order by version for update
            """, [.bool(openNights)]
        ).map { try $0.int("version") }
        guard !pending.isEmpty else { return }
        try gather(pending)
        var entries = try known()
        try database.execute(
            """
            delete from archive.object_statistics s using touched_series t
            where s.object_id = t.object_id and s.series = t.series
            """)
        try database.executeScript("set local enable_hashjoin to default; set local enable_mergejoin to default")
        try read { key, point in
            var entry = entries[key] ?? Entry()
            entry.moments.add(point, after: entry.last, before: nil)
            entry.last = point
            entries[key] = entry
        }
        try write(entries.filter { $0.value.moments.count > 1 })
        try database.execute("drop table touched_series")
    }

    /// Lists the light curves that these frame versions touch, each with the time after which its points are still to
    /// be added: all of them unless no point comes before one that counts already, and none is taken out.
    private func gather(_ versions: [Int]) throws {
        try database.execute(
            """
            create temporary table touched_series on commit drop as
            select m.object_id, m.series, min(m.midpoint_mjd_utc) as first, bool_or(f.valid_until is not null) as stale,
                '-infinity'::float8 as after
            from archive.object_frame f join archive.object_measurement m using (version)
            where f.version = any($1::int8[]) and m.counts
            group by m.object_id, m.series order by m.object_id, m.series
            """, [.ints(versions)])
        try database.execute(
            "update archive.object_frame set in_statistics = (valid_until is null) where version = any($1::int8[])",
            [.ints(versions)])
        try database.execute("alter table touched_series add primary key (object_id, series)")
        try database.execute("analyze touched_series")
        // The planner does not know how few rows of the table a night has, and would read all of it.
        try database.executeScript("set local enable_hashjoin = off; set local enable_mergejoin = off")
        try database.execute(
            """
            update touched_series t set after = s.last_mjd_utc from archive.object_statistics s
            where s.object_id = t.object_id and s.series = t.series and s.last_mjd_utc < t.first and not t.stale
            """)
    }

    /// What there is of the light curves that are only added to.
    private func known() throws -> [Key: Entry] {
        let rows = try database.executeBinary(
            """
            select s.object_id, s.series, points, total_weight, weighted_mean, chi_squared, mean, second_moment,
                third_moment, squared_steps, last_mjd_utc, last_mag, last_mag_err
            from touched_series t join archive.object_statistics s
                on s.object_id = t.object_id and s.series = t.series
            where t.after > '-infinity'
            """)
        var entries: [Key: Entry] = [:]
        entries.reserveCapacity(rows.count)
        for row in 0..<rows.count {
            let moments = VariabilityMoments(
                count: Int(try rows.int64(row, 2)), totalWeight: try rows.double(row, 3),
                weightedMean: try rows.double(row, 4), chiSquared: try rows.double(row, 5),
                mean: try rows.double(row, 6), secondMoment: try rows.double(row, 7),
                thirdMoment: try rows.double(row, 8), squaredSteps: try rows.double(row, 9))
            let last = MagnitudePoint(
                timeDays: try rows.double(row, 10), magnitude: try rows.double(row, 11),
                error: try rows.double(row, 12))
            entries[Key(object: try rows.int64(row, 0), series: try rows.int32(row, 1))] = Entry(
                moments: moments, last: last)
        }
        return entries
    }

    /// The points still to be added, each light curve's in the order of `LightCurveSeries`.
    private func read(_ body: (Key, MagnitudePoint) -> Void) throws {
        let rows = try database.executeBinary(
            """
            select m.object_id, m.series, m.midpoint_mjd_utc, m.mag, m.mag_err
            from touched_series t cross join lateral (
                select * from archive.object_measurement m
                where m.object_id = t.object_id and m.series = t.series and m.midpoint_mjd_utc > t.after and m.counts
                offset 0) as m
            join archive.object_frame f on f.version = m.version
            where f.in_statistics
            order by m.object_id, m.series, m.midpoint_mjd_utc, m.mag, m.mag_err
            """)
        for row in 0..<rows.count {
            body(
                Key(object: try rows.int64(row, 0), series: try rows.int32(row, 1)),
                MagnitudePoint(
                    timeDays: try rows.double(row, 2), magnitude: try rows.double(row, 3),
                    error: try rows.double(row, 4)))
        }
    }

    private static let columns = [
        "object_id", "series", "points", "total_weight", "weighted_mean", "chi_squared", "mean", "second_moment",
        "third_moment", "squared_steps", "last_mjd_utc", "last_mag", "last_mag_err",
    ]

    /// In order of the primary key.
    private func write(_ entries: [Key: Entry]) throws {
        let ordered = entries.sorted { ($0.key.object, $0.key.series) < ($1.key.object, $1.key.series) }
        guard !ordered.isEmpty else { return }
        try database.copy(into: "archive.object_statistics", columns: Self.columns, rows: ordered) { item, row in
            let (moments, last) = (item.value.moments, item.value.last)
            row.int64(Int(item.key.object))
            row.int32(item.key.series)
            row.int64(moments.count)
            row.float64(moments.totalWeight)
            row.float64(moments.weightedMean)
            row.float64(moments.chiSquared)
            row.float64(moments.mean)
            row.float64(moments.secondMoment)
            row.float64(moments.thirdMoment)
            row.float64(moments.squaredSteps)
            row.float64(last?.timeDays ?? 0)
            row.float64(last?.magnitude ?? 0)
            row.float64(last?.error ?? 0)
        }
    }
}
