/// When a point was taken, in the standard its source used. The light-travel corrections between them need the target's
/// position and are not this room's.
public enum ForeignTime: Sendable, Equatable {
    /// Geocentric, UTC [MJD]. From JD, MJD and Excel dates.
    case utc(mjd: Double)
    /// Heliocentric, UTC [HJD - 2400000.5].
    case heliocentricUTC(mjd: Double)
    /// Barycentric, TDB [BJD_TDB - 2400000.5].
    case barycentricTDB(mjd: Double)

    /// The number of days, whatever the standard.
    public var mjd: Double {
        switch self {
        case .utc(let mjd), .heliocentricUTC(let mjd), .barycentricTDB(let mjd): mjd
        }
    }
}

/// One point of somebody else's light curve: a magnitude or a limit.
public struct ForeignPoint: Sendable, Equatable {
    /// In the file, from 1.
    public var lineNumber: Int
    public var target: String
    /// In our spelling: AAVSO's SG is `g`.
    public var filter: String
    /// `AB`, `Vega`, `differential`, or `nil` where the source does not tell and the filter does not decide.
    public var magnitudeSystem: String?
    public var time: ForeignTime
    public var magnitude: Double?
    /// Positive [mag].
    public var magnitudeError: Double?
    /// Error of the level that the points of one source share, where that tells it apart from `magnitudeError`; not
    /// negative [mag].
    public var levelError: Double?
    /// The target was fainter than this [mag].
    public var limitMagnitude: Double?
    public var limitSigma: Double?
    public var observer: String?
    /// The software or survey that made the point.
    public var source: String?
    public var instrument: String?
    /// `ENSEMBLE`, or a comparison star's name, with its magnitude.
    public var comparison: String?
    public var comparisonMagnitude: Double?
    public var check: String?
    public var checkMagnitude: Double?
    public var airmass: Double?
    /// Whether colour terms were applied.
    public var isTransformed: Bool?
    public var chart: String?
    public var notes: String?

    init(lineNumber: Int, target: String, filter: String, time: ForeignTime, brightness: Brightness) {
        self.lineNumber = lineNumber
        self.target = target
        self.filter = filter
        self.time = time
        switch brightness {
        case .magnitude(let value): magnitude = value
        case .limit(let value): limitMagnitude = value
        }
    }
}

/// What a magnitude column says.
enum Brightness: Equatable {
    case magnitude(Double)
    case limit(Double)
}

/// One thing that is wrong with one line; the other lines are read all the same.
public struct LineProblem: Sendable, Equatable, CustomStringConvertible {
    /// From 1; 0 for the file as a whole.
    public var lineNumber: Int
    /// The column or header field at fault.
    public var column: String?
    public var text: String

    public var description: String {
        let place = lineNumber > 0 ? "line \(lineNumber): " : ""
        return place + (column.map { "\($0): " } ?? "") + text
    }
}

/// What a file of photometry holds.
public struct ForeignPhotometryFile: Sendable, Equatable {
    public enum Format: String, Sendable, Codable {
        case aavsoExtended = "aavso"
        case csv
        case votable, fits
    }

    public var format: Format
    public var points: [ForeignPoint] = []
    /// The first thousand, in order of line.
    public var problems: [LineProblem] = []
    /// All there were.
    public var problemCount = 0

    init(format: Format) { self.format = format }

    static let maximumProblems = 1000

    mutating func add(_ problem: LineProblem) {
        problemCount += 1
        if problems.count < Self.maximumProblems { problems.append(problem) }
    }
}

/// What the reader is told when the file does not say it.
public struct ForeignDefaults: Sendable, Equatable {
    public var target: String?
    public var filter: String?
    public var observer: String?
    /// Of several times in a line, takes the barycentric one rather than UTC.
    public var prefersBarycentric: Bool

    public init(
        target: String? = nil, filter: String? = nil, observer: String? = nil, prefersBarycentric: Bool = false
    ) {
        self.target = target
        self.filter = filter
        self.observer = observer
        self.prefersBarycentric = prefersBarycentric
    }
}
