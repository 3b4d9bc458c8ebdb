/// Finds every event of a rule in a target's light curve.
///
/// A pure function of the points as a set: neither their order nor versions that are superseded matter. Each filter
/// is evaluated on its own. A point counts when it has the rule's filter and instrument, a finite time, a finite
/// magnitude or limit, and none of the unusable flags. An upper limit speaks for "fainter" and against "brighter",
/// where it is deep enough to; a saturated point the other way round. Cost: O(n log n) searches and one shift of a
/// sorted list per point.
///
/// - Parameters:
///   - rule: what to look for.
///   - target: whose points these are.
///   - points: all there are of this target, any order, any versions.
///   - flags: what source flags mean.
/// - Returns: events by filter, then by time.
public func evaluate(
    _ rule: RuleDocument, target: String, points: [RulePoint], flags: FlagPolicy
) -> [EvaluatedAlert] {
    guard rule.concerns(target: target) else { return [] }
    let current = RulePoint.current(of: points, for: rule, flags)
    let byFilter = Dictionary(grouping: current, by: \.filter)
    return byFilter.keys.sorted().flatMap { filter in
        var evaluation = Evaluation(rule: rule, target: target, filter: filter)
        for point in byFilter[filter] ?? [] { evaluation.step(point) }
        return evaluation.alerts
    }
}

/// The state machine that walks along one filter's points: quiet -> gathering -> in alert -> quiet.
struct Evaluation {
    private struct Judged {
        var point: RulePoint
        var judgement: Judgement
    }

    /// `points` of the last `outOf` agree; span and instruments may still be wanting.
    private struct Gathering {
        var departure: Departure
        var agreeing: [RulePoint]
    }

    private(set) var alerts: [EvaluatedAlert] = []
    private let rule: RuleDocument
    private let target: String
    private let filter: String
    private var quantities: SeriesQuantities
    private var recent: [Judged] = []
    private var gathering: Gathering?
    private var inAlert = false

    init(rule: RuleDocument, target: String, filter: String) {
        self.rule = rule
        self.target = target
        self.filter = filter
        quantities = SeriesQuantities(rule: rule)
    }

    mutating func step(_ point: RulePoint) {
        guard let judgement = quantities.judge(point) else {
            quantities.remember(point, inAlert: inAlert)
            return
        }
        recent.append(Judged(point: point, judgement: judgement))
        if inAlert {
            follow(point, judgement)
        } else {
            gather(point, judgement)
        }
    }

    // MARK: Quiet

    private mutating func gather(_ point: RulePoint, _ judgement: Judgement) {
        if judgement.meets == nil { quantities.remember(point, inAlert: false) }
        if recent.count > rule.confirmation.outOf { release(recent.removeFirst()) }
        guard let departure = agreement() else {
            dropGathering()
            return
        }
        if gathering?.departure == departure {
            if judgement.meets == departure { gathering?.agreeing.append(point) }
        } else {
            dropGathering()
            let agreeing = recent.filter { $0.judgement.meets == departure }.map(\.point)
            gathering = Gathering(departure: departure, agreeing: agreeing)
        }
        if judgement.meets == departure { confirmIfSustained(judgement) }
    }

    /// The direction in which enough of the recent points agree.
    private func agreement() -> Departure? {
        [Departure.brighter, .fainter].first { departure in
            recent.count { $0.judgement.meets == departure } >= rule.confirmation.points
        }
    }

    private mutating func confirmIfSustained(_ judgement: Judgement) {
        guard let gathering, let first = gathering.agreeing.first, let last = gathering.agreeing.last else { return }
        let spanMinutes = (last.midpointMJDUTC - first.midpointMJDUTC) * 1440
        let instruments = Set(gathering.agreeing.map(\.instrument)).count
        guard spanMinutes >= rule.confirmation.minimumSpanMinutes, instruments >= rule.confirmation.minimumInstruments
        else { return }
        raise(gathering, first: first, last: last, judgement)
    }

