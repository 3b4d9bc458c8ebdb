/// What is worth an alert, as its author writes it in `rule.json`; `docs/rules.md` explains each field.
public struct RuleDocument: Sendable, Equatable {
    /// Lower-case letters, digits and hyphens; part of every alert's identity and of a topic's name.
    public var id: String
    public var name: String
    /// Counts from 1. A new revision raises its own alerts and leaves those of earlier ones as they are.
    public var revision: Int
    /// A target's id, or `*` for every target.
    public var target: String
    /// Filters the rule looks at, each on its own; `nil` for all.
    public var filters: [String]?
    /// Instruments the rule listens to; `nil` for all.
    public var instruments: [String]?
    public var kind: RuleKind
    public var confirmation: Confirmation
    /// Where an event ends, in the unit of `kind`: [mag], [sigma] or [mag/day]. `nil`: see `clearLevel`.
    public var hysteresis: Double?
    /// An alert about points older than this [h] is marked historical.
    public var maxAgeHours: Double
    /// A change of this much [mag] since the last report is worth an update.
    public var updateAfterMagnitudes: Double
    /// An event that goes on is reported again after this time [h].
    public var updateAfterHours: Double
    /// Error common to neighbouring points (thin cloud, colour, flat field) [mag], added in quadrature to each point's
    /// own: confirmation by further points cannot average it away.
    public var systematicMagnitudes: Double
    /// Points of frames that let through less of the stars' light than this share of a clear night's are not heard,
    /// those of frames that do not tell are; `nil`: all are heard.
    public var minimumTransparency: Double?

    public init(
        id: String, name: String, revision: Int, target: String, filters: [String]? = nil, instruments: [String]? = nil,
        kind: RuleKind, confirmation: Confirmation = Confirmation(), hysteresis: Double? = nil,
        maxAgeHours: Double = RuleDocument.defaultMaxAgeHours,
        updateAfterMagnitudes: Double = RuleDocument.defaultUpdateAfterMagnitudes,
        updateAfterHours: Double = RuleDocument.defaultUpdateAfterHours,
        systematicMagnitudes: Double = RuleDocument.defaultSystematicMagnitudes, minimumTransparency: Double? = nil
    ) {
        self.id = id
        self.name = name
        self.revision = revision
        self.target = target
        self.filters = filters
        self.instruments = instruments
        self.kind = kind
        self.confirmation = confirmation
        self.hysteresis = hysteresis
        self.maxAgeHours = maxAgeHours
        self.updateAfterMagnitudes = updateAfterMagnitudes
        self.updateAfterHours = updateAfterHours
        self.systematicMagnitudes = systematicMagnitudes
        self.minimumTransparency = minimumTransparency
    }

    public static let defaultMaxAgeHours = 24.0
    public static let defaultUpdateAfterMagnitudes = 0.5
    public static let defaultUpdateAfterHours = 24.0
    public static let defaultSystematicMagnitudes = 0.02

    /// The level at which an event ends: `hysteresis`, else 0.1 mag back over the threshold, half the sigma, half the
    /// rate.
    public var clearLevel: Double {
        if let hysteresis { return hysteresis }
        switch kind {
        case .brighterThan(let threshold): return threshold.magnitude + 0.1
        case .fainterThan(let threshold): return threshold.magnitude - 0.1
        case .changedBy(let change): return change.sigma / 2
        case .risingFasterThan(let rise): return rise.magnitudesPerDay / 2
        }
    }

    /// Whether the rule is about this target.
    public func concerns(target candidate: String) -> Bool {
        target == "*" || target == candidate
    }
}

/// The condition one point must meet.
public enum RuleKind: Sendable, Equatable {
    case brighterThan(Threshold)
    case fainterThan(Threshold)
    case changedBy(Change)
    case risingFasterThan(Rise)
}

/// A fixed magnitude, to be passed with `sigma` times the point's error, that of its level included.
public struct Threshold: Sendable, Equatable {
    public var magnitude: Double
    /// 0 compares the magnitude alone and lets points without an error count.
    public var sigma: Double

    public init(magnitude: Double, sigma: Double = 3) {
        self.magnitude = magnitude
        self.sigma = sigma
    }
}

/// A departure from the target's own baseline, `sigma` times
/// `sqrt(baseline sigma^2 (1 + pi / 2N) + point's own error^2 + systematic^2)`.
public struct Change: Sendable, Equatable {
    public enum Direction: String, Sendable, Codable, CaseIterable {
        case any, brighter, fainter
    }

    public var sigma: Double
    public var direction: Direction
    /// A smaller departure is never an alert, however significant [mag].
    public var minimumMagnitudes: Double
    public var baseline: BaselineWindow

    public init(
        sigma: Double, direction: Direction = .any, minimumMagnitudes: Double = 0,
        baseline: BaselineWindow = BaselineWindow()
    ) {
        self.sigma = sigma
        self.direction = direction
        self.minimumMagnitudes = minimumMagnitudes
        self.baseline = baseline
    }
}

/// The earlier points, of the same filter and instrument, that say what is usual.
public struct BaselineWindow: Sendable, Equatable {
    public var windowDays: Double
    public var minimumPoints: Int
    /// `true` leaves points in alert out, so that a long event does not become its own baseline.
    public var excludeInAlert: Bool

    public init(windowDays: Double = 30, minimumPoints: Int = 10, excludeInAlert: Bool = true) {
        self.windowDays = windowDays
        self.minimumPoints = minimumPoints
        self.excludeInAlert = excludeInAlert
    }
}

/// A slope towards brighter [mag/day], exceeded by `sigma` times its own error.
public struct Rise: Sendable, Equatable {
    public var magnitudesPerDay: Double
    public var minimumPoints: Int
    public var windowHours: Double
    public var sigma: Double

    public init(magnitudesPerDay: Double, minimumPoints: Int = 5, windowHours: Double = 24, sigma: Double = 3) {
        self.magnitudesPerDay = magnitudesPerDay
        self.minimumPoints = minimumPoints
        self.windowHours = windowHours
        self.sigma = sigma
    }
}

/// How many points must agree: `points` of the last `outOf` that can be judged.
public struct Confirmation: Sendable, Equatable {
    public var points: Int
    public var outOf: Int
    /// The agreeing points must reach over at least this time [min]: a passing cloud does not confirm itself.
    public var minimumSpanMinutes: Double
    /// The agreeing points must come from this many instruments.
    public var minimumInstruments: Int

    public init(points: Int = 2, outOf: Int = 3, minimumSpanMinutes: Double = 0, minimumInstruments: Int = 1) {
        self.points = points
        self.outOf = outOf
        self.minimumSpanMinutes = minimumSpanMinutes
        self.minimumInstruments = minimumInstruments
    }
}
