internal import FITS
internal import Foundation
internal import Hashing
internal import Imaging
internal import Instruments
internal import Pipeline
internal import Resampling

/// Aligned frames that become one, in electrons: as many as all of them have together.
struct AlignedStack {
    struct Summary: Encodable {
        let out: String
        let method: String
        let frames: Int
        /// Light of the stars on each frame over that on the reference; none where frames are not scaled.
        let scales: [FluxScale]
        let notes: [String]
        /// Exposures of the reference that the stack's photons amount to.
        let effectiveFrames: Double
        /// Added to each frame, to bring its sky to that of the first [e-].
        let skyOffsetsElectrons: [Double]
        /// Share of the grid that has a value.
        let coverage: Double
        let steps: [StepTimes.Step]

        var text: String {
            let ratios = scales.map(\.ratio)
            let range =
                ratios.isEmpty
                ? "as they are"
                : String(
                    format: "scaled by %.3f to %.3f", ratios.min() ?? 1, ratios.max() ?? 1)
            return "stack of \(frames) (\(method), \(range)): " + String(format: "%.1f %% covered", 100 * coverage)
                + " -> \(out)" + notes.map { "\n  \($0)" }.joined()
        }
    }

    /// Measures transparency; nil leaves the frames as they are.
    private let meter: TransparencyMeter?
    /// What the user should know.
    private(set) var notes: [String] = []
    private var frames: [CalibratedFrame] = []
    private var scales: [FluxScale] = []
    private var recipes: [String] = []
    private var files: [String] = []
    private var flags: Set<String> = []
    private var midpoints: [Double?] = []
    private var correlation: [Double] = []
    private var exposures: [Double?] = []
    private var filters: [String?] = []

    var count: Int { frames.count }

    /// - Parameter isScaled: whether frames are brought to the light that the stars have on the reference.
    init(on aligner: FrameAligner, isScaled: Bool) {
        meter = isScaled ? TransparencyMeter(aligner.reference, gainKnown: aligner.isGainKnown) : nil
        if isScaled, meter == nil {
            notes.append("too few bright stars on \(aligner.path) to scale frames by: they are stacked as they are")
        }
    }

    /// Why a frame cannot be combined with those before it; nil when it can. Its light would have another scale.
    private func refusal(of aligned: FrameAligner.Aligned) -> String? {
        guard let first = files.first else { return nil }
        let filter = aligned.facts.exposure.filter
        guard filter == filters[0] else {
            return "filter \(filter ?? "unknown"), but \(first) has \(filters[0] ?? "unknown")"
        }
        if let seconds = aligned.facts.exposureSeconds, let others = exposures[0],
            abs(seconds - others) > 0.01 * max(seconds, others)
        {
            return "an exposure of \(seconds) s, but \(first) has \(others) s"
        }
        return nil
    }

    /// - Throws: `FrameError` when the frame does not go with the others, or its transparency cannot be measured.
    mutating func add(_ aligned: FrameAligner.Aligned) throws {
        let file = aligned.summary.file
        if let reason = refusal(of: aligned) { throw FrameError(file, "left out of the stack: \(reason)") }
        if let meter {
            let noise = aligned.result.noise.correlationFactor
            let isReference = aligned.summary.by == "identity"
            guard let scale = isReference ? .one : meter.scale(of: aligned.result.frame, noise: noise) else {
                throw FrameError(
                    file,
                    "left out of the stack: too few stars are seen on it and the reference to say how transparent the "
                        + "sky was; --scale none stacks it as it is")
            }
            scales.append(scale)
        }
        filters.append(aligned.facts.exposure.filter)
        frames.append(aligned.result.frame)
        recipes.append(aligned.recipe)
        files.append(fileName(aligned.summary.file))
        flags.formUnion(aligned.flags)
        midpoints.append(aligned.facts.midpointMJD)
        exposures.append(aligned.facts.exposureSeconds)
        if aligned.result.noise.correlationFactor.isFinite {
            correlation.append(aligned.result.noise.correlationFactor)
        }
    }

