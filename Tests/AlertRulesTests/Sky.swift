import AlertRules

let policy = FlagPolicy(unusable: 0b0001, saturated: 0b0010)

func point(
    _ index: Int, _ magnitude: Double?, error: Double? = 0.02, limit: Double? = nil, version: Int = 0,
    minutes: Double = 1, filter: String = "V", system: String = "Vega",
    instrument: String = "east", flags: UInt32 = 0
) -> RulePoint {
    RulePoint(
        measurementKey: "frame\(index)", versionRank: version, midpointMJDUTC: 60_000 + Double(index) * minutes / 1440,
        magnitude: magnitude, magnitudeError: error, limitMagnitude: limit, limitSigma: limit == nil ? nil : 3,
        filter: filter, magnitudeSystem: system, instrument: instrument, flags: flags)
}

/// A light curve, one point a minute.
func curve(_ magnitudes: [Double], from first: Int = 0, error: Double = 0.02) -> [RulePoint] {
    magnitudes.enumerated().map { point(first + $0.offset, $0.element, error: error) }
}

func brighterThan(_ magnitude: Double, sigma: Double = 3, points: Int = 2, outOf: Int = 3, clear: Double? = nil)
    -> RuleDocument
{
    RuleDocument(
        id: "bright", name: "bright", revision: 1, target: "*",
        kind: .brighterThan(Threshold(magnitude: magnitude, sigma: sigma)),
        confirmation: Confirmation(points: points, outOf: outOf), hysteresis: clear, systematicMagnitudes: 0)
}

func changedBy(
    _ sigma: Double, _ direction: Change.Direction = .any, points: Int = 2, outOf: Int = 3, excludeInAlert: Bool = true
) -> RuleDocument {
    RuleDocument(
        id: "change", name: "change", revision: 1, target: "*",
        kind: .changedBy(
            Change(
                sigma: sigma, direction: direction,
                baseline: BaselineWindow(windowDays: 30, minimumPoints: 10, excludeInAlert: excludeInAlert))),
        confirmation: Confirmation(points: points, outOf: outOf), systematicMagnitudes: 0)
}

func events(_ rule: RuleDocument, _ points: [RulePoint]) -> [EvaluatedAlert] {
    evaluate(rule, target: "star", points: points, flags: policy)
}

/// What the world has heard, kept the way a publisher keeps it.
struct Publisher {
    var rule: RuleDocument
    var said: [PublishedAlert] = []
    var now = 60_000.5

    mutating func hear(_ points: [RulePoint]) -> [AlertAction] {
        let actions = reconcile(rule, target: "star", previous: said, now: events(rule, points), nowMJDUTC: now)
        for action in actions {
            said.removeAll { $0.identity == action.published.identity }
            said.append(action.published)
        }
        return actions
    }

    /// First point, last reported point and state of each alert that stands.
    var standing: [String] {
        said.filter { !$0.retracted }.map {
            "\($0.identity.subject) \($0.report.state.rawValue) \($0.report.latest.measurementKey)"
        }.sorted()
    }
}
