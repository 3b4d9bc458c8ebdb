internal import PostgresStore

/// A service that waits for something that is away or damaged, as its heartbeat says: frames that it should handle stay
/// pending, and go on by themselves when the thing is back.
struct WaitingService: Codable, Equatable {
    /// Of the process: `photometer-1`, or host and process number.
    let instance: String
    let service: String
    /// What it waits for, and what to do about it.
    let reason: String

    var text: String {
        let name = instance == service ? service : "\(service) \(instance)"
        return "\(name) is waiting: \(reason)"
    }

    /// Heartbeats come every few seconds; a process that is gone sends none [s].
    private static let silentSeconds = 60.0
    private static let mark = "waiting: "

    /// - Returns: nil where none waits.
    static func any(_ record: Record) throws -> [WaitingService]? {
        let rows = try record.database.execute(
            """
            select instance, service, beat->>'state' as state from archive.heartbeat
            where arrived_at > now() - make_interval(secs => $1) and beat->>'state' like $2 || '%'
            order by service, instance
            """, [.double(silentSeconds), .text(mark)])
        let services = try rows.map {
            WaitingService(
                instance: try $0.text("instance"), service: try $0.text("service"),
                reason: String(try $0.text("state").dropFirst(mark.count)))
        }
        return services.isEmpty ? nil : services
    }
}
