internal import Events
internal import Foundation
internal import PostgresStore

/// Lets the simulated night go as fast as its light curve is made, and no faster: the next exposure comes when the one
/// before has its point, as at a telescope, where minutes lie between two. Alerts are told as they come.
struct DemoPace {
    /// One of each camera may be under way.
    static let underWay = 2
    /// A light that has no point by then (a cloud took its stars) is not waited for any longer.
    static let patienceSeconds = 3.0

    private let lights: Int
    private var progress = Progress("lights")
    private var given = 0
    private var told = 0

    init(lights: Int) {
        self.lights = lights
    }

    mutating func wait(_ record: Record, handedIn: Int) throws {
        let deadline = Date().addingTimeInterval(Self.patienceSeconds)
        while true {
            let made = try points(record)
            try tellAlerts(record)
            progress.show(done: handedIn, of: lights)
            let missing = handedIn - made - given
            if missing < Self.underWay { return }
            if Date() > deadline {
                given += missing - Self.underWay + 1
                return
            }
            Thread.sleep(forTimeInterval: 0.02)
        }
    }

    mutating func end() {
        progress.end()
    }

    private func points(_ record: Record) throws -> Int {
        try record.database.execute(
            "select count(*) as made from archive.light_curve where target = $1", [.text(DemoDocuments.nova)]
        )[0].int("made")
    }

    private mutating func tellAlerts(_ record: Record) throws {
        let alerts = try AlertHistory(record).alerts
        for alert in alerts.dropFirst(told) {
            if Terminal.errorIsTerminal { Terminal.draw("\r\u{1B}[K") }
            Terminal.complain("alert (\(alert.alertType.rawValue)) \(alert.target): \(alert.text)")
        }
        told = max(told, alerts.count)
    }
}
