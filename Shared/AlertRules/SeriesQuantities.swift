/// What a rule needs to know of the points before the one it judges, per instrument and magnitude system: these differ
/// in zero point and colour terms, so a baseline or a slope across them would measure the instruments.
struct SeriesQuantities {
    private let rule: RuleDocument
    private let judging: Judge
    private var baselines: [RulePoint.Series: SlidingBaseline] = [:]
    private var slopes: [RulePoint.Series: SlopeWindow] = [:]
    /// Levels as they were when the event began, while one goes on and points in alert are left out.
    private var frozen: [RulePoint.Series: SlidingBaseline.Level]?

    init(rule: RuleDocument) {
        self.rule = rule
        judging = Judge(rule: rule)
    }

    /// `nil` where the point cannot tell.
    mutating func judge(_ point: RulePoint) -> Judgement? {
        switch rule.kind {
        case .brighterThan(let threshold): return judging.brighterThan(threshold, point)
        case .fainterThan(let threshold): return judging.fainterThan(threshold, point)
        case .changedBy(let change):
            guard let level = level(for: point, change) else { return nil }
            return judging.changedBy(change, point, baseline: level)
        case .risingFasterThan(let rise):
            guard let slope = slope(to: point, rise) else { return nil }
            return judging.risingFasterThan(rise, slope: slope)
        }
    }

    /// Lets a point count as usual, unless it belongs to an event and such points are left out.
    mutating func remember(_ point: RulePoint, inAlert: Bool) {
        guard case .changedBy(let change) = rule.kind, let magnitude = point.magnitude, !point.isSaturated else {
            return
        }
        if inAlert, change.baseline.excludeInAlert { return }
        baselines[point.series, default: SlidingBaseline(window: change.baseline)]
            .insert(mjd: point.midpointMJDUTC, magnitude: magnitude)
    }

    mutating func beginAlert(at mjd: Double, points: [RulePoint]) {
        guard case .changedBy(let change) = rule.kind else { return }
        guard change.baseline.excludeInAlert else {
            for point in points { remember(point, inAlert: true) }
            return
        }
        var levels: [RulePoint.Series: SlidingBaseline.Level] = [:]
        for series in baselines.keys { levels[series] = baselines[series]?.level(at: mjd) }
        frozen = levels
    }

    /// The points that ended the event are the first usual ones again.
    mutating func endAlert(clearing: [RulePoint]) {
        let leftOut = frozen != nil
        frozen = nil
        if leftOut { for point in clearing { remember(point, inAlert: false) } }
    }

    private mutating func level(for point: RulePoint, _ change: Change) -> SlidingBaseline.Level? {
        if let frozen { return frozen[point.series] }
        return baselines[point.series]?.level(at: point.midpointMJDUTC)
    }

    private mutating func slope(to point: RulePoint, _ rise: Rise) -> SlopeWindow.Slope? {
        guard let magnitude = point.magnitude, !point.isSaturated, let error = judging.error(of: point), error > 0
        else { return nil }
        slopes[point.series, default: SlopeWindow(rise: rise)]
            .insert(mjd: point.midpointMJDUTC, magnitude: magnitude, error: error)
        return slopes[point.series]?.slope()
    }
}
