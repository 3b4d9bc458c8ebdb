/// What has been said in public about one event; kept by whoever publishes.
public struct PublishedAlert: Sendable, Codable, Equatable {
    public var identity: AlertIdentity
    /// Counts what was published for this identity, from 0.
    public var sequence: Int
    public var report: AlertReport
    public var retracted: Bool

    public init(identity: AlertIdentity, sequence: Int, report: AlertReport, retracted: Bool) {
        self.identity = identity
        self.sequence = sequence
        self.report = report
        self.retracted = retracted
    }
}

/// One thing to publish.
public struct AlertAction: Sendable, Equatable {
    public enum Kind: String, Sendable, Codable {
        case initial, update, retraction
    }

    public var kind: Kind
    /// What is true of this identity once the action is published: identity, sequence number, report.
    public var published: PublishedAlert
    /// The report's latest point was older than the rule's `maxAgeHours`.
    public var historical: Bool
    /// For an initial alert: the retracted one whose event this is, seen with earlier or corrected points. For a
    /// retraction: the alert that takes its place.
    public var counterpart: AlertIdentity?
}

/// Compares what was published with what is true now.
///
/// Deterministic and idempotent: applying the actions and reconciling again gives none. Since `now` does not depend on
/// the order in which points arrived, neither do the alerts that stand in the end. Published alerts of other rules,
/// other revisions and other targets are left alone.
///
/// - Parameters:
///   - previous: the last thing said for each identity, retractions included.
///   - now: `evaluate` over all points of `target`.
///   - nowMJDUTC: the time by which data are old or new.
/// - Returns: retractions, then initial alerts and updates, each in order of the event's first point.
public func reconcile(
    _ rule: RuleDocument, target: String, previous: [PublishedAlert], now: [EvaluatedAlert], nowMJDUTC: Double
) -> [AlertAction] {
    let ours = previous.filter {
        $0.identity.ruleID == rule.id && $0.identity.revision == rule.revision && $0.identity.target == target
    }
    var standing: [AlertIdentity: PublishedAlert] = [:]
    for alert in ours where alert.sequence >= standing[alert.identity]?.sequence ?? 0 {
        standing[alert.identity] = alert
    }
    let found = Set(now.map(\.identity))
    var actions: [AlertAction] = []
    for alert in standing.values.sorted(by: { order($0.report, $0.identity) < order($1.report, $1.identity) })
    where !alert.retracted && !found.contains(alert.identity) {
        let heir = now.first { standing[$0.identity].map(\.retracted) ?? true && overlaps(alert, $0) }
        actions.append(
            action(.retraction, alert.identity, after: alert, report: alert.report, rule, nowMJDUTC, heir?.identity))
    }
    let retractions = actions
    for alert in now.sorted(by: { order($0.current, $0.identity) < order($1.current, $1.identity) }) {
        let before = standing[alert.identity]
        guard let before, !before.retracted else {
            let ancestor = retractions.first { $0.counterpart == alert.identity }?.published.identity
            actions.append(
                action(.initial, alert.identity, after: before, report: alert.current, rule, nowMJDUTC, ancestor))
            continue
        }
        guard alert.current.isNews(after: before.report, stepMagnitudes: rule.updateAfterMagnitudes) else { continue }
        actions.append(action(.update, alert.identity, after: before, report: alert.current, rule, nowMJDUTC, nil))
    }
    return actions
}

private func action(
    _ kind: AlertAction.Kind, _ identity: AlertIdentity, after before: PublishedAlert?, report: AlertReport,
    _ rule: RuleDocument, _ nowMJDUTC: Double, _ counterpart: AlertIdentity?
) -> AlertAction {
    let published = PublishedAlert(
        identity: identity, sequence: before.map { $0.sequence + 1 } ?? 0, report: report,
        retracted: kind == .retraction)
    let ageHours = (nowMJDUTC - report.latest.midpointMJDUTC) * 24
    return AlertAction(
        kind: kind, published: published, historical: ageHours > rule.maxAgeHours, counterpart: counterpart)
}

private func order(_ report: AlertReport, _ identity: AlertIdentity) -> (Double, String) {
    (report.first.midpointMJDUTC, identity.subject)
}

/// Whether two accounts could be of the same event: same filter and direction, overlapping in time.
private func overlaps(_ alert: PublishedAlert, _ other: EvaluatedAlert) -> Bool {
    guard alert.identity.filter == other.identity.filter, alert.report.departure == other.current.departure else {
        return false
    }
    func end(_ report: AlertReport) -> Double { report.state == .ended ? report.latest.midpointMJDUTC : .infinity }
    return alert.report.first.midpointMJDUTC <= end(other.current)
        && other.current.first.midpointMJDUTC <= end(alert.report)
}
