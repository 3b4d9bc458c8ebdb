internal import Calibration
internal import Foundation
internal import Instruments

let masterCommand = Command(
    name: "master",
    usage: "master FILE... --kind bias|dark|flat|fringe [--bias FILE] [--dark FILE] --out FILE [--json]",
    summary: "Combines calibration frames into a master with error and mask.",
    options: [
        Option(
            "kind", "bias|dark|flat|fringe", "what the frames are; a fringe is made of dithered lights or sky flats"),
        Option("bias", "FILE", "master bias to subtract from darks, flats and the lights of a fringe"),
        Option("dark", "FILE", "master dark to subtract from flats and the lights of a fringe"),
        Option("flat", "FILE", "master flat for the lights of a fringe"),
        Option("previous", "FILE", "the master before: frames that differ too much from it are left out"),
        Option("method", "clipped|median", "mean without outliers beyond 4 sigma, or median (default: clipped)"),
        Option("out", "FILE", "where the master goes"),
        Option("minimum", "N", "frames that must remain when some cannot be used (default: 3)"),
        Option("strict", nil, "stops at a frame that cannot be used, instead of leaving it out"),
        Option("force", nil, "takes frames and masters of another filter, temperature, gain, camera or kind"),
        InstrumentOption.option, FrameFile.option, ThreadsOption.option,
        TimesOption.option("time the combination of the frames as they are, in memory"),
        Option("json", nil, "print a summary as JSON"),
    ]
) { arguments in
    let inputs = arguments.positional
    guard !inputs.isEmpty else { throw UsageError("no frame given: nightjar master FILE... --kind KIND --out FILE") }
    let kindName = try arguments.required("kind")
    guard let kind = Calibration.FrameKind(rawValue: kindName), kind != .light else {
        throw UsageError("--kind \(kindName): give bias, dark, flat or fringe")
    }
    let out = try arguments.required("out")
    try OutputPlace.requireDistinct(
        out, from: inputs + ["bias", "dark", "flat", "previous"].compactMap { arguments.text($0) })
    if kind == .bias, arguments.text("bias") ?? arguments.text("dark") != nil {
        throw UsageError("nothing is subtracted from bias frames: leave out --bias and --dark")
    }
    if kind == .dark, arguments.text("dark") != nil {
        throw UsageError("no dark is subtracted from darks: leave out --dark")
    }
    if kind != .fringe, arguments.text("flat") != nil {
        throw UsageError("only the lights of a fringe are divided by a flat: leave out --flat")
    }
    if kind == .fringe, arguments.text("previous") != nil {
        throw UsageError("a fringe is not compared with the one before: leave out --previous")
    }
    let document = try FrameFile.document(arguments)
    let methodName = arguments.text("method") ?? "clipped"
    guard let method = ["clipped": CombineMethod.clippedMean(sigma: 4), "median": .median][methodName] else {
        throw UsageError("--method \(methodName): give clipped or median")
    }
    let runs = try TimesOption.read(arguments)
    let choice = MasterRun.Choice(
        isForced: arguments.has("force"), isStrict: arguments.has("strict"),
        minimum: try arguments.integer("minimum", in: 1...100_000))
    var summaries: [MasterSummary] = []
    for view in try FrameFile.views(ofAny: inputs, document) {
        let parents = try MasterFiles(arguments, document: view)
        for warning in parents.warnings { Terminal.complain("nightjar: \(warning)") }
        var run = MasterRun(
            files: inputs, kind: kind, document: view, parents: parents, method: method,
            previous: arguments.text("previous"), choice: choice)
        run.threads = try ThreadsOption.read(arguments)
        let place = OutputPlace.path(out, of: view.channel, asked: document.channel)
        try OutputPlace.requireDistinct(place, from: inputs)
        let outcome = try run.run(out: place)
        for file in outcome.leftOut { Terminal.complain("\(file.file): left out: \(file.reason)") }
        var summary = MasterSummary(outcome, out: place)
        if let runs {
            summary.timing = try StackTiming(files: outcome.files, document: view, method: method, runs: runs)
        }
        summaries.append(summary)
        guard !arguments.has("json") else { continue }
        for note in outcome.notes { Terminal.complain(note) }
        Terminal.complain(summary.text)
    }
    if arguments.has("json") {
        let json = summaries.count == 1 ? try prettyJSON(summaries[0]) : try prettyJSON(["masters": summaries])
        Terminal.say(String(decoding: json.dropLast(), as: UTF8.self))
    }
    return 0
}

private struct MasterSummary: Encodable {
    let out: String
    let id: String
    let kind: String
    let count: Int
    let exposureSeconds: Double
    let filter: String?
    let temperatureCelsius: Double?
    let typicalLevel: Double?
    /// Noise of a pixel of one input, in the unit of the master.
    let frameNoise: Double
    /// Flats: by photon transfer of their pairs.
    let measuredGainElectronsPerADU: Double?
    let measuredGainError: Double?
    /// Bias: by the difference of the first two frames.
    let readNoiseADU: Double?
    let flags: [String]
    /// Files that could not be used, and why.
    let leftOut: [MasterInputs.LeftOut]
    let notes: [String]
    var timing: StackTiming?

    init(_ outcome: MasterRun.Outcome, out: String) {
        let facts = outcome.facts
        self.out = out
        id = facts.id
        kind = facts.kind.rawValue
        count = facts.count
        exposureSeconds = facts.exposureSeconds
        filter = facts.filter
        temperatureCelsius = facts.temperatureCelsius
        typicalLevel = outcome.typicalLevel.isFinite ? outcome.typicalLevel : nil
        frameNoise = facts.frameNoise
        measuredGainElectronsPerADU = facts.measuredGain
        measuredGainError = facts.measuredGainError
        readNoiseADU = outcome.readNoiseADU
        flags = facts.flags.names
        leftOut = outcome.leftOut
        notes = outcome.notes
    }

    var text: String {
        let unit = ["flat", "fringe"].contains(kind) ? "" : " ADU"
        let level = typicalLevel.map { String(format: "%.4g", $0) + unit } ?? "unknown"
        let noise = String(format: "%.3g", frameNoise) + unit
        let remarks = flags.isEmpty ? "" : ", flags: \(flags.joined(separator: ", "))"
        let gain = measuredGainElectronsPerADU.map {
            String(format: ", gain %.3f +- %.3f e-/ADU", $0, measuredGainError ?? 0)
        }
        let without = leftOut.isEmpty ? "" : " (\(leftOut.count) left out)"
        return "\(out): master \(kind) of \(count) frames\(without), level \(level), noise of one frame \(noise)"
            + "\(gain ?? "")\(remarks)"
    }
}
