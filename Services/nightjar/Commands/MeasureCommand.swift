internal import DetectionCatalogue
internal import FITS
internal import Foundation
internal import Imaging
internal import Instruments
internal import PhotometricCalibration
internal import Photometry

let measureCommand = Command(
    name: "measure", usage: "measure FILE... [--out FILE|DIR] [--format csv|fits] [--positions FILE] [--json]",
    summary: "Finds and measures the sources of raw or calibrated frames.",
    options: [
        Option("out", "FILE|DIR", "where the table goes (default: standard output)"),
        Option("format", "csv|fits", "of the table (default: by the name of --out, else csv)"),
        Option("positions", "FILE", "measures at the x, y of this CSV file (0-based pixels) instead"),
        Option("background", "FILE|DIR", "also writes the level of the sky, and its scatter, as FITS images"),
        Option("recentre", nil, "moves given positions to the centroid within one FWHM"),
        Option(
            "aperture", "PX[,PX...]",
            "radius of the aperture, and of more of them (default: the instrument's, else 1.5fwhm)"),
        Option("threshold", "K", "detection threshold in sigmas (default: 4)"),
        Option("cosmic-rays", nil, "finds cosmic rays and satellite trails and leaves their pixels out"),
        Option("psf", nil, "also fits all sources by the frame's own star image (flux_psf, mag_psf, psf_chi2)"),
        Option("psf-out", "FILE|DIR", "with --psf: writes the model of the star image as FITS, in PSFEx's layout"),
        Option(
            "psf-in", "FILE",
            "fits by this model, written by --psf-out, instead of the frame's own (--force: though it does not fit)"),
        Option("residual", "FILE|DIR", "with --psf: writes the frame minus the fitted stars as FITS"),
        Option(
            "completeness", "N",
            "puts about N artificial stars into the frame and says how faint it goes (400 will do)"),
        Option(
            "solve", nil,
            "finds the frame's place on the sky, names its stars, and calibrates by them (so does --catalog)"),
        Option("sequence", "FILE", "calibrates by this comparison sequence, and says how far off its check star is"),
        CatalogueOption.option, InstrumentOption.option, FrameFile.option, ThreadsOption.option,
    ] + SolvingHints.options + DistortionOptions.options + MasterFiles.options + [
        Option("json", nil, "print a summary with the times of each step as JSON; the table goes to --out only")
    ]
) { arguments in
    var files = try MeasureFiles(arguments)
    return try files.run()
}

/// `nightjar measure`: each file on its own; one that fails does not keep the others from being measured.
private struct MeasureFiles {
    private let files: [String]
    private let otherInputs: [String]
    private var measurer: FrameMeasurer
    private let document: InstrumentDocument
    private var masters: ChannelMasters
    private let out: OutputPlace?
    private let modelOut: OutputPlace?
    private let residualOut: OutputPlace?
    private let background: OutputPlace?
    private let format: String
    private let printsJSON: Bool

    init(_ arguments: Arguments) throws {
        files = arguments.positional
        otherInputs =
            MasterFiles.paths(arguments)
            + ["positions", "instrument", "psf-in", "sequence"].compactMap { arguments.text($0) }
        guard !files.isEmpty else { throw UsageError("no frame given: nightjar measure FILE...") }
        try Self.refuseStrayOptions(arguments)
        func place(_ option: String) throws -> OutputPlace? {
            try arguments.text(option).map { try OutputPlace($0, inputs: arguments.positional, option: option) }
        }
        (out, modelOut, residualOut) = (try place("out"), try place("psf-out"), try place("residual"))
        background = try place("background")
        printsJSON = arguments.has("json")
        guard files.count == 1 || out != nil || printsJSON else {
            throw UsageError("\(files.count) frames make \(files.count) tables: give a folder by --out")
        }
        format = try Self.format(arguments)
        document = try FrameFile.document(arguments)
        masters = ChannelMasters(arguments, frames: arguments.positional.count)
        var measurer = FrameMeasurer(document: document, masters: MasterFiles())
        measurer.threshold = try arguments.number("threshold", in: 1...1000) ?? measurer.threshold
        measurer.apertures = try Self.apertures(arguments)
        measurer.positions = try arguments.text("positions").map { try PositionList.read($0) }
        measurer.recentre = arguments.has("recentre")
        measurer.marksArtefacts = arguments.has("cosmic-rays")
        if arguments.has("psf") || document.photometry.psf == true
            || ["psf-out", "psf-in", "residual"].contains(where: { arguments.text($0) != nil })
        {
            let isForced = arguments.has("force")
            let given = try arguments.text("psf-in").map { try GivenStarImage($0, isForced: isForced) }
            measurer.starImage = StarImageWish(given: given, makesResidual: residualOut != nil)
        }
        measurer.threads = try ThreadsOption.read(arguments)
        measurer.sky = try MeasuredSky.wanted(arguments)
        measurer.sequence = try arguments.text("sequence").map { try ComparisonSequence(path: $0) }
        measurer.artificialStars = try arguments.integer("completeness", in: 1...100_000) ?? 0
        self.measurer = measurer
    }

    /// - Throws: `UsageError` for options that would do nothing.
    private static func refuseStrayOptions(_ arguments: Arguments) throws(UsageError) {
        guard !arguments.has("recentre") || arguments.text("positions") != nil else {
            throw UsageError("--recentre goes with --positions FILE: sources that are found have their centroids")
        }
        let isForcible = !MasterFiles.paths(arguments).isEmpty || arguments.text("psf-in") != nil
        guard !arguments.has("force") || isForcible else {
            throw UsageError("--force goes with a master or --psf-in, which it takes though they do not fit")
        }
    }