    func write(by method: CoaddMethod, like aligner: FrameAligner, to place: String) throws -> Summary {
        var times = StepTimes()
        let ratios = meter == nil ? nil : scales.map(\.ratio)
        guard var stack = times.time("stack", { coadd(frames, method: method, scales: ratios) }) else {
            throw FrameError(place, "these \(frames.count) frames cannot be stacked")
        }
        let factor = stack.effectiveFrames
        stack.frame.multiply(by: Float(factor))
        // Unscaled frames have the light of their own exposures, which may not be the reference's.
        var relative = 1.0
        if meter == nil, let own = exposures[0], let other = aligner.exposureSeconds, other > 0 {
            relative = own / other
        }
        try times.time("write") {
            let header = header(aligner.header, method, effectiveFrames: factor, exposureFactor: factor * relative)
            try FITSWriter.write(frame: stack.frame, header: header, to: place)
        }
        let filled = stack.counts.count { $0 > 0 }
        return Summary(
            out: place, method: method.rawValue, frames: frames.count, scales: scales, notes: notes,
            effectiveFrames: factor,
            skyOffsetsElectrons: stack.offsets.map { Double($0) },
            coverage: Double(filled) / Double(stack.counts.count), steps: times.steps)
    }

    private static let exposureKeywords: Set<String> = ["EXPTIME", "EXPOSURE", "XPOSURE", "EXP", "EXP_TIME", "ITIME"]

    /// The reference's cards, with what was combined; the exposure is that which the electrons amount to.
    private func header(
        _ reference: Header, _ method: CoaddMethod, effectiveFrames: Double, exposureFactor: Double
    ) -> Header {
        let replaced: Set<String> = [
            "NJRECIPE", "NJFLAGS", "NJVARRAT", "NJCORREL", "NCOMBINE", "MJD-AVG", "NJSCALED", "NJEFFN",
        ]
        let kept = reference.cards.filter { !replaced.contains($0.keyword.uppercased()) }
        var header = Header(kept.map { Self.exposed($0, times: exposureFactor) })
        let all = [Release.version, method.rawValue, meter == nil ? "as they are" : "scaled"] + recipes
        header.append(
            "NJRECIPE", .string(String(SHA256.hex(of: Data(all.joined(separator: "|").utf8)).prefix(16))),
            comment: "recipe of this stack")
        header.append("NJFLAGS", .string(flags.sorted().joined(separator: " ")), comment: "of any input")
        header.append("NCOMBINE", .integer(frames.count), comment: "frames combined (\(method.rawValue))")
        header.append("NJEFFN", .real(effectiveFrames), comment: "exposures of the reference this amounts to")
        header.append("NJSCALED", .string(meter == nil ? "none" : "stars"), comment: "how frames were scaled")
        let known = midpoints.compactMap { $0 }
        if known.count == frames.count {
            let mean = known.reduce(0, +) / Double(known.count)
            header.append("MJD-AVG", .real(mean), comment: "[d] mean mid-exposure of the inputs, UTC")
        }
        addInputs(to: &header)
        return header
    }

    private static func exposed(_ card: HeaderCard, times factor: Double) -> HeaderCard {
        guard exposureKeywords.contains(card.keyword.uppercased()),
            let seconds = Header([card]).number(card.keyword)
        else { return card }
        return HeaderCard(keyword: card.keyword, value: .real(seconds * factor), comment: card.comment)
    }

    private func addInputs(to header: inout Header) {
        let seconds = exposures.compactMap { $0 }
        if seconds.count == frames.count {
            header.append("TOTALEXP", .real(seconds.reduce(0, +)), comment: "[s] of all inputs")
        }
        if !correlation.isEmpty {
            let mean = correlation.reduce(0, +) / Double(correlation.count)
            header.append("NJCORREL", .real(mean), comment: "noise of a wide sum / from VARIANCE, mean of inputs")
        }
        for (index, scale) in scales.enumerated() where index < 999 {
            header.append("NJSCL\(index + 1)", .real(scale.ratio), comment: "light of input \(index + 1) / reference's")
            header.append("NJSCE\(index + 1)", .real(scale.error), comment: "its error, by \(scale.starCount) stars")
        }
        for (file, recipe) in zip(files, recipes) {
            header.append("HISTORY", .string("input \(recipe): \(printable(file))"))
        }
    }
}

extension CalibratedFrame {
    fileprivate mutating func multiply(by factor: Float) {
        for index in signal.pixels.indices { signal.pixels[index] *= factor }
        for index in variance.pixels.indices { variance.pixels[index] *= factor * factor }
    }
}
