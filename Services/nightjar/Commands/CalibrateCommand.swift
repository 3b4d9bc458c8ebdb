internal import Calibration
internal import CosmicRays
internal import FITS
internal import Foundation
internal import Hashing
internal import Imaging
internal import Instruments
internal import Pipeline

let calibrateCommand = Command(
    name: "calibrate",
    usage: "calibrate FILE... [--bias FILE] [--dark FILE] [--flat FILE] [--fringe FILE] --out FILE|DIR [--json]",
    summary: "Removes what the camera adds from raw frames: signal in electrons, variance and mask.",
    options: MasterFiles.options + [
        Option("out", "FILE|DIR", "where the calibrated frame goes"),
        Option("cosmic-rays", nil, "finds cosmic rays and satellite trails and marks them in the mask"),
        InstrumentOption.option, FrameFile.option, ThreadsOption.option,
        TimesOption.option("time each pass over the pixels, beside a STREAM triad"),
        Option("json", nil, "print a summary as JSON"),
    ]
) { arguments in
    let files = arguments.positional
    guard !files.isEmpty else { throw UsageError("no frame given: nightjar calibrate FILE... --out FILE|DIR") }
    let out = try OutputPlace(try arguments.required("out"), inputs: files)
    let document = try FrameFile.document(arguments)
    var masters = ChannelMasters(arguments, frames: files.count)
    let runs = try TimesOption.read(arguments)
    let threads = try ThreadsOption.read(arguments)
    var summaries: [CalibrationSummary] = []
    let isWell = try tryEach(files) { file in
        for view in try FrameFile.views(of: file, document) {
            let place = try out.file(
                for: file, ending: "calibrated.fits", channel: view.channel, asked: document.channel)
            try OutputPlace.requireDistinct(place, from: files + MasterFiles.paths(arguments))
            let summary = try calibrate(
                file, to: place, document: view, masters: masters.of(view), marks: arguments.has("cosmic-rays"),
                runs: runs, threads: threads)
            if !arguments.has("json") { Terminal.complain(summary.text) }
            summaries.append(summary)
        }
    }
    if arguments.has("json") { try Terminal.sayJSON(FrameReports(summaries)) }
    return isWell ? 0 : 1
}

private func calibrate(
    _ path: String, to place: String, document: InstrumentDocument, masters: MasterFiles, marks: Bool, runs: Int?,
    threads: Int
) throws -> CalibrationSummary {
    var times = StepTimes()
    let raw = try times.time("read") { try FrameFile.firstImage(path, document) }
    if LoadedFrame.isCalibrated(raw.header) { throw FrameError(path, "this frame is calibrated already") }
    var facts = try FrameFacts(
        raw.header, width: raw.shape.width, height: raw.shape.height, path: path, document: document, usedAs: .light)
    facts.notes += try raw.notes + masters.requireFit(facts.settings, path)
    let fitting = facts
    var light = try masters.calibrate(raw.pixels, fitting, path: path, threads: threads, times: &times)
    if let region = facts.exposure.instrument.usableRegion {
        light.frame.mask.keepOnly(x: region.x0..<region.x1, y: region.y0..<region.y1)
    }
    var artefacts: Artefacts?
    if marks || facts.corrections.marksArtefacts {
        artefacts = times.time("cosmic rays") { Artefacts.mark(in: &light.frame) }
        if artefacts?.trails.isEmpty == false { light.flags.insert(.trail) }
    }
    let timing = try runs.map {
        try CalibrationTiming(
            LightCalibration(masters: masters.inMemory(), detector: fitting.detector), raw: raw.pixels,
            exposureSeconds: facts.exposureSeconds ?? 0, runs: $0)
    }
    var header = light.cards(
        raw: facts.corrections.trimmed(raw.header), masters: masters.used,
        recipe: calibrationRecipe(facts, document, masters))
    noteForced(facts.notes, in: &header)
    try times.time("write") { try FITSWriter.write(frame: light.frame, header: header, to: place) }
    return CalibrationSummary(
        file: path, channel: document.channel?.rawValue, out: place, width: light.frame.signal.width,
        height: light.frame.signal.height, exposureSeconds: facts.exposureSeconds,
        gainElectronsPerADU: facts.detector.gain, masters: masters.used.map { "\($0.kind.rawValue) \($0.reason)" },
        flags: light.flags.names, notes: facts.notes, skyElectrons: light.skyElectrons.finite,
        noiseElectrons: light.noiseElectrons.finite, noiseRatio: light.noiseRatio?.finite,
        flatGainElectronsPerADU: light.flatGain, frameGainElectronsPerADU: light.frameGain,
        fringeScaleElectrons: light.fringeScale?.scale, cosmicRays: artefacts?.cosmicRayCount,
        trails: artefacts?.trails.count, steps: times.steps, timing: timing)
}

