/// Names one event for ever, whatever order its points came in.
public struct AlertIdentity: Sendable, Codable, Hashable, Comparable {
    public var ruleID: String
    public var revision: Int
    public var target: String
    public var filter: String
    /// `measurementKey` of the first point that met the condition.
    public var firstMeasurementKey: String

    public init(ruleID: String, revision: Int, target: String, filter: String, firstMeasurementKey: String) {
        self.ruleID = ruleID
        self.revision = revision
        self.target = target
        self.filter = filter
        self.firstMeasurementKey = firstMeasurementKey
    }

    /// One line for an event's subject: the parts joined by `|`, with `%` and `|` inside a part percent-encoded.
    public var subject: String {
        [ruleID, String(revision), target, filter, firstMeasurementKey].map { part in
            part.reduce(into: "") { text, character in
                switch character {
                case "%": text += "%25"
                case "|": text += "%7C"
                default: text.append(character)
                }
            }
        }.joined(separator: "|")
    }

    public static func < (left: AlertIdentity, right: AlertIdentity) -> Bool { left.subject < right.subject }
}

/// What is known of an event at one of its points.
public struct AlertReport: Sendable, Codable, Equatable {
    public enum State: String, Sendable, Codable {
        case ongoing, ended
    }

    /// A point as reported.
    public struct Point: Sendable, Codable, Equatable {
        public var measurementKey: String
        public var midpointMJDUTC: Double
        public var magnitude: Double?
        public var magnitudeError: Double?
        public var levelError: Double?
        public var limitMagnitude: Double?
        public var instrument: String
        public var provisional: Bool

        init(_ point: RulePoint) {
            measurementKey = point.measurementKey
            midpointMJDUTC = point.midpointMJDUTC
            magnitude = point.magnitude
            magnitudeError = point.magnitudeError
            levelError = point.levelError
            limitMagnitude = point.limitMagnitude
            instrument = point.instrument
            provisional = point.provisional
        }
    }

    public var state: State
    public var departure: Departure
    /// The first point that met the condition.
    public var first: Point
    /// The point that confirmed the event.
    public var confirmed: Point
    /// The point this report is about.
    public var latest: Point
    /// The point furthest in the event's direction so far.
    public var extreme: Point
    /// Keys of the points that confirmed the event, in order of time.
    public var confirmingKeys: [String]
    /// The numbers the confirming point was judged by.
    public var evidence: AlertEvidence

    /// Whether a report says more than `other`, by the rule's own measure of what is news.
    func isNews(after other: AlertReport, stepMagnitudes: Double) -> Bool {
        if state != other.state || departure != other.departure { return true }
        if latest.measurementKey != other.latest.measurementKey { return true }
        guard let now = latest.magnitude, let then = other.latest.magnitude else {
            return (latest.magnitude == nil) != (other.latest.magnitude == nil)
        }
        return abs(now - then) >= stepMagnitudes
    }
}

/// One event in a light curve, with every report it gave rise to: the first raises the alert, the others update it.
public struct EvaluatedAlert: Sendable, Equatable {
    public var identity: AlertIdentity
    /// Never empty, in order of time.
    public var reports: [AlertReport]

    public var current: AlertReport { reports[reports.count - 1] }
}
