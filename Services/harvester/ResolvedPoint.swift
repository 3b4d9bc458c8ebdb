internal import Events
internal import ForeignPhotometry
internal import Foundation
internal import Hashing
internal import Sky

/// What keeps one line from becoming a point, or what was wrong with it.
struct NotedProblem: Error, Codable, Equatable {
    /// From 1; 0 for the file as a whole.
    var line: Int
    var column: String?
    var problem: String
}

/// A point with its target known and its time in one standard.
struct ResolvedPoint {
    let target: String
    let point: ForeignPoint
    let midpointMJDUTC: Double
    let midpointBJDTDB: Double?
    let identity: PointIdentity

    /// Longest name, filter, observer and the like [bytes].
    static let longestText = 100

    /// - Throws: `NotedProblem` that says what to do.
    init(_ point: ForeignPoint, targets: TargetNames) throws(NotedProblem) {
        try Self.checkTexts(of: point)
        let match = targets[point.target]
        let time = try Self.time(of: point, match)
        self.point = point
        target = match.id
        midpointMJDUTC = time.mjdUTC
        midpointBJDTDB = time.bjdTDB
        identity = PointIdentity(
            target: match.id, filter: point.filter, midpointMJDUTC: time.mjdUTC,
            magnitude: point.magnitude ?? point.limitMagnitude ?? 0, isLimit: point.magnitude == nil,
            observer: point.observer)
    }

    /// As it travels.
    ///
    /// - Parameters:
    ///   - identity: the point's name, from `PointIndex`.
    ///   - file: name of the file it stands in.
    func harvested(identity: String, file: String) -> HarvestedPoint {
        var place = "\(printable(file)) line \(point.lineNumber)"
        if let source = point.source { place += " (\(source))" }
        var harvested = HarvestedPoint(
            pointID: Self.pointID(identity), filter: point.filter,
            magnitudeSystem: point.magnitudeSystem ?? "unknown", midpointMJDUTC: midpointMJDUTC, provenance: place)
        harvested.midpointBJDTDB = midpointBJDTDB
        harvested.magnitude = point.magnitude
        harvested.magnitudeError = point.magnitudeError
        harvested.levelError = point.magnitude == nil ? nil : point.levelError
        harvested.limitMagnitude = point.limitMagnitude
        harvested.limitSigma = point.limitSigma.flatMap { $0 > 0 ? $0 : nil }
        harvested.observer = point.observer
        harvested.instrument = point.instrument
        return harvested
    }

    static func pointID(_ identity: String) -> String { String(SHA256.hex(of: Data(identity.utf8)).prefix(32)) }

    // MARK: Time

    private static func time(
        of point: ForeignPoint, _ target: TargetNames.Match
    ) throws(NotedProblem) -> (mjdUTC: Double, bjdTDB: Double?) {
        do {
            switch point.time {
            case .utc(let mjd):
                return (mjd, try barycentric(mjd, target.position))
            case .heliocentricUTC(let mjd):
                let star = try position(of: target, for: point, date: "HJD")
                let found = try star.instant(heliocentricJulianDateUTC: mjd + 2_400_000.5).mjd
                return (found, try barycentric(found, star))
            case .barycentricTDB(let mjd):
                let star = try position(of: target, for: point, date: "BJD")
                let found = try star.instant(barycentricJulianDateTDB: mjd + 2_400_000.5, from: nil).mjd
                return (found, mjd + 2_400_000.5)
            }
        } catch let problem as NotedProblem {
            throw problem
        } catch {
            throw NotedProblem(line: point.lineNumber, column: "time", problem: "\(error)")
        }
    }

    private static func barycentric(_ mjd: Double, _ position: SkyPosition?) throws -> Double? {
        try position.map { $0.barycentricJulianDateTDB(at: try UTCInstant(mjd: mjd), from: nil) }
    }

    private static func position(
        of target: TargetNames.Match, for point: ForeignPoint, date: String
    ) throws(NotedProblem) -> SkyPosition {
        if let position = target.position { return position }
        let why = target.isKnown ? "has no position" : "is not among the targets"
        throw NotedProblem(
            line: point.lineNumber, column: date.lowercased(),
            problem: "\(date) needs the target's position, and '\(point.target)' \(why); "
                + "add the target with ra and dec (nightjar target add) and drop the file again")
    }

    // MARK: Texts

    private static func checkTexts(of point: ForeignPoint) throws(NotedProblem) {
        let texts: KeyValuePairs = [
            "target": point.target, "filter": point.filter, "mag_system": point.magnitudeSystem,
            "observer": point.observer, "source": point.source, "instrument": point.instrument,
        ]
        for (column, text) in texts {
            guard let text else { continue }
            if let problem = fault(in: text) {
                throw NotedProblem(line: point.lineNumber, column: column, problem: problem)
            }
        }
        if point.target.allSatisfy({ $0.isWhitespace || $0 == "_" }) {
            throw NotedProblem(line: point.lineNumber, column: "target", problem: "is blank")
        }
    }

    private static func fault(in text: String) -> String? {
        if text.utf8.count > longestText { return "longer than \(longestText) bytes: \(printable(text).prefix(40))..." }
        if text.unicodeScalars.contains(where: isControl) {
            return "holds control characters: \(printable(text))"
        }
        if text.unicodeScalars.contains("\u{FFFD}") {
            return "holds bytes that are not UTF-8: \(text); save the file as UTF-8"
        }
        return nil
    }
}

private func isControl(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.generalCategory == .control }

/// The text with a replacement for each control character.
func printable(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? "\u{FFFD}" : $0 }))
}