/// What was taken although it does not fit, without the folders of its files.
private func noteForced(_ remarks: [String], in header: inout Header) {
    for remark in remarks where remark.hasSuffix("(forced)") {
        let words = remark.split(separator: " ").map { $0.contains("/") ? fileName(String($0)) : String($0) }
        header.append("HISTORY", .string(printable(words.joined(separator: " "))))
    }
}

/// Digest of all that went into a calibration.
func calibrationRecipe(_ facts: FrameFacts, _ document: InstrumentDocument, _ masters: MasterFiles) -> String {
    let detector = facts.detector
    let numbers = [detector.gain, detector.readNoiseElectrons, detector.saturationADU].map { $0.map { "\($0)" } ?? "-" }
    let parts =
        [Release.version, document.id, "\(document.revision)"] + numbers + masters.used.map(\.id)
        + ["\(facts.corrections)"] + (document.channel.map { [$0.rawValue] } ?? [])
    return String(SHA256.hex(of: Data(parts.joined(separator: "|").utf8)).prefix(16))
}

private struct CalibrationSummary: Encodable {
    let file: String
    /// TR, TG or TB: of a colour camera.
    let channel: String?
    let out: String
    let width: Int
    let height: Int
    let exposureSeconds: Double?
    let gainElectronsPerADU: Double?
    let masters: [String]
    let flags: [String]
    let notes: [String]
    let skyElectrons: Double?
    let noiseElectrons: Double?
    /// Scatter of the sky over the noise model.
    let noiseRatio: Double?
    /// Gain by photon transfer of the flats, and by the scatter of this frame's sky.
    let flatGainElectronsPerADU: Double?
    let frameGainElectronsPerADU: Double?
    let fringeScaleElectrons: Double?
    /// Where they were looked for.
    let cosmicRays: Int?
    let trails: Int?
    let steps: [StepTimes.Step]
    let timing: CalibrationTiming?

    var text: String {
        let unit = gainElectronsPerADU == nil ? "ADU" : "e-"
        let level = skyElectrons.map { String(format: "sky %.1f %@/px", $0, unit) } ?? "sky unknown"
        let noise = noiseElectrons.map { String(format: "noise %.2f %@", $0, unit) } ?? "noise unknown"
        let gains = [("flats", flatGainElectronsPerADU), ("sky", frameGainElectronsPerADU)].compactMap { name, gain in
            gain.map { String(format: "%.3f e-/ADU by the %@", $0, name) }
        }
        let remarks =
            (gains.isEmpty ? [] : ["gain: \(gains.joined(separator: ", "))"])
            + (flags.isEmpty ? [] : ["flags: \(flags.joined(separator: ", "))"]) + notes
        return "\(file) -> \(out): \(level), \(noise)" + remarks.map { "\n  \($0)" }.joined()
    }
}

extension Double {
    /// Nil for what JSON cannot say.
    fileprivate var finite: Double? { isFinite ? self : nil }
}
