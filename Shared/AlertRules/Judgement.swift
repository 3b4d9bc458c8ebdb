/// Which way a target departs.
public enum Departure: String, Sendable, Codable, Hashable {
    case brighter, fainter
}

/// What one point says about a rule.
struct Judgement {
    /// The condition is met in this direction.
    var meets: Departure?
    /// An event in this direction may be over.
    var clears: Set<Departure> = []
    /// The numbers it was judged by.
    var evidence: AlertEvidence
}

/// The numbers a point was judged by.
public struct AlertEvidence: Sendable, Codable, Equatable {
    /// The level that had to be passed [mag]; for a rise `nil`.
    public var levelMagnitude: Double?
    /// The usual magnitude and the scatter of one point around it, for `changedBy` [mag].
    public var baselineMagnitude: Double?
    public var baselineSigma: Double?
    public var baselinePoints: Int?
    /// How many standard deviations beyond the baseline, the threshold or the rate.
    public var significance: Double?
    /// For `risingFasterThan`, towards brighter [mag/day].
    public var magnitudesPerDay: Double?
    public var magnitudesPerDayError: Double?
}

/// Judges single points. `nil` means the point cannot tell: it neither confirms nor ends anything.
struct Judge {
    let rule: RuleDocument

    /// The point's own error with the systematic floor: for comparisons within its series [mag].
    func error(of point: RulePoint) -> Double? {
        guard let error = point.magnitudeError else { return nil }
        return (error * error + rule.systematicMagnitudes * rule.systematicMagnitudes).squareRoot()
    }

    /// With the error of the level as well: for comparisons with a given magnitude [mag].
    private func wholeError(of point: RulePoint) -> Double? {
        guard let own = error(of: point) else { return nil }
        let level = point.levelError ?? 0
        return (own * own + level * level).squareRoot()
    }

    /// A limit of at least three sigma, or one whose sigma is not known.
    private func limit(of point: RulePoint) -> Double? {
        guard point.magnitude == nil, (point.limitSigma ?? 3) >= 3 else { return nil }
        return point.limitMagnitude
    }

    func brighterThan(_ threshold: Threshold, _ point: RulePoint) -> Judgement? {
        guard point.magnitudeSystem != "differential" else { return nil }
        var judgement = Judgement(evidence: AlertEvidence(levelMagnitude: threshold.magnitude))
        guard let magnitude = point.magnitude else {
            guard let limit = limit(of: point), limit > rule.clearLevel else { return nil }
            judgement.clears = [.brighter]
            return judgement
        }
        guard let margin = margin(threshold, point) else { return nil }
        judgement.evidence.significance = significance(threshold.magnitude - magnitude, point)
        if magnitude + margin < threshold.magnitude { judgement.meets = .brighter }
        if point.isSaturated { return judgement.meets == nil ? nil : judgement }
        if magnitude > rule.clearLevel { judgement.clears = [.brighter] }
        return judgement
    }

    func fainterThan(_ threshold: Threshold, _ point: RulePoint) -> Judgement? {
        guard point.magnitudeSystem != "differential" else { return nil }
        var judgement = Judgement(evidence: AlertEvidence(levelMagnitude: threshold.magnitude))
        guard let magnitude = point.magnitude else {
            guard let limit = limit(of: point), limit >= threshold.magnitude else { return nil }
            judgement.meets = .fainter
            return judgement
        }
        guard let margin = margin(threshold, point) else { return nil }
        judgement.evidence.significance = significance(magnitude - threshold.magnitude, point)
        if magnitude < rule.clearLevel { judgement.clears = [.fainter] }
        if point.isSaturated { return judgement.clears.isEmpty ? nil : judgement }
        if magnitude - margin > threshold.magnitude { judgement.meets = .fainter }
        return judgement
    }

    func changedBy(_ change: Change, _ point: RulePoint, baseline: SlidingBaseline.Level) -> Judgement? {
        let own = error(of: point) ?? rule.systematicMagnitudes
        let baselineVariance = baseline.sigma * baseline.sigma * (1 + .pi / (2 * Double(baseline.count)))
        let sigma = (baselineVariance + own * own).squareRoot()
        guard sigma > 0, let magnitude = point.magnitude ?? limit(of: point) else { return nil }
        let excess = magnitude - baseline.magnitude
        let departure: Departure = excess < 0 ? .brighter : .fainter
        var judgement = Judgement(evidence: evidence(change, baseline: baseline, sigma: sigma, departure: departure))
        judgement.evidence.significance = abs(excess) / sigma
        if abs(excess) > change.sigma * sigma, abs(excess) >= change.minimumMagnitudes,
            change.direction.includes(departure)
        {
            judgement.meets = departure
        }
        if -excess < rule.clearLevel * sigma { judgement.clears.insert(.brighter) }
        if excess < rule.clearLevel * sigma { judgement.clears.insert(.fainter) }
        if point.magnitude == nil { return bound(judgement, is: .fainter) }
        return point.isSaturated ? bound(judgement, is: .brighter) : judgement
    }

    func risingFasterThan(_ rise: Rise, slope: SlopeWindow.Slope) -> Judgement {
        let beyond = slope.magnitudesPerDay - rise.magnitudesPerDay
        var judgement = Judgement(
            evidence: AlertEvidence(
                significance: slope.error > 0 ? beyond / slope.error : nil, magnitudesPerDay: slope.magnitudesPerDay,
                magnitudesPerDayError: slope.error))
        if beyond > rise.sigma * slope.error { judgement.meets = .brighter }
        if slope.magnitudesPerDay < rule.clearLevel { judgement.clears = [.brighter] }
        return judgement
    }

    /// A point that is a bound can only speak for its own side: it may meet there, and clear the other.
    private func bound(_ judgement: Judgement, is side: Departure) -> Judgement? {
        var judgement = judgement
        judgement.clears.remove(side)
        if judgement.meets != side { judgement.meets = nil }
        return judgement.meets == nil && judgement.clears.isEmpty ? nil : judgement
    }

    private func evidence(
        _ change: Change, baseline: SlidingBaseline.Level, sigma: Double, departure: Departure
    ) -> AlertEvidence {
        let step = max(change.sigma * sigma, change.minimumMagnitudes)
        return AlertEvidence(
            levelMagnitude: baseline.magnitude + (departure == .brighter ? -step : step),
            baselineMagnitude: baseline.magnitude, baselineSigma: baseline.sigma, baselinePoints: baseline.count)
    }

    private func margin(_ threshold: Threshold, _ point: RulePoint) -> Double? {
        threshold.sigma == 0 ? 0 : wholeError(of: point).map { threshold.sigma * $0 }
    }

    private func significance(_ beyond: Double, _ point: RulePoint) -> Double? {
        wholeError(of: point).flatMap { $0 > 0 ? beyond / $0 : nil }
    }
}

extension Change.Direction {
    func includes(_ departure: Departure) -> Bool {
        switch self {
        case .any: true
        case .brighter: departure == .brighter
        case .fainter: departure == .fainter
        }
    }
}
