internal import PostgresStore
internal import Variability

/// What is kept of each object's light curves so that a frame's points can be added, or taken out again, without
/// reading the others: the moments of `Variability`, for each series.
struct ObjectStatistics {
    let database: Database

    /// Points of one frame version that count, by object.
    struct FramePoints {
        let version: Int
        let series: Int
        let midpoint: Double
        var points: [Int64: MagnitudePoint] = [:]
    }

    struct Entry {
        var moments = VariabilityMoments()
        /// The latest point.
        var last: MagnitudePoint?
    }

    private struct Neighbours {
        var before: MagnitudePoint?
        var after: MagnitudePoint?
    }

    /// The points of a version as they are in the record.
    func points(version: Int, series: Int, midpoint: Double) throws -> FramePoints {
        var frame = FramePoints(version: version, series: series, midpoint: midpoint)
        let rows = try database.executeBinary(
            "select object_id, mag, mag_err from archive.object_measurement where version = $1 and counts",
            [.int(version)])
        frame.points.reserveCapacity(rows.count)
        for row in 0..<rows.count {
            frame.points[try rows.int64(row, 0)] = MagnitudePoint(
                timeDays: midpoint, magnitude: try rows.double(row, 1), error: try rows.double(row, 2))
        }
        return frame
    }

    /// Brings the statistics from one version of a frame to another. `removed` is believed no longer, `added` is
    /// believed already.
    func replace(_ removed: FramePoints?, by added: FramePoints?) throws {
        if let removed, let added, removed.series == added.series, removed.midpoint == added.midpoint {
            try change(
                series: added.series, midpoint: added.midpoint, besides: added.version, take: removed.points,
                give: added.points)
        } else {
            if let removed {
                try change(
                    series: removed.series, midpoint: removed.midpoint, besides: added?.version ?? -1,
                    take: removed.points, give: [:])
            }
            if let added {
                try change(
                    series: added.series, midpoint: added.midpoint, besides: added.version, take: [:],
                    give: added.points)
            }
        }
    }

    private func change(
        series: Int, midpoint: Double, besides version: Int, take: [Int64: MagnitudePoint],
        give: [Int64: MagnitudePoint]
    ) throws {
        let objects = Set(take.keys).union(give.keys).sorted().filter { take[$0] != give[$0] }
        guard !objects.isEmpty else { return }
        // The planner does not know how few rows of the table a frame has, and would read all of it.
        try database.executeScript("set local enable_hashjoin = off; set local enable_mergejoin = off")
        var entries = try read(objects, series: series)
        let recorded = Set(entries.keys)
        let late = objects.filter { object in
            take[object] != nil || (entries[object]?.last).map { $0.timeDays >= midpoint } ?? false
        }
        let neighbours = try neighbours(of: late, series: series, midpoint: midpoint, besides: version)
        for object in objects {
            var entry = entries[object] ?? Entry()
            let near = neighbours[object] ?? Neighbours(before: entry.last)
            if let point = take[object], !entry.moments.remove(point, after: near.before, before: near.after) {
                entry.moments = VariabilityMoments(
                    try light(curveOf: object, series: series, besides: version))
            }
            if let point = give[object] { entry.moments.add(point, after: near.before, before: near.after) }
            if near.after == nil { entry.last = give[object] ?? near.before }
            entries[object] = entry
        }
        try write(objects.map { ($0, entries[$0] ?? Entry()) }, series: series, recorded: recorded)
        try database.executeScript("set local enable_hashjoin to default; set local enable_mergejoin to default")
    }

    // MARK: Rows

    private func read(_ objects: [Int64], series: Int) throws -> [Int64: Entry] {
        let rows = try database.executeBinary(
            """
            select s.object_id, points, total_weight, weighted_mean, chi_squared, mean, second_moment, third_moment,
                squared_steps, last_mjd_utc, last_mag, last_mag_err
            from unnest($1::int8[]) as wanted (object_id) join archive.object_statistics s
                on s.object_id = wanted.object_id and s.series = $2
            """, [.ints(objects.map { Int($0) }), .int(series)])
        var entries: [Int64: Entry] = [:]
        entries.reserveCapacity(objects.count)
        for row in 0..<rows.count {
            let moments = VariabilityMoments(
                count: Int(try rows.int64(row, 1)), totalWeight: try rows.double(row, 2),
                weightedMean: try rows.double(row, 3), chiSquared: try rows.double(row, 4),
                mean: try rows.double(row, 5), secondMoment: try rows.double(row, 6),
                thirdMoment: try rows.double(row, 7), squaredSteps: try rows.double(row, 8))
            let last = MagnitudePoint(
                timeDays: try rows.double(row, 9), magnitude: try rows.double(row, 10), error: try rows.double(row, 11))
            entries[try rows.int64(row, 0)] = Entry(moments: moments, last: last)
        }
        return entries
    }

