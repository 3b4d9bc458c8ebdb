internal import Foundation
internal import Instruments

/// What a report to the AAVSO or the ALCDEF says beyond the light curve.
struct ReportOptions {
    static let options = [
        Option("observer", "WHO", "aavso: the observer's code; alcdef: the observers' names, 'Smith, A.; Jones, B.'"),
        Option("object-name", "NAME", "aavso: the star's AAVSO name; alcdef: the asteroid's; else the target's"),
        Option("filter-code", "CODE", "aavso: code of a filter that has none by its name, such as CV for clear"),
        Option("obstype", "TYPE", "aavso: CCD (default, CMOS too), DSLR or PEP"),
        Option("chart", "ID", "aavso: the chart that the comparison stars come from (default: the target's sequence)"),
        Option("check", "TARGET", "aavso: a target that is a check star on the same frames (default: the sequence's)"),
        Option("object-number", "N", "alcdef: the asteroid's number, 0 for none"),
        Option("contact", "WHO", "alcdef: name and address, 'A. Smith <a.smith@example.org>'"),
        Option(
            "magnitude-band", "BAND", "alcdef: band of the comparison stars, where the filter has none: V for clear"),
        Option("revised", nil, "alcdef: takes the place of what was handed in for the same nights"),
    ]

    /// The check star's target.
    let check: String?
    private let words: [String: String]
    private let isRevised: Bool

    /// - Throws: `UsageError` for what the format needs and has not, or what it has no use for.
    init(_ arguments: Arguments, format: LightCurveFormat, detrends: Bool, out: String?) throws(UsageError) {
        words = Dictionary(
            uniqueKeysWithValues: Self.options.compactMap { option in
                arguments.text(option.name).map { (option.name, $0) }
            })
        check = words["check"]
        isRevised = arguments.has("revised")
        let common = ["observer", "object-name"]
        let own: [LightCurveFormat: [String]] = [
            .aavso: common + ["filter-code", "obstype", "chart", "check"],
            .alcdef: common + ["object-number", "contact", "magnitude-band", "revised"],
        ]
        let given = words.keys.sorted() + (isRevised ? ["revised"] : [])
        if let stray = given.first(where: { own[format]?.contains($0) != true }) {
            throw UsageError("--\(stray) is not for --format \(format.rawValue)")
        }
        let needed: [LightCurveFormat: [(String, String)]] = [
            .aavso: [("observer", "the observer's AAVSO code (OBSCODE)")],
            .alcdef: [
                ("observer", "the observers' names (OBSERVERS)"), ("object-number", "0 for none (OBJECTNUMBER)"),
                ("contact", "'NAME <ADDRESS>' (CONTACTNAME, CONTACTINFO)"),
            ],
        ]
        for (name, meaning) in needed[format] ?? [] where words[name] == nil {
            throw UsageError("--format \(format.rawValue) needs --\(name): \(meaning)")
        }
        guard needed[format] == nil || !detrends else {
            throw UsageError("--format \(format.rawValue) reports what was measured: not with --detrend")
        }
        if format == .aavso, let out, ![".txt", ".csv", ".tsv"].contains(where: out.lowercased().hasSuffix) {
            throw UsageError("--out \(out.printable): the AAVSO takes files that end in .txt, .csv or .tsv")
        }
    }

    /// Says on standard error what was left out.
    func aavso(_ exported: ExportedCurve, check: LightCurve?) throws -> String {
        var circumstances = AAVSOReport.Circumstances(observer: words["observer"] ?? "")
        circumstances.star = words["object-name"]
        circumstances.filterCode = words["filter-code"]
        circumstances.observationType = words["obstype"]?.uppercased() ?? "CCD"
        circumstances.chart = words["chart"]
        circumstances.check = check
        let report = try AAVSOReport(exported, circumstances)
        if report.foreignCount > 0 {
            Terminal.complain("\(report.foreignCount) points that others measured are left out")
        }
        return report.text
    }

    /// Says on standard error what was left out.
    func alcdef(_ exported: ExportedCurve) throws -> String {
        guard let number = words["object-number"].flatMap({ Int($0) }), number >= 0 else {
            throw UsageError("--object-number: give a whole number, 0 for an asteroid without one")
        }
        let contact = (words["contact"] ?? "").split(separator: "<", maxSplits: 1).map(String.init)
        guard contact.count == 2, contact[1].hasSuffix(">") else {
            throw UsageError("--contact: give 'NAME <ADDRESS>'")
        }
        var circumstances = ALCDEFReport.Circumstances(
            objectNumber: number,
            objectName: words["object-name"] ?? exported.document?.name ?? exported.curve.target,
            observers: words["observer"] ?? "", contactName: contact[0], contact: String(contact[1].dropLast()))
        circumstances.magnitudeBand = words["magnitude-band"]
        circumstances.isRevised = isRevised
        let report = try ALCDEFReport(exported, circumstances)
        if report.leftOutCount > 0 {
            Terminal.complain("\(report.leftOutCount) upper limits and points of others are left out")
        }
        if report.singleCount > 0 {
            Terminal.complain(
                "\(report.singleCount) points alone in their night are left out: ALCDEF takes two at least")
        }
        return report.text
    }
}