    private mutating func raise(_ gathering: Gathering, first: RulePoint, last: RulePoint, _ judgement: Judgement) {
        let extreme = gathering.agreeing.reduce(first) { furthest($0, $1, gathering.departure) }
        let report = AlertReport(
            state: .ongoing, departure: gathering.departure, first: .init(first), confirmed: .init(last),
            latest: .init(last), extreme: .init(extreme), confirmingKeys: gathering.agreeing.map(\.measurementKey),
            evidence: judgement.evidence)
        let identity = AlertIdentity(
            ruleID: rule.id, revision: rule.revision, target: target, filter: filter,
            firstMeasurementKey: first.measurementKey)
        alerts.append(EvaluatedAlert(identity: identity, reports: [report]))
        quantities.beginAlert(at: first.midpointMJDUTC, points: gathering.agreeing)
        self.extreme = extreme
        self.gathering = nil
        recent = []
        inAlert = true
    }

    /// A point that met the condition but was not confirmed becomes part of what is usual.
    private mutating func release(_ old: Judged) {
        guard old.judgement.meets != nil else { return }
        if gathering?.agreeing.contains(where: { $0.measurementKey == old.point.measurementKey }) ?? false { return }
        quantities.remember(old.point, inAlert: false)
    }

    private mutating func dropGathering() {
        guard let dropped = gathering else { return }
        gathering = nil
        let kept = Set(recent.map(\.point.measurementKey))
        for point in dropped.agreeing where !kept.contains(point.measurementKey) {
            quantities.remember(point, inAlert: false)
        }
    }

    // MARK: In alert

    private var extreme: RulePoint?

    private mutating func follow(_ point: RulePoint, _ judgement: Judgement) {
        quantities.remember(point, inAlert: true)
        if recent.count > rule.confirmation.outOf { recent.removeFirst() }
        let last = alerts[alerts.count - 1].current
        let clearing = recent.count { $0.judgement.clears.contains(last.departure) }
        if judgement.clears.contains(last.departure), clearing >= rule.confirmation.points {
            append(report(last, at: point, state: .ended))
            let usual = recent.filter { $0.judgement.meets == nil && $0.judgement.clears.contains(last.departure) }
            quantities.endAlert(clearing: usual.map(\.point))
            recent = []
            inAlert = false
            return
        }
        extreme = extreme.map { furthest($0, point, last.departure) }
        guard !judgement.clears.contains(last.departure) else { return }
        if isDue(point, since: last.latest) || hasMoved(since: last.latest) {
            append(report(last, at: point, state: .ongoing))
        }
    }

    private mutating func append(_ report: AlertReport) {
        alerts[alerts.count - 1].reports.append(report)
    }

    private func report(_ last: AlertReport, at point: RulePoint, state: AlertReport.State) -> AlertReport {
        var report = last
        report.state = state
        report.latest = .init(point)
        if let extreme { report.extreme = .init(extreme) }
        return report
    }

    private func isDue(_ point: RulePoint, since last: AlertReport.Point) -> Bool {
        (point.midpointMJDUTC - last.midpointMJDUTC) * 24 >= rule.updateAfterHours - 1e-6
    }

    /// Whether the newest points, as many as confirm an event, have all moved the same way by enough: a step counts
    /// when it is both large and three times its error, so that one outlier is no news.
    private func hasMoved(since last: AlertReport.Point) -> Bool {
        let newest = recent.suffix(rule.confirmation.points)
        guard newest.count == rule.confirmation.points else { return false }
        let directions = Set(newest.map { step(to: $0.point, since: last) })
        return directions == [1] || directions == [-1]
    }

    private func step(to point: RulePoint, since last: AlertReport.Point) -> Int {
        guard let magnitude = point.magnitude, let before = last.magnitude else { return 0 }
        var errors = [point.magnitudeError ?? 0, last.magnitudeError ?? 0]
        // What one instrument's level is off by is the same for both points; that of two instruments is not.
        if point.instrument != last.instrument { errors += [point.levelError ?? 0, last.levelError ?? 0] }
        let error = errors.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let step = magnitude - before
        guard abs(step) >= rule.updateAfterMagnitudes, abs(step) > 3 * error else { return 0 }
        return step > 0 ? 1 : -1
    }

    private func furthest(_ one: RulePoint, _ other: RulePoint, _ departure: Departure) -> RulePoint {
        guard let left = one.magnitude ?? one.limitMagnitude else { return other }
        guard let right = other.magnitude ?? other.limitMagnitude else { return one }
        if departure == .brighter { return right < left && other.magnitude != nil ? other : one }
        return right > left ? other : one
    }
}
