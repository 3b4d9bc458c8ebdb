internal import Events
internal import ForeignPhotometry
internal import Foundation
internal import PostgresStore

/// A point that was not known before.
struct NewPoint {
    let resolved: ResolvedPoint
    /// Its name in `PointIndex`.
    let identity: String
    let harvested: HarvestedPoint
}

/// The points taken in so far, in the database.
struct PointRecord {
    let database: Database

    /// Tells new points from known ones, in the order of the file; inside a transaction.
    ///
    /// - Parameter file: the name that provenance gives.
    func new(among points: [ResolvedPoint], file: String) throws -> [NewPoint] {
        var new: [NewPoint] = []
        for (target, ofTarget) in Dictionary(grouping: points, by: \.target).sorted(by: { $0.key < $1.key }) {
            var index = try known(target, near: ofTarget)
            for point in ofTarget {
                guard case .new(let identity) = index.resolve(point.identity) else { continue }
                let harvested = point.harvested(identity: identity, file: file)
                new.append(NewPoint(resolved: point, identity: identity, harvested: harvested))
            }
        }
        return new
    }

    private func known(_ target: String, near points: [ResolvedPoint]) throws -> PointIndex {
        var index = PointIndex()
        let cells = points.map(\.identity.cell)
        guard let first = cells.min(), let last = cells.max() else { return index }
        let rows = try database.execute(
            """
            select identity, filter, mid_mjd_utc, magnitude, is_limit, observer from harvest.point
            where target = $1 and cell between $2 and $3 order by cell, identity
            """,
            [.text(target), .int(Int(first) - 1), .int(Int(last) + 1)])
        for row in rows {
            let identity = PointIdentity(
                target: target, filter: try row.text("filter"), midpointMJDUTC: try row.double("mid_mjd_utc"),
                magnitude: try row.double("magnitude"), isLimit: try row.bool("is_limit"),
                observer: try row.optionalText("observer"))
            index.insert(identity, pointID: try row.text("identity"))
        }
        return index
    }

    /// Inside a transaction.
    func add(_ points: [NewPoint], source: String) throws {
        guard !points.isEmpty else { return }
        let columns = [
            "target", "point_id", "identity", "filter", "cell", "mid_mjd_utc", "magnitude", "is_limit", "observer",
            "source", "harvested",
        ]
        try database.copy(into: "harvest.point", columns: columns, rows: points) { point, row in
            let identity = point.resolved.identity
            row.text(point.resolved.target)
            row.text(point.harvested.pointID)
            row.text(point.identity)
            row.text(identity.filter)
            row.int64(Int(identity.cell))
            row.float64(identity.midpointMJDUTC)
            row.float64(identity.magnitude)
            row.bool(identity.isLimit)
            row.text(identity.observer)
            row.text(source)
            row.json(try EventCodec.json(point.harvested))
        }
    }

    /// Points the archive has not taken up, though they were announced: after `patienceSeconds`, then after twice that
    /// time, and so on, twelve times in all. Inside a transaction.
    func overdue(patienceSeconds: Double) throws -> [PhotometryHarvested] {
        guard try database.execute("select to_regclass('archive.point') is not null as ready")[0].bool("ready") else {
            return []
        }
        try database.execute(
            """
            update harvest.point p set confirmed = true from archive.point a
            where not p.confirmed and a.target = p.target and a.point_id = p.point_id
            """)
        let rows = try database.execute(
            """
            update harvest.point set announcements = announcements + 1, announced_at = now()
            where (target, point_id) in (
                select target, point_id from harvest.point
                where not confirmed and announcements < 13
                    and announced_at < now() - $1 * interval '1 s' * power(2, announcements - 1)
                order by announced_at, target, point_id limit 5000)
            returning target, source, harvested
            """, [.double(patienceSeconds)])
        var bySource: [String: [(target: String, point: HarvestedPoint)]] = [:]
        for row in rows {
            let point = try JSONDecoder().decode(HarvestedPoint.self, from: row.data("harvested"))
            bySource[try row.text("source"), default: []].append((try row.text("target"), point))
        }
        return try bySource.sorted { $0.key < $1.key }.flatMap { try batches(of: $0.value, source: $0.key) }
    }
}
