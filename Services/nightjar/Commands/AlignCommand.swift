internal import Foundation
internal import Imaging
internal import Instruments
internal import Pipeline
internal import Resampling

let alignCommand = Command(
    name: "align", usage: "align FRAME... --to REFERENCE --out DIR [--stack mean|median] [--json]",
    summary: "Puts frames on the pixel grid of another one, and stacks them.",
    options: [
        Option("to", "FILE", "the frame whose grid it is; it is stacked when it is among the FRAMEs"),
        Option("out", "DIR", "where the aligned frames go, and stack.fits"),
        Option("by", "auto|stars|wcs", "what relates the frames (default: world coordinates if both have them)"),
        Option("kernel", "lanczos3|bilinear|nearest", "interpolation (default: lanczos3)"),
        Option("stack", "mean|median", "writes the mean, weighted by scale^2 / variance, or the median"),
        Option(
            "scale", "stars|none", "brings frames of a stack to the light of the reference's stars (default: stars)"),
        InstrumentOption.option, FrameFile.option,
    ] + MasterFiles.options + [
        Option("json", nil, "print a summary with transforms and the times of each step as JSON")
    ]
) { arguments in
    try AlignFiles(arguments).run()
}

/// `nightjar align`: each frame on its own; one that fails does not keep the others from being aligned.
private struct AlignFiles {
    private let files: [String]
    private let reference: String
    private let out: OutputPlace
    private let aligner: FrameAligner
    private let stackMethod: CoaddMethod?
    private let isScaled: Bool
    private let printsJSON: Bool
    private let channel: BayerChannel?

    init(_ arguments: Arguments) throws {
        files = arguments.positional
        guard !files.isEmpty else { throw UsageError("no frame given: nightjar align FRAME... --to REFERENCE") }
        reference = try arguments.required("to")
        let folder = try arguments.required("out")
        out = try OutputPlace(folder.hasSuffix("/") ? folder : folder + "/", inputs: files)
        let (kernel, by) = (arguments.text("kernel") ?? "lanczos3", arguments.text("by") ?? "auto")
        guard let kernel = ResamplingKernel(rawValue: kernel) else {
            throw UsageError("--kernel \(kernel): give lanczos3, bilinear or nearest")
        }
        guard let by = FrameAligner.Relation(rawValue: by) else {
            throw UsageError("--by \(by): give auto, stars or wcs")
        }
        stackMethod = try arguments.text("stack").map { text in
            guard let method = CoaddMethod(rawValue: text) else {
                throw UsageError("--stack \(text): give mean or median")
            }
            return method
        }
        let scale = arguments.text("scale") ?? "stars"
        guard ["stars", "none"].contains(scale) else { throw UsageError("--scale \(scale): give stars or none") }
        isScaled = scale == "stars"
        printsJSON = arguments.has("json")
        let document = try FrameFile.document(arguments)
        channel = document.channel
        let masters = try MasterFiles(arguments, document: document)
        for warning in masters.warnings { Terminal.complain("nightjar: \(warning)") }
        aligner = try FrameAligner(
            to: reference, document: document, masters: masters, settings: ResamplingSettings(kernel: kernel), by: by)
    }

    func run() throws -> Int32 {
        var summaries: [FrameAligner.Summary] = []
        var stack = AlignedStack(on: aligner, isScaled: isScaled && stackMethod != nil)
        let isWell = try tryEach(files) { file in
            let place = try out.file(for: file, ending: "aligned.fits", channel: channel, asked: channel)
            try OutputPlace.requireDistinct(place, from: files + [reference])
            if summaries.contains(where: { $0.out == place }) {
                throw FrameError(file, "another frame of this name was aligned before: \(place)")
            }
            let aligned = try aligner.align(file, out: place)
            summaries.append(aligned.summary)
            if stackMethod != nil { try stack.add(aligned) }
            if !printsJSON { Terminal.complain(aligned.summary.text) }
        }
        let stacked = try stackMethod.flatMap { try write(stack, by: $0) }
        if printsJSON {
            try Terminal.sayJSON(
                Report(
                    version: Release.version, reference: reference, referenceStars: aligner.referenceStarCount,
                    referenceSteps: aligner.times.steps, frames: summaries, stack: stacked))
        }
        return isWell ? 0 : 1
    }

    private func write(_ stack: AlignedStack, by method: CoaddMethod) throws -> AlignedStack.Summary? {
        guard stack.count > 0 else { return nil }
        let place = URL(fileURLWithPath: out.path).appending(path: "stack.fits").path
        try OutputPlace.requireDistinct(place, from: files + [reference])
        let summary = try stack.write(by: method, like: aligner, to: place)
        if !printsJSON { Terminal.complain(summary.text) }
        return summary
    }

    private struct Report: Encodable {
        let version: String
        let reference: String
        let referenceStars: Int
        let referenceSteps: [StepTimes.Step]
        let frames: [FrameAligner.Summary]
        let stack: AlignedStack.Summary?
    }
}
