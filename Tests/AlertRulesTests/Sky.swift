import AlertRules
import Foundation

/// A small generator with a fixed seed (SplitMix64), so that simulated noise is the same on every machine.
struct SeededNoise: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    /// A standard normal deviate (Box and Muller).
    mutating func gaussian() -> Double {
        let radius = (-2 * log(Double.random(in: Double.leastNonzeroMagnitude...1, using: &self))).squareRoot()
        return radius * cos(2 * .pi * Double.random(in: 0..<1, using: &self))
    }
}

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