    private static func apertures(_ arguments: Arguments) throws -> [MeasurementParameters.Radius] {
        guard let text = arguments.text("aperture") else { return [] }
        let radii = text.split(separator: ",", omittingEmptySubsequences: false).map { word in
            MeasurementParameters.Radius(text: word.filter { $0 != " " })
        }
        let known = radii.compactMap { radius -> MeasurementParameters.Radius? in
            switch radius {
            case .pixels(let pixels)? where pixels < 0.5: nil
            case .seeing(let factor)? where !(0.1...50).contains(factor): nil
            default: radius
            }
        }
        guard known.count == radii.count, known.count <= 20 else {
            throw UsageError(
                "--aperture \(text): give at most 20 radii from 0.5 to 1000 px, as in 5 or 3,5,8 or 1fwhm,2fwhm")
        }
        return known
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

    mutating func run() throws -> Int32 {
        var summaries: [FrameMeasurer.Summary] = []
        var left = files.count
        let isWell = try tryEach(files) { file in
            left -= 1
            let views = try FrameFile.views(of: file, document)
            guard views.count == 1 || out != nil || printsJSON else {
                throw FrameError(file, "three colours make three tables: give --out, or one by --channel")
            }
            guard views.count == 1 || measurer.starImage?.given == nil else {
                throw FrameError(file, "the star image of --psf-in is of one colour: choose it by --channel")
            }
            for view in views {
                (measurer.document, measurer.masters) = (view, try masters.of(view))
                if left == 0 { masters.letGo() }
                summaries.append(try measure(file, isLast: left == 0))
            }
        }
        if printsJSON { try Terminal.sayJSON(FrameReports(summaries)) }
        return isWell ? 0 : 1
    }

    /// Where the results of one frame go, those that are wanted.
    private struct Places {
        var table: String?
        var background: String?
        var model: String?
        var residual: String?
    }

    private mutating func measure(_ file: String, isLast: Bool) throws -> FrameMeasurer.Summary {
        let places = try places(for: file)
        var result = try measurer.measure(file, keepsMasters: !isLast)
        if let place = places.background {
            try result.times.time("write") { try BackgroundFile.write(result.background, result.header, to: place) }
        }
        if let place = places.table {
            try result.times.time("write") { try write(result.table, to: place) }
            result.summary.out = place
        } else if !printsJSON {
            result.times.time("write") {
                Terminal.write(DetectionCatalogue.csv(of: result.table, threads: measurer.threads))
            }
        }
        try writeStarImage(&result, file, places)
        result.summary.steps = result.times.steps
        if !printsJSON {
            for note in result.summary.notes { Terminal.complain("\(file): \(note)") }
            Terminal.complain(result.summary.text)
            if let sky = result.summary.sky { Terminal.complain("\(file): \(sky.text)") }
            if let sequence = result.summary.sequence { Terminal.complain("\(file): \(sequence.text)") }
            if let completeness = result.summary.completeness { Terminal.complain("\(file): \(completeness.text)") }
        }
        return result.summary
    }

    private func writeStarImage(_ result: inout FrameMeasurer.Result, _ file: String, _ places: Places) throws {
        guard let fit = result.starImage, places.model != nil || places.residual != nil else { return }
        guard let model = fit.model else {
            throw FrameError(file, "there is no star image to write: \(fit.flags.texts.joined(separator: "; "))")
        }
        let header = result.header
        if let place = places.model {
            try result.times.time("write") { try PointSpreadFile.write(model, frame: header, to: place) }
            result.summary.psf?.out = place
        }
        if let place = places.residual, let residual = fit.residual {
            try result.times.time("write") { try FITSWriter.write(frame: residual, header: header, to: place) }
            result.summary.psf?.residual = place
        }
    }

    /// Before anything is measured.
    ///
    /// - Throws: `UsageError` when two results would go into one file, or one over an input.
    private func places(for file: String) throws -> Places {
        var options: [String: String] = [:]
        func place(_ out: OutputPlace?, _ ending: String) throws -> String? {
            guard let out else { return nil }
            let place = try out.file(
                for: file, ending: ending, channel: measurer.document.channel, asked: document.channel)
            try OutputPlace.requireDistinct(place, from: files + otherInputs, option: out.option)
            let path = URL(fileURLWithPath: place).standardizedFileURL.resolvingSymlinksInPath().path
            if let other = options.updateValue(out.option, forKey: path) {
                throw UsageError("--\(other) and --\(out.option) would both be written to \(place)")
            }
            return place
        }
        return Places(
            table: try place(out, format == "fits" ? "detections.fits" : "detections.csv"),
            background: try place(background, "background.fits"), model: try place(modelOut, "psf"),
            residual: try place(residualOut, "residual.fits"))
    }

    private func write(_ table: FITSTable, to place: String) throws {
        if format == "fits" { return try table.write(to: place) }
        do {
            try Data(DetectionCatalogue.csv(of: table, threads: measurer.threads).utf8).write(
                to: URL(fileURLWithPath: place), options: .atomic)
        } catch {
            throw FrameError(place, "the table cannot be written: \(systemWords(error))")
        }
    }
}
