internal import Events
internal import FITS
internal import Foundation
internal import Plots

let lightCurveCommand = Command(
    name: "lightcurve",
    usage: "lightcurve TARGET [--filter F] [--format F] [--detrend airmass] [--at TIME] [--out FILE]",
    summary: "A target's light curve: the current version of each point, in order of mid-exposure.",
    options: [
        Option("filter", "F", "only this filter"),
        Option("format", "F", "csv (default), json, votable, fits, aavso, alcdef, png or svg"),
        Option("at", "TIME", "what was known then, for example 2026-11-21T20:00:00Z"),
        Option("out", "FILE", "write it there instead of to standard output"),
        Option("detrend", "airmass", "also take out a line in airmass: columns mag_detrended, mag_detrended_err, ..."),
        Option("event", "FROM..TO", "BJD_TDB of an event, such as a transit, that the line is not fitted to"),
        SystemAddress.dataOption, SystemAddress.databaseOption, Option("json", nil, "the same as --format json"),
    ] + ReportOptions.options
) { arguments in
    guard arguments.positional.count == 1 else { throw UsageError("give one target: nightjar lightcurve TARGET") }
    let format = try LightCurveFormat(arguments)
    let detrending = try Detrending(arguments)
    let time = try arguments.text("at").map { try checkedTime($0) }
    let out = arguments.text("out").flatMap { $0 == "-" ? nil : $0 }
    let report = try ReportOptions(arguments, format: format, detrends: detrending != nil, out: out)
    guard !format.isBinary || out != nil || (format == .png && isatty(STDOUT_FILENO) == 0) else {
        throw UsageError("--format \(format.rawValue): give --out FILE")
    }
    let record = try SystemAddress.record(arguments)
    let target = arguments.positional[0]
    try checkKnown(target, filter: arguments.text("filter"), in: record)
    if let check = report.check {
        guard check != target else { throw UsageError("--check \(check.printable) is the target itself") }
        try checkKnown(check, filter: nil, in: record)
    }
    let curve = try LightCurve(record, target: target, filter: arguments.text("filter"), knownAt: time)
    let detrended = detrending.map { DetrendedCurve(curve, leavingOut: $0.event) }
    for remark in detrended?.remarks ?? [] { Terminal.complain(remark.printable) }
    let exported = try ExportedCurve(curve, detrended: detrended, in: record)
    if format == .fits, let out {
        try LightCurveTable(exported).fits(exported).write(to: out)
    } else {
        let alerts = [.png, .svg].contains(format) ? try AlertHistory(record).alerts : []
        let check = try report.check.map { try LightCurve(record, target: $0, knownAt: time) }
        try write(format.content(of: exported, report, check: check, alerts: alerts), to: out)
    }
    if let out { Terminal.complain("\(curve.points.count) points in \(out.printable)") }
    if let scale = curve.scale { Terminal.complain(scale.printable) }
    if curve.points.isEmpty {
        Terminal.complain("\(target) \(time.map { "had no points at \($0)" } ?? "has no points yet")")
    }
    return 0
}

/// What `--detrend` and `--event` ask for.
struct Detrending {
    /// BJD_TDB, from and to.
    let event: ClosedRange<Double>?

    /// - Returns: nil for the measured curve alone.
    init?(_ arguments: Arguments) throws(UsageError) {
        guard let name = arguments.text("detrend") else {
            guard arguments.text("event") == nil else { throw UsageError("--event goes with --detrend airmass") }
            return nil
        }
        guard name == "airmass" else { throw UsageError("--detrend \(name.printable): give airmass") }
        guard let text = arguments.text("event") else {
            event = nil
            return
        }
        let ends = text.components(separatedBy: "..").compactMap { Double($0) }
        guard ends.count == 2, ends.allSatisfy(\.isFinite), ends[0] < ends[1] else {
            throw UsageError("--event \(text.printable): give two times in BJD_TDB, as in 2458107.64..2458107.78")
        }
        event = ends[0]...ends[1]
    }
}

/// - Throws: `SystemError` that names what there is when target or filter are not known.
func checkKnown(_ target: String, filter: String?, in record: Record) throws {
    let targets = try record.targets()
    guard targets.contains(target) else {
        let near = Arguments.suggestion(for: target, among: targets, prefix: "")
        let known =
            targets.isEmpty ? "nightjar target add FILE adds one" : "known are \(targets.joined(separator: ", "))"
        throw SystemError("there is no target '\(target.printable)'\(near); \(known.printable)")
    }
    guard let filter else { return }
    let filters = try record.filters(of: target)
    guard filters.contains(filter) || filters.isEmpty else {
        throw SystemError(
            "--filter \(filter.printable): \(target) has points in \(filters.joined(separator: ", ").printable) only")
    }
}

func write(_ content: Data, to out: String?) throws {
    guard let out else {
        try FileHandle.standardOutput.write(contentsOf: content)
        return
    }
    var isFolder: ObjCBool = false
    guard !FileManager.default.fileExists(atPath: out, isDirectory: &isFolder) || !isFolder.boolValue else {
        throw SystemError("--out \(out.printable) cannot be written: it is a folder")
    }
    do {
        try content.write(to: URL(fileURLWithPath: out), options: .atomic)
    } catch {
        throw SystemError("--out \(out.printable) cannot be written: \(systemWords(error))")
    }
}
