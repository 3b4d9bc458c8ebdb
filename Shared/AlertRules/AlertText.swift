import Foundation

extension AlertReport {
    /// One English sentence saying why the rule matched, such as
    /// "V 8.02 ± 0.02 mag, brighter than 9.50 mag; confirmed by 2 points, first at MJD 60676.12346 (UTC)".
    public func explanation(filter: String, kind: RuleKind) -> String {
        let said = "\(filter) \(Self.text(of: latest, asThreshold: kind.isThreshold))"
        let confirmation =
            "confirmed by \(confirmingKeys.count) point\(confirmingKeys.count == 1 ? "" : "s"), "
            + "first at MJD \(String(format: "%.5f", first.midpointMJDUTC)) (UTC)"
        if state == .ended { return "\(said), the event is over; it was \(confirmation)" }
        return "\(said), \(reason(kind)); \(confirmation)"
    }

    private func reason(_ kind: RuleKind) -> String {
        switch kind {
        case .brighterThan(let threshold): return String(format: "brighter than %.2f mag", threshold.magnitude)
        case .fainterThan(let threshold): return String(format: "fainter than %.2f mag", threshold.magnitude)
        case .changedBy:
            guard let baseline = evidence.baselineMagnitude, let points = evidence.baselinePoints else {
                return "changed"
            }
            return String(
                format: "%.1f sigma \(departure.rawValue) than its baseline of %.2f mag (\(points) points)",
                evidence.significance ?? 0, baseline)
        case .risingFasterThan(let rise):
            return String(
                format: "rising by %.2f ± %.2f mag/day, faster than %.2f",
                evidence.magnitudesPerDay ?? 0, evidence.magnitudesPerDayError ?? 0, rise.magnitudesPerDay)
        }
    }

    /// With the error that the rule looked at: a threshold's has the level's in it.
    private static func text(of point: Point, asThreshold: Bool) -> String {
        if let magnitude = point.magnitude {
            let level = asThreshold ? point.levelError ?? 0 : 0
            guard let error = point.magnitudeError.map({ ($0 * $0 + level * level).squareRoot() }) else {
                return String(format: "%.2f mag", magnitude)
            }
            return String(format: error < 0.01 ? "%.3f ± %.3f mag" : "%.2f ± %.2f mag", magnitude, error)
        }
        return point.limitMagnitude.map { String(format: "> %.2f mag", $0) } ?? "no magnitude"
    }
}

extension RuleKind {
    /// Whether magnitudes are compared with a given one.
    fileprivate var isThreshold: Bool {
        switch self {
        case .brighterThan, .fainterThan: true
        case .changedBy, .risingFasterThan: false
        }
    }
}
