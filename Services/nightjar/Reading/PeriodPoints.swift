internal import Events
internal import ForeignPhotometry
internal import Foundation
internal import Variability

/// The light curve a period is searched in, from the record or from a file.
struct PeriodPoints {
    struct Point {
        let filter: String
        let instrument: String
        let measured: MagnitudePoint
    }

    enum TimeStandard: String, CaseIterable {
        case barycentric = "BJD_TDB"
        case heliocentric = "HJD (UTC)"
        case topocentric = "MJD (UTC)"
    }

    /// The target, or the file's name.
    let name: String
    /// One for all points: the one that most of them have, the more exact one where as many have both.
    let timeStandard: TimeStandard
    let points: [Point]
    /// Upper limits, and points without an error or the time standard of the others.
    let leftOutCount: Int

    init(_ arguments: Arguments) throws {
        let filter = arguments.text("filter")
        if let path = arguments.text("csv") {
            guard arguments.positional.isEmpty else { throw UsageError("give a target or --csv FILE, not both") }
            if let stray = ["data", "database"].first(where: { arguments.text($0) != nil }) {
                throw UsageError("--\(stray) is for a target of a system, not for --csv FILE")
            }
            try self.init(file: path, filter: filter)
        } else {
            guard arguments.positional.count == 1 else {
                throw UsageError("give one target, or --csv FILE: nightjar period TARGET")
            }
            let record = try SystemAddress.record(arguments)
            let target = arguments.positional[0]
            try checkKnown(target, filter: filter, in: record)
            self.init(try LightCurve(record, target: target, filter: filter))
        }
    }

    init(_ curve: LightCurve) {
        self.init(
            name: curve.target,
            rows: curve.points.map { point in
                var times: [TimeStandard: Double] = [.topocentric: point.midpointMJDUTC]
                times[.barycentric] = point.midpointBJDTDB
                return Row(
                    filter: point.filter, instrument: point.instrument, times: times, magnitude: point.magnitude,
                    error: point.magnitudeError)
            })
    }

    /// - Throws: `SystemError` where nothing can be read, naming the first problem; single bad lines are told.
    init(file path: String, filter: String?) throws {
        let bytes: Data
        do {
            bytes = Data(try givenText(path, what: "the points"))
        } catch {
            throw SystemError("--csv \(path.printable): \(error.text)")
        }
        let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
        let file = ForeignPhotometryFile(
            reading: bytes, defaults: ForeignDefaults(target: name, filter: filter ?? "-", prefersBarycentric: true))
        guard !file.points.isEmpty else {
            throw SystemError("--csv \(path.printable): \(file.problems.first.map(\.description) ?? "has no points")")
        }
        for problem in file.problems.prefix(3) { Terminal.complain("\(path): \(problem)".printable) }
        if file.problemCount > 3 { Terminal.complain("\(path.printable): \(file.problemCount) problems in all") }
        let targets = Set(file.points.map(\.target)).sorted()
        guard targets.count == 1 else {
            throw SystemError("--csv \(path.printable): has \(targets.count) stars; give a file of one")
        }
        let chosen = file.points.filter { filter == nil || $0.filter == filter }
        guard !chosen.isEmpty else {
            let filters = Set(file.points.map(\.filter)).sorted().joined(separator: ", ")
            throw SystemError("--filter \(filter?.printable ?? ""): the file has points in \(filters.printable) only")
        }
        self.init(
            name: targets[0],
            rows: chosen.map {
                Row(
                    filter: $0.filter, instrument: $0.instrument ?? "", times: Self.times($0.time),
                    magnitude: $0.magnitude, error: $0.magnitudeError)
            })
    }

    private struct Row {
        let filter: String
        let instrument: String
        let times: [TimeStandard: Double]
        let magnitude: Double?
        let error: Double?
    }

    private static func times(_ time: ForeignTime) -> [TimeStandard: Double] {
        switch time {
        case .utc(let mjd): [.topocentric: mjd]
        case .heliocentricUTC(let mjd): [.heliocentric: mjd + 2_400_000.5]
        case .barycentricTDB(let mjd): [.barycentric: mjd + 2_400_000.5]
        }
    }

    private init(name: String, rows: [Row]) {
        self.name = name
        let measured = rows.filter { $0.magnitude != nil && ($0.error ?? 0) > 0 }
        var standard = TimeStandard.barycentric
        func count(_ standard: TimeStandard) -> Int { measured.count { $0.times[standard] != nil } }
        for other in TimeStandard.allCases where count(other) > count(standard) { standard = other }
        timeStandard = standard
        points = measured.compactMap { row in
            guard let time = row.times[standard], let magnitude = row.magnitude, let error = row.error else {
                return nil
            }
            return Point(
                filter: row.filter, instrument: row.instrument,
                measured: MagnitudePoint(timeDays: time, magnitude: magnitude, error: error))
        }
        leftOutCount = rows.count - points.count
    }

    /// In order of the filters' names.
    var series: [(filter: String, series: LightCurveSeries)] {
        Dictionary(grouping: points, by: \.filter).sorted { $0.key < $1.key }
            .map { ($0.key, LightCurveSeries($0.value.map(\.measured))) }
    }
}
