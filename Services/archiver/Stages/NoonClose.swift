internal import Events
internal import Foundation
internal import Pipeline
internal import PostgresStore
internal import Sky

/// Closes nights without being asked: after local noon at the site, once no frame of the night has come for a while. A
/// frame that comes to a closed night closes it again, later, as a new revision.
struct NoonClose {
    let archive: Archive
    /// How long a night must have been without a new frame.
    let quietSeconds: Double
    let log: Log

    func run(nowMJD: Double) throws {
        let rows = try archive.database.execute(
            """
            select f.instrument, f.night, min(f.received->'instrument'->>'site') as site
            from archive.frame f left join archive.night n on n.instrument = f.instrument and n.night = f.night
            where f.night is not null and (n.night is null or n.state = 'closed')
            group by f.instrument, f.night
            having max(f.arrived_at) < now() - $1 * interval '1 second'
                and max(f.arrived_at) > coalesce(max(n.requested_at), '-infinity')
            """, [.double(quietSeconds)])
        for row in rows {
            let (instrument, night) = (try row.text("instrument"), try row.text("night"))
            guard try Self.end(of: night, site: row.optionalText("site")) <= nowMJD else { continue }
            try archive.database.transaction {
                try Self.request(instrument: instrument, night: night, in: archive.database)
            }
            log.info("closing a night: noon has passed", ["night": night, "instrument": instrument])
        }
    }

    private static func end(of night: String, site: String?) throws -> Double {
        let facts = try site.map { try JSONDecoder().decode(SiteFacts.self, from: Data($0.utf8)) }
        let place = try facts.map {
            try Site(
                latitudeDegrees: $0.latitudeDegrees, longitudeDegrees: $0.longitudeDegrees,
                elevationMeters: $0.elevationMeters)
        }
        return try ObservingNight(date: night, at: place).endMJD
    }

    private static func request(instrument: String, night: String, in database: Database) throws {
        try database.execute(
            """
            insert into archive.night (instrument, night, state, revision) values ($1, $2, 'requested', 1)
            on conflict (instrument, night) do update set state = 'requested', revision = night.revision + 1,
                recipes = null, requested_at = now()
            where night.state = 'closed'
            """, [.text(instrument), .text(night)])
    }
}
