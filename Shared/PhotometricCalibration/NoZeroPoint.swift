/// Why a frame has no zero point.
public enum NoZeroPoint: Error, Sendable, Equatable, CustomStringConvertible {
    case noStars
    case exposureUnknown(seconds: Double)
    case tooFewStars(StarCounts, needed: Int)
    /// The usable stars do not determine the parameters: numbers beyond all reason.
    case undetermined(StarCounts)

    public var description: String {
        switch self {
        case .noStars: "no zero point, because no star of the frame is in the catalogue"
        case .exposureUnknown(let seconds): "no zero point, because \(seconds) s is no exposure time"
        case .tooFewStars(let counts, let needed):
            "no zero point, because \(counts.usable) of \(counts.given) stars can be used and \(needed) are needed"
                + counts.reasons
        case .undetermined(let counts):
            "no zero point, because \(counts.usable) stars do not determine it" + counts.reasons
        }
    }
}

/// What became of the stars that were given; each is counted once, at the first reason that holds.
public struct StarCounts: Sendable, Equatable, Codable {
    public var given = 0
    public var excluded = 0
    public var saturated = 0
    /// No finite catalogue magnitude, or one with too large an error.
    public var withoutMagnitude = 0
    /// No finite flux above zero with an error above zero, or no place on the frame.
    public var withoutFlux = 0
    public var tooFaint = 0
    public var usable = 0

    public init() {}

    var reasons: String {
        let found = [
            (excluded, "excluded"), (saturated, "saturated"), (withoutMagnitude, "without a good catalogue magnitude"),
            (withoutFlux, "without a positive flux"), (tooFaint, "too faint"),
        ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        return found.isEmpty ? "" : ": " + found.joined(separator: ", ")
    }
}
