internal import CatalogueTiles
internal import Foundation
internal import FrameSolving
internal import Imaging
internal import Instruments
internal import PlateSolving
internal import ReferenceCatalogue

let solveCommand = Command(
    name: "solve",
    usage:
        "solve FILE... [--catalog DIR] [--near RA,DEC] [--out FILE | --out-dir DIR], or solve --stars CSV --size W,H",
    summary: "Finds where frames lie on the sky, and writes copies with a world coordinate system.",
    options: [CatalogueOption.option] + SolvingHints.options + DistortionOptions.options + [
        Option("blind", nil, "searches the whole sky where nothing else helps (fields wider than a degree)"),
        EngineOption.option,
        Option("out", "FILE", "the copy of one frame, with its coordinates; nothing is replaced"),
        Option("out-dir", "DIR", "a folder for the copies, each NAME.wcs.fits"),
        Option("stars", "CSV", "a list of stars instead of frames: columns x, y (0-based pixel centres), flux"),
        Option("size", "W,H", "with --stars: of the frame [px]"),
        Option("epoch", "YEAR", "with --stars: Julian year of the exposure (default: 2000)"),
        Option("threshold", "K", "detection threshold in sigmas (default: 5)"),
        InstrumentOption.option, FrameFile.option, ThreadsOption.option,
        TimesOption.option("solves again, for its CPU time"),
        Option("json", nil, "print rungs, solution, covariance and the times of each step as JSON"),
    ]
) { arguments in
    try SolveFiles(arguments).run()
}

/// `nightjar solve`: each file on its own; one that is not solved does not keep the others from being tried.
private struct SolveFiles {
    private let files: [String]
    private let stars: FrameToSolve?
    private let starsPath: String
    private let solver: FrameSolver
    private let document: InstrumentDocument
    private let out: OutputPlace?
    private let printsJSON: Bool

    init(_ arguments: Arguments) throws {
        files = arguments.positional
        try Self.requireEffect(arguments)
        let hints = try SolvingHints(arguments)
        starsPath = arguments.text("stars") ?? ""
        stars = try arguments.text("stars").map { try Self.listed($0, arguments, hints) }
        guard files.isEmpty != (stars == nil) else {
            throw UsageError("give frames, or a list of stars: nightjar solve FILE... or nightjar solve --stars CSV")
        }
        out = try Self.place(arguments, hasFiles: stars == nil)
        printsJSON = arguments.has("json")
        document = try FrameFile.document(arguments)
        var solver = FrameSolver(
            hints: hints, distortion: try DistortionOptions(arguments), document: document,
            catalogue: try CatalogueOption.open(arguments))
        solver.threads = try ThreadsOption.read(arguments)
        solver.threshold = try arguments.number("threshold", in: 1...1000) ?? solver.threshold
        solver.searchesWholeSky = arguments.has("blind")
        solver.engine = try EngineOption.read(arguments)
        solver.repetitions = try TimesOption.read(arguments) ?? 0
        self.solver = solver
    }

    private static let packed = [".gz", ".fz", ".bz2", ".xz", ".zip", ".z"]

    private static func place(_ arguments: Arguments, hasFiles: Bool) throws -> OutputPlace? {
        let (file, folder) = (arguments.text("out"), arguments.text("out-dir"))
        guard hasFiles || (file == nil && folder == nil) else {
            throw UsageError("--stars has no frame to copy: --json prints the solution")
        }
        guard file == nil || folder == nil else { throw UsageError("give --out or --out-dir, not both") }
        if let folder {
            return try OutputPlace(
                folder.hasSuffix("/") ? folder : folder + "/", inputs: arguments.positional, option: "out-dir")
        }
        if let packed = file.flatMap({ file in Self.packed.first { file.lowercased().hasSuffix($0) } }) {
            throw UsageError("--out \(file ?? ""): copies are written plain; leave \(packed) off")
        }
        return try file.map { try OutputPlace($0, inputs: arguments.positional) }
    }

    /// Options that would do nothing are a mistake of whoever gave them.
    private static func requireEffect(_ arguments: Arguments) throws {
        let given = { (names: [String]) in names.first { arguments.text($0) != nil } }
        if arguments.text("stars") == nil {
            if let stray = given(["size", "epoch"]) {
                throw UsageError("--\(stray) belongs to --stars: a frame says it itself")
            }
        } else {
            if let stray = given(["threshold", "instrument", "channel", "threads"]) {
                throw UsageError("--\(stray) belongs to frames: a list of stars has nothing to detect")
            }
            if arguments.text("radius") != nil, arguments.text("near") == nil {
                throw UsageError("--radius is around --near RA,DEC, which is missing: a list of stars has no pointing")
            }
        }
        if arguments.text("times") != nil, !arguments.has("json") {
            throw UsageError("--times is told by --json, which is missing")
        }
        if arguments.text("distortion") == "tpv", given(["out", "out-dir"]) == nil {
            throw UsageError("--distortion tpv says how a copy is written: give --out or --out-dir")
        }
    }

    private static func listed(_ path: String, _ arguments: Arguments, _ hints: SolvingHints) throws -> FrameToSolve {
        let size = try StarList.size(try arguments.required("size"))
        let (pointing, scale) = hints.filled(ra: nil, dec: nil, arcsecPerPixel: nil)
        return FrameToSolve(
            stars: try StarList.read(path), size: size, epoch: try arguments.number("epoch", in: 1800...2200) ?? 2000,
            pointing: pointing, scale: scale)
    }

    func run() throws -> Int32 {
        var reports: [SolutionReport] = []
        var solver = solver
        let catalogue = solver.catalogue.description.id
        if let stars {
            let report = SolutionReport(starsPath, solver.solve(stars), catalogue: catalogue, out: nil)
            say(report)
            reports.append(report)
        }
        let isWell = try tryEach(files) { file in
            let view = try FrameFile.views(of: file, document)
            // Of a mosaic the green pixels, which are the most.
            solver.document = view.first { $0.channel == .green } ?? view[0]
            let place = try place(for: file)
            let report = SolutionReport(
                file, try solver.solve(file, writingTo: place), catalogue: catalogue, out: place)
            say(report)
            reports.append(report)
        }
        if printsJSON { try Terminal.sayJSON(FrameReports(reports)) }
        return isWell && reports.allSatisfy(\.solved) ? 0 : 1
    }

    private func say(_ report: SolutionReport) {
        if !printsJSON { Terminal.complain(report.text) }
    }

    /// - Throws: `FrameError` where something is there already.
    private func place(for file: String) throws -> String? {
        guard let out else { return nil }
        let place = try out.file(for: file, ending: "wcs.fits")
        try OutputPlace.requireDistinct(place, from: files, option: out.option)
        // A link is there, too, whether or not it leads anywhere.
        var facts = stat()
        guard lstat(place, &facts) != 0 else {
            throw FrameError(place, "this is there already; nothing is replaced")
        }
        return place
    }
}
