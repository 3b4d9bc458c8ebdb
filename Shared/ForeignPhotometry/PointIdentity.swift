/// What makes a point the same point, whichever format it came in.
///
/// Formats round differently: AAVSO files have JD to five decimals (0.9 s) and magnitudes to three, CSV files often
/// more. Two points are the same when target (without case, spaces and underscores) and filter are equal, their times
/// lie within 1 s, both are magnitudes or both are limits and these differ by at most 0.0006 mag (half the last digit
/// and a little for its own rounding), and their observers are equal or one is not known. Errors and notes do not
/// matter. Times must be in one standard: convert HJD and BJD to MJD (UTC) first.
public struct PointIdentity: Sendable, Hashable {
    public static let timeTolerance = 1.0 / 86_400
    public static let magnitudeTolerance = 0.0006

    public let target: String
    public let filter: String
    /// [MJD, UTC]
    public let midpointMJDUTC: Double
    /// The magnitude, or the limit.
    public let magnitude: Double
    public let isLimit: Bool
    public let observer: String?

    public init(
        target: String, filter: String, midpointMJDUTC: Double, magnitude: Double, isLimit: Bool, observer: String?
    ) {
        self.target = Self.normalised(target)
        self.filter = filter
        self.midpointMJDUTC = midpointMJDUTC
        self.magnitude = magnitude
        self.isLimit = isLimit
        self.observer = observer.map(Self.normalised)
    }

    /// - Parameter midpointMJDUTC: the point's time, converted to geocentric UTC where it was not.
    public init(_ point: ForeignPoint, midpointMJDUTC: Double) {
        self.init(
            target: point.target, filter: point.filter, midpointMJDUTC: midpointMJDUTC,
            magnitude: point.magnitude ?? point.limitMagnitude ?? 0, isLimit: point.magnitude == nil,
            observer: point.observer)
    }

    public func isSame(as other: PointIdentity) -> Bool {
        guard target == other.target, filter == other.filter, isLimit == other.isLimit else { return false }
        guard abs(midpointMJDUTC - other.midpointMJDUTC) <= Self.timeTolerance,
            abs(magnitude - other.magnitude) <= Self.magnitudeTolerance
        else { return false }
        return observer == nil || other.observer == nil || observer == other.observer
    }

    /// Time in cells as wide as the tolerance; the same point lies in the same cell or in one beside it. Store this
    /// beside a point, and look for candidates in `cell - 1 ... cell + 1` of the same target and filter.
    public var cell: Int64 {
        guard midpointMJDUTC.isFinite, abs(midpointMJDUTC) < 1e9 else { return .max / 2 }
        return Int64((midpointMJDUTC / Self.timeTolerance).rounded(.down))
    }

    /// A name for a point seen for the first time: its parts, rounded as the coarser format does.
    public var pointID: String {
        let time = Self.fixed(midpointMJDUTC, decimals: 5)
        let brightness = (isLimit ? "<" : "") + Self.fixed(magnitude, decimals: 3)
        return [target, filter, time, brightness, observer ?? ""]
            .map { $0.replacing("%", with: "%25").replacing("|", with: "%7C") }
            .joined(separator: "|")
    }

    private static func normalised(_ name: String) -> String {
        name.lowercased().filter { !$0.isWhitespace && $0 != "_" }
    }

    private static func fixed(_ value: Double, decimals: Int) -> String {
        let scale = (0..<decimals).reduce(1.0) { product, _ in product * 10 }
        guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
        let units = Int64((value * scale).rounded())
        let (whole, rest) = units.magnitude.quotientAndRemainder(dividingBy: UInt64(scale))
        let digits = String(rest)
        return "\(units < 0 ? "-" : "")\(whole).\(String(repeating: "0", count: decimals - digits.count))\(digits)"
    }
}

/// Known points, to recognise those that come again.
public struct PointIndex: Sendable {
    public enum Resolution: Sendable, Equatable {
        /// The point was there already, under this name.
        case known(pointID: String)
        case new(pointID: String)
    }

    private struct Place: Hashable {
        var target: String
        var filter: String
        var cell: Int64
    }

    private var places: [Place: [(identity: PointIdentity, pointID: String)]] = [:]
    private var pointIDs: Set<String> = []

    public init() {}

    /// Takes up a point that has its name already.
    public mutating func insert(_ identity: PointIdentity, pointID: String) {
        places[place(identity, 0), default: []].append((identity, pointID))
        pointIDs.insert(pointID)
    }

    /// Recognises a point, or takes it up under a new name. Of several candidates the nearest in time counts.
    public mutating func resolve(_ identity: PointIdentity) -> Resolution {
        let candidates = (-1...1).flatMap { places[place(identity, Int64($0))] ?? [] }
            .filter { $0.identity.isSame(as: identity) }
        let nearest = candidates.min { left, right in
            let distances = [left, right].map { abs($0.identity.midpointMJDUTC - identity.midpointMJDUTC) }
            return (distances[0], left.pointID) < (distances[1], right.pointID)
        }
        if let nearest { return .known(pointID: nearest.pointID) }
        var pointID = identity.pointID
        var copy = 1
        while pointIDs.contains(pointID) {
            copy += 1
            pointID = "\(identity.pointID)|\(copy)"
        }
        insert(identity, pointID: pointID)
        return .new(pointID: pointID)
    }

    private func place(_ identity: PointIdentity, _ shift: Int64) -> Place {
        Place(target: identity.target, filter: identity.filter, cell: identity.cell + shift)
    }
}
