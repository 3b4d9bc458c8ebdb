internal import DetectionCatalogue
internal import FITS
internal import Foundation
internal import Pipeline

let measureCommand = Command(
    name: "measure", usage: "measure FILE... [--out FILE|DIR] [--format csv|fits] [--positions FILE] [--json]",
    summary: "Finds and measures the sources of raw or calibrated frames.",
    options: [
        Option("out", "FILE|DIR", "where the table goes (default: standard output)"),
        Option("format", "csv|fits", "of the table (default: by the name of --out, else csv)"),
        Option("positions", "FILE", "measures at the x, y of this CSV file (0-based pixels) instead"),
        Option("recentre", nil, "moves given positions to the centroid within one FWHM"),
        Option("aperture", "PX", "radius of the aperture (default: the instrument's, else 1.5 FWHM)"),
        Option("threshold", "K", "detection threshold in sigmas (default: 4)"),
        Option("cosmic-rays", nil, "finds cosmic rays and satellite trails and leaves their pixels out"),
        Option("psf", nil, "also fits all sources by the frame's own star image (columns flux_psf, mag_psf)"),
        InstrumentOption.option,
    ] + MasterFiles.options + [
        Option("json", nil, "print a summary with the times of each step as JSON; the table goes to --out only")
    ]
) { arguments in
    try MeasureFiles(arguments).run()
}

/// `nightjar measure`: each file on its own; one that fails does not keep the others from being measured.
private struct MeasureFiles {
    private let files: [String]
    private let otherInputs: [String]
    private let measurer: FrameMeasurer
    private let out: OutputPlace?
    private let format: String
    private let printsJSON: Bool

    init(_ arguments: Arguments) throws {
        files = arguments.positional
        otherInputs = MasterFiles.paths(arguments) + ["positions", "instrument"].compactMap { arguments.text($0) }
        guard !files.isEmpty else { throw UsageError("no frame given: nightjar measure FILE...") }
        out = try arguments.text("out").map { try OutputPlace($0, inputs: arguments.positional) }
        printsJSON = arguments.has("json")
        guard files.count == 1 || out != nil || printsJSON else {
            throw UsageError("\(files.count) frames make \(files.count) tables: give a folder by --out")
        }
        format = try Self.format(arguments)
        let document = try InstrumentOption.read(arguments)
        let masters = try MasterFiles(arguments, document: document)
        for warning in masters.warnings { Terminal.complain("nightjar: \(warning)") }
        var measurer = FrameMeasurer(document: document, masters: masters)
        measurer.threshold = try arguments.number("threshold", in: 1...1000) ?? measurer.threshold
        measurer.apertureRadiusPixels = try arguments.number("aperture", in: 0.5...1000)
        measurer.positions = try arguments.text("positions").map { try PositionList.read($0) }
        measurer.recentre = arguments.has("recentre")
        measurer.marksArtefacts = arguments.has("cosmic-rays")
        measurer.fitsStarImage = arguments.has("psf")
        self.measurer = measurer
    }

    private static func format(_ arguments: Arguments) throws -> String {
        let out = arguments.text("out")?.lowercased() ?? ""
        let isFITS = [".fits", ".fit", ".fts"].contains { out.hasSuffix($0) }
        let format = arguments.text("format") ?? (isFITS ? "fits" : "csv")
        guard ["csv", "fits"].contains(format) else { throw UsageError("--format \(format): give csv or fits") }
        guard format == "csv" || arguments.text("out") != nil else {
            throw UsageError("--format fits needs --out: a FITS table is not for the terminal")
        }
        return format
    }

    func run() throws -> Int32 {
        var summaries: [FrameMeasurer.Summary] = []
        var failed = false
        for file in files {
            do {
                summaries.append(try measure(file))
            } catch {
                failed = true
                Terminal.complain("nightjar: \(error)")
            }
        }
        if printsJSON {
            let report = Report(version: Release.version, frames: summaries)
            Terminal.say(String(decoding: try prettyJSON(report).dropLast(), as: UTF8.self))
        }
        return failed ? 1 : 0
    }

    private func measure(_ file: String) throws -> FrameMeasurer.Summary {
        var result = try measurer.measure(file)
        if let out {
            let place = try out.file(for: file, ending: format == "fits" ? "detections.fits" : "detections.csv")
            try OutputPlace.requireDistinct(place, from: files + otherInputs)
            try result.times.time("write") { try write(result.table, to: place) }
            result.summary.out = place
        } else if !printsJSON {
            result.times.time("write") { Terminal.write(DetectionCatalogue.csv(of: result.table)) }
        }
        result.summary.steps = result.times.steps
        if !printsJSON {
            for note in result.summary.notes { Terminal.complain("\(file): \(note)") }
            Terminal.complain(result.summary.text)
        }
        return result.summary
    }

    private func write(_ table: FITSTable, to place: String) throws {
        if format == "fits" { return try table.write(to: place) }
        do {
            try Data(DetectionCatalogue.csv(of: table).utf8).write(to: URL(fileURLWithPath: place), options: .atomic)
        } catch {
            throw FrameError(place, "the table cannot be written: \(error.localizedDescription)")
        }
    }

    private struct Report: Encodable {
        let version: String
        let frames: [FrameMeasurer.Summary]
    }
}
