internal import Events
internal import Foundation

/// Whether the demonstration showed what it should; all that is wrong, in words.
struct DemoVerdict: Equatable {
    private(set) var problems: [String] = []
    var passed: Bool { problems.isEmpty }

    /// - Parameters:
    ///   - files: how many were handed in.
    ///   - alerts: every alert as it was raised, updates and retractions too.
    ///   - eruptionMJD: when the nova truly erupted, MJD UTC [d]; nil in a night without it.
    init(ledger: Ledger, files: Int, alerts: [AlertRaised], eruptionMJD: Double?) {
        if !ledger.addsUp { problems.append("the ledger does not add up: \(ledger.pending) frames are pending") }
        if ledger.files != files { problems.append("\(files) files were handed in, the ledger has \(ledger.files)") }
        let lost = ledger.rejected + ledger.deadLettered + ledger.duplicates
        if lost > 0 { problems.append("\(lost) good frames were rejected, dead-lettered or taken for duplicates") }
        guard let eruptionMJD else {
            problems += alerts.map { "nothing happened, but there is an alert: \($0.text)" }
            return
        }
        judge(alerts, eruptionMJD)
    }

    private mutating func judge(_ alerts: [AlertRaised], _ eruptionMJD: Double) {
        for alert in alerts where alert.target != DemoDocuments.nova {
            problems.append("there is an alert that is not about the nova: \(alert.text)")
        }
        for alert in alerts where alert.target == DemoDocuments.nova && (alert.midpointMJDUTC ?? 0) <= eruptionMJD {
            problems.append("there is an alert from before the eruption: \(alert.text)")
        }
        if Self.standing(alerts).isEmpty {
            problems.append("the nova was not alerted by the rule \(DemoDocuments.novaRule)")
        }
    }

    /// First alerts of the nova by its rule that were not taken back.
    static func standing(_ alerts: [AlertRaised]) -> [AlertRaised] {
        let retracted = Set(alerts.filter { $0.alertType == .retraction }.map(\.alertID))
        return alerts.filter { alert in
            alert.alertType == .initial && alert.rule == DemoDocuments.novaRule && alert.target == DemoDocuments.nova
                && !retracted.contains(alert.alertID)
        }
    }
}
