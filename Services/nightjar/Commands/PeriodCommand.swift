internal import Foundation
internal import Plots
internal import Variability

let periodCommand = Command(
    name: "period",
    usage: "period TARGET [--filter F] [--from P --to P] [--json] [--plot FILE], or period --csv FILE ...",
    summary: "The period of a light curve: generalised Lomb-Scargle, false-alarm probability, rivals and aliases.",
    options: [
        Option("filter", "F", "only this filter; else all filters together, each with its own mean and amplitude"),
        Option("from", "P", "the shortest period to try [d]"), Option("to", "P", "the longest period to try [d]"),
        Option("bootstrap", "N", "also the false-alarm probability from N shuffled light curves"),
        Option("plot", "FILE", "the light curve folded with the period, .png or .svg"),
        Option("csv", "FILE", "a file of photometry instead of a target: CSV as lightcurve writes it, AAVSO Extended"),
        Option("rivals", "N", "how many other peaks to name (5)"),
        SystemAddress.dataOption, SystemAddress.databaseOption, Option("json", nil, "as JSON"),
    ]
) { arguments in
    let search = try PeriodOptions(arguments)
    let points = try PeriodPoints(arguments)
    let result = try PeriodResult(points, search)
    if arguments.has("json") {
        try write(prettyJSON(result.document), to: nil)
    } else {
        Terminal.write(result.text)
    }
    if let out = search.plot { try write(result.figure(asSVG: out.hasSuffix(".svg")), to: out) }
    return 0
}

/// How to search.
struct PeriodOptions {
    var shortestDays: Double?
    var longestDays: Double?
    var trials: Int?
    var rivals = 5
    var plot: String?

    init() {}

    init(_ arguments: Arguments) throws(UsageError) {
        shortestDays = try arguments.number("from", in: 1e-5...1e5)
        longestDays = try arguments.number("to", in: 1e-5...1e5)
        if let shortestDays, let longestDays, shortestDays >= longestDays {
            throw UsageError("--from \(shortestDays) --to \(longestDays): the first is the shorter period")
        }
        trials = try arguments.integer("bootstrap", in: 1...100_000)
        rivals = try arguments.integer("rivals", in: 0...100) ?? 5
        plot = arguments.text("plot")
        if let plot, !plot.hasSuffix(".png"), !plot.hasSuffix(".svg") {
            throw UsageError("--plot \(plot.printable): give a name that ends in .png or .svg")
        }
    }
}
