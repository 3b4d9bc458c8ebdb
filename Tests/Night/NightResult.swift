import Events
import Foundation
import PostgresStore

@testable import nightjar

/// What is left of a night in the end: all of it must not depend on the order of arrival, nor on what went wrong
/// meanwhile.
struct NightResult: Equatable {
    /// The fate of each file by its name.
    let fates: [String: String]
    /// Light curve of each target, as the command line writes it.
    let curves: [String: String]
    /// Every number of every point, as the events have it: bit for bit.
    let points: [String]
    /// Alerts that stand: rule, target, filter, identity.
    let alerts: [String]

    init(_ system: NightSystem) throws {
        let record = system.record
        let ledger = try Ledger(record)
        fates = Dictionary(ledger.frames.map { ($0.originalName, $0.fate) }, uniquingKeysWith: { "\($0) and \($1)" })
        var curves: [String: String] = [:]
        for target in SmallNight.targets {
            curves[target] = try LightCurve(record, target: target).csv
        }
        self.curves = curves
        points = try record.database.execute(
            "select payload::text as payload from archive.light_curve order by target, point_id"
        ).map { try $0.text("payload") }
        alerts = try record.database.execute(
            """
            select rule || ' ' || target || ' ' || filter || ' ' || alert_id as alert from alerts.alert
            where not retracted order by 1
            """
        ).map { try $0.text("alert") }
    }

    /// Where two results differ first, for people.
    func difference(from other: NightResult) -> String {
        if fates != other.fates {
            let names = Set(fates.keys).union(other.fates.keys).sorted().filter { fates[$0] != other.fates[$0] }
            return names.map { "\($0): \(fates[$0] ?? "missing"), not \(other.fates[$0] ?? "missing")" }
                .joined(separator: "; ")
        }
        for target in curves.keys.sorted() where curves[target] != other.curves[target] {
            let (mine, theirs) = (lines(curves[target]), lines(other.curves[target]))
            let pair = zip(mine, theirs).first { $0 != $1 }
            return "\(target): \(mine.count) and \(theirs.count) lines; "
                + (pair.map { "\n\($0)\n\($1)" } ?? "one is the beginning of the other")
        }
        if let pair = zip(points, other.points).first(where: { $0 != $1 }) { return "\(pair.0)\n\(pair.1)" }
        return alerts == other.alerts ? "no difference" : "alerts \(alerts), not \(other.alerts)"
    }

    private func lines(_ text: String?) -> [Substring] { (text ?? "").split(separator: "\n") }
}
