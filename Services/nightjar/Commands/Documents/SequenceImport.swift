internal import Foundation
internal import PhotometricCalibration

/// `nightjar sequence import`: makes a sequence's document of a chart. Needs no running system.
struct SequenceImport {
    static let options = [
        Option("check", "STAR", "import: label or AUID of the check star"),
        Option("target", "ID", "import: the target's id (default: the star's name on the chart)"),
        Option("out", "FILE", "import: where the document goes (default: standard output)"),
    ]

    private let path: String
    private let check: String?
    private let target: String?
    private let out: String?

    /// - Returns: nil for another verb.
    /// - Throws: `UsageError` also for options of `import` with another verb.
    init?(_ arguments: Arguments) throws(UsageError) {
        guard arguments.positional.first == "import" else {
            let stray = Self.options.first { arguments.text($0.name) != nil }
            if let stray { throw UsageError("--\(stray.name) belongs to nightjar sequence import") }
            return nil
        }
        guard arguments.positional.count == 2 else {
            throw UsageError("import needs one chart: the JSON of the AAVSO's Variable Star Plotter")
        }
        for name in ["raise", "json"] where arguments.has(name) {
            throw UsageError("--\(name) is not for nightjar sequence import")
        }
        path = arguments.positional[1]
        (check, target, out) = (arguments.text("check"), arguments.text("target"), arguments.text("out"))
    }

    func run() throws -> Int32 {
        let bytes = try SubmittedDocument.bytes(of: path)
        let chart = try ChartFile(bytes, name: path.printable, target: target, check: check)
        for remark in chart.remarks { Terminal.complain("note: \(remark.printable)") }
        if check == nil {
            let stars = chart.sequence.stars.map { "\($0.id) (\(chart.labels[$0.id] ?? ""))" }.joined(separator: ", ")
            Terminal.complain("note: no check star: choose one by --check, label or AUID: \(stars.printable)")
        }
        if let out, URL(fileURLWithPath: out).standardizedFileURL == URL(fileURLWithPath: path).standardizedFileURL {
            throw UsageError("--out \(out.printable) is the chart itself")
        }
        let place = out == "-" ? nil : out
        // A link is there, too, whether or not it leads anywhere.
        var facts = stat()
        if let place, lstat(place, &facts) == 0 {
            throw UsageError("--out \(place.printable): this is there already; nothing is replaced")
        }
        try write(chart.document(), to: place)
        return 0
    }
}
