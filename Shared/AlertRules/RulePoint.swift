/// What source flags mean for rules. The bits are those of the published registry, which this room does not see.
public struct FlagPolicy: Sendable, Equatable {
    /// A point with any of these says nothing and is skipped: no data, truncated by the edge, on bad pixels, a failed
    /// fit.
    public var unusable: UInt32
    /// A point with any of these is a bound: the target is at least as bright as its magnitude says. It may confirm
    /// "brighter" and speak against "fainter", never the reverse: an eruption that saturates the detector is alerted.
    public var saturated: UInt32

    public init(unusable: UInt32, saturated: UInt32) {
        self.unusable = unusable
        self.saturated = saturated
    }
}

/// One version of one measurement of a target, as a rule sees it.
public struct RulePoint: Sendable, Equatable {
    /// Names what was measured, not how: the same for every version, so `frameID/target` rather than an event's id.
    public var measurementKey: String
    /// Of several versions of one measurement the highest counts.
    public var versionRank: Int
    /// Mid-exposure [MJD, UTC].
    public var midpointMJDUTC: Double
    /// Calibrated magnitude and its error, independent from point to point [mag]; `nil` where there is only a limit.
    public var magnitude: Double?
    public var magnitudeError: Double?
    /// Error of the level that the points of a series share [mag]: it counts where a magnitude is compared with a given
    /// one or with another series, not among the points themselves.
    public var levelError: Double?
    /// The target is fainter than this [mag], with `limitSigma` confidence.
    public var limitMagnitude: Double?
    public var limitSigma: Double?
    public var filter: String
    /// `AB`, `Vega`, or `differential`: a differential magnitude has no zero point that a threshold could mean.
    /// `nil` where it is not known, which counts as calibrated.
    public var magnitudeSystem: String?
    public var instrument: String
    /// Source flags, bits of the published registry; `FlagPolicy` says what they mean here.
    public var flags: UInt32
    public var provisional: Bool
    /// Light that came through to the frame against the instrument's best nights; `nil`: the frame does not tell.
    public var transparency: Double?
    /// Only a bound towards bright: see `FlagPolicy.saturated`.
    var isSaturated = false

    /// Whose zero point the magnitude has.
    var series: Series { Series(instrument: instrument, magnitudeSystem: magnitudeSystem) }

    struct Series: Hashable {
        var instrument: String
        var magnitudeSystem: String?
    }

    public init(
        measurementKey: String, versionRank: Int = 0, midpointMJDUTC: Double, magnitude: Double?,
        magnitudeError: Double?, levelError: Double? = nil, limitMagnitude: Double? = nil, limitSigma: Double? = nil,
        filter: String,
        magnitudeSystem: String? = nil, instrument: String, flags: UInt32 = 0, provisional: Bool = false,
        transparency: Double? = nil
    ) {
        self.measurementKey = measurementKey
        self.versionRank = versionRank
        self.midpointMJDUTC = midpointMJDUTC
        self.magnitude = magnitude
        self.magnitudeError = magnitudeError
        self.levelError = levelError
        self.limitMagnitude = limitMagnitude
        self.limitSigma = limitSigma
        self.filter = filter
        self.magnitudeSystem = magnitudeSystem
        self.instrument = instrument
        self.flags = flags
        self.provisional = provisional
        self.transparency = transparency
    }

    /// Without values that are no numbers or make no sense; `nil` when nothing is left.
    var sanitised: RulePoint? {
        guard midpointMJDUTC.isFinite else { return nil }
        var point = self
        if let magnitude, !magnitude.isFinite || abs(magnitude) > 100 { point.magnitude = nil }
        if let error = magnitudeError, !error.isFinite || error < 0 { point.magnitudeError = nil }
        if let error = levelError, !error.isFinite || error < 0 { point.levelError = nil }
        if let limit = limitMagnitude, !limit.isFinite || abs(limit) > 100 { point.limitMagnitude = nil }
        if let sigma = limitSigma, !sigma.isFinite { point.limitSigma = nil }
        if point.magnitude != nil {
            point.limitMagnitude = nil
            if magnitudeError != nil, point.magnitudeError == nil { return nil }
        }
        return point.magnitude == nil && point.limitMagnitude == nil ? nil : point
    }

    /// The current version of each usable measurement, in order of mid-exposure (ties by key).
    static func current(of points: [RulePoint], for rule: RuleDocument, _ policy: FlagPolicy) -> [RulePoint] {
        var newest: [String: RulePoint] = [:]
        for point in points where newest[point.measurementKey].map({ point.supersedes($0) }) ?? true {
            newest[point.measurementKey] = point
        }
        return newest.values
            .filter { rule.filters?.contains($0.filter) ?? true }
            .filter { rule.instruments?.contains($0.instrument) ?? true }
            .filter { $0.flags & policy.unusable == 0 }
            .filter { $0.isClear(enough: rule.minimumTransparency) }
            .compactMap(\.sanitised)
            .map { point in
                var point = point
                point.isSaturated = point.flags & policy.saturated != 0
                return point
            }
            .sorted { ($0.midpointMJDUTC, $0.measurementKey) < ($1.midpointMJDUTC, $1.measurementKey) }
    }

    private func isClear(enough minimum: Double?) -> Bool {
        guard let minimum, let transparency, transparency.isFinite else { return true }
        return transparency >= minimum
    }

    /// A total order on versions, so that two with the same rank are settled alike whichever comes first.
    private func supersedes(_ other: RulePoint) -> Bool {
        if versionRank != other.versionRank { return versionRank > other.versionRank }
        return tieBreak.lexicographicallyPrecedes(other.tieBreak)
    }

    private var tieBreak: [UInt64] {
        let numbers: [Double?] = [midpointMJDUTC, magnitude, magnitudeError, limitMagnitude, levelError, transparency]
        return numbers.map { ($0 ?? .infinity).bitPattern } + [provisional ? 1 : 0]
    }
}