    private static let columns = [
        "object_id", "series", "points", "total_weight", "weighted_mean", "chi_squared", "mean", "second_moment",
        "third_moment", "squared_steps", "last_mjd_utc", "last_mag", "last_mag_err",
    ]

    private func write(_ entries: [(object: Int64, entry: Entry)], series: Int, recorded: Set<Int64>) throws {
        let full = entries.filter { $0.entry.moments.count > 0 }
        let empty = entries.filter { $0.entry.moments.count == 0 }
        if !empty.isEmpty {
            try database.execute(
                "delete from archive.object_statistics where series = $2 and object_id = any($1::int8[])",
                [.ints(empty.map { Int($0.object) }), .int(series)])
        }
        try copy(full.filter { !recorded.contains($0.object) }, into: "archive.object_statistics", series: series)
        let changed = full.filter { recorded.contains($0.object) }
        guard !changed.isEmpty else { return }
        try database.execute(
            """
            create temporary table if not exists changed_statistics (like archive.object_statistics)
            on commit delete rows
            """)
        try database.execute("delete from changed_statistics")
        try copy(changed, into: "changed_statistics", series: series)
        let set = Self.columns.dropFirst(2).map { "\($0) = c.\($0)" }.joined(separator: ", ")
        try database.execute(
            """
            update archive.object_statistics s set \(set) from changed_statistics c
            where s.object_id = c.object_id and s.series = $1
            """, [.int(series)])
    }

    private func copy(_ entries: [(object: Int64, entry: Entry)], into table: String, series: Int) throws {
        guard !entries.isEmpty else { return }
        try database.copy(into: table, columns: Self.columns, rows: entries) { item, row in
            let (moments, last) = (item.entry.moments, item.entry.last)
            row.int64(Int(item.object))
            row.int32(Int32(series))
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

    // MARK: Points that come late, or go

    /// The points before and after a time, of versions that are believed.
    private func neighbours(
        of objects: [Int64], series: Int, midpoint: Double, besides version: Int
    ) throws -> [Int64: Neighbours] {
        guard !objects.isEmpty else { return [:] }
        func nearest(_ comparison: String, _ direction: String) -> String {
            """
            left join lateral (
                select m.midpoint_mjd_utc as mjd, m.mag, m.mag_err
                from archive.object_measurement m join archive.object_frame f on f.version = m.version
                where m.object_id = wanted.object_id and m.series = $2 and m.midpoint_mjd_utc \(comparison) $3
                    and m.counts and f.valid_until is null and m.version <> $4
                order by m.midpoint_mjd_utc \(direction), m.version \(direction) limit 1)
            """
        }
        let rows = try database.executeBinary(
            """
            select wanted.object_id, b.mjd, b.mag, b.mag_err, a.mjd, a.mag, a.mag_err
            from unnest($1::int8[]) as wanted (object_id)
            \(nearest("<=", "desc")) as b on true \(nearest(">", "asc")) as a on true
            """, [.ints(objects.map { Int($0) }), .int(series), .double(midpoint), .int(version)])
        var neighbours: [Int64: Neighbours] = [:]
        neighbours.reserveCapacity(objects.count)
        func point(_ row: Int, _ column: Int) throws -> MagnitudePoint? {
            guard let time = try rows.optionalDouble(row, column) else { return nil }
            return MagnitudePoint(
                timeDays: time, magnitude: try rows.double(row, column + 1), error: try rows.double(row, column + 2))
        }
        for row in 0..<rows.count {
            neighbours[try rows.int64(row, 0)] = Neighbours(before: try point(row, 1), after: try point(row, 4))
        }
        return neighbours
    }

    /// All points of one light curve that count.
    private func light(curveOf object: Int64, series: Int, besides version: Int) throws -> LightCurveSeries {
        let rows = try database.executeBinary(
            """
            select m.midpoint_mjd_utc, m.mag, m.mag_err
            from archive.object_measurement m join archive.object_frame f on f.version = m.version
            where m.object_id = $1 and m.series = $2 and m.counts and f.valid_until is null and m.version <> $3
            """, [.int(Int(object)), .int(series), .int(version)])
        return LightCurveSeries(
            try (0..<rows.count).map {
                MagnitudePoint(
                    timeDays: try rows.double($0, 0), magnitude: try rows.double($0, 1), error: try rows.double($0, 2))
            })
    }
}
