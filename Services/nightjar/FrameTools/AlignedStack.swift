internal import FITS
internal import Foundation
internal import Hashing
internal import Imaging
internal import Instruments
internal import Pipeline
internal import Resampling

/// Aligned frames that become one.
struct AlignedStack {
    struct Summary: Encodable {
        let out: String
        let method: String
        let frames: Int
        /// Added to each frame, to bring its sky to that of the first [e-].
        let skyOffsetsElectrons: [Double]
        /// Share of the grid that has a value.
        let coverage: Double
        let steps: [StepTimes.Step]

        var text: String {
            "stack of \(frames) (\(method)): " + String(format: "%.1f %% covered", 100 * coverage) + " -> \(out)"
        }
    }

    private var frames: [CalibratedFrame] = []
    private var recipes: [String] = []
    private var files: [String] = []
    private var flags: Set<String> = []
    private var midpoints: [Double?] = []
    private var correlation: [Double] = []
    private var exposures: [Double?] = []
    private var filters: [String?] = []

    var count: Int { frames.count }

    /// Why a frame cannot be combined with those before it; nil when it can. Its light would have another scale.
    func refusal(of aligned: FrameAligner.Aligned) -> String? {
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

    mutating func add(_ aligned: FrameAligner.Aligned) {
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
        guard let stack = times.time("stack", { coadd(frames, method: method) }) else {
            throw FrameError(place, "these \(frames.count) frames cannot be stacked")
        }
        try times.time("write") {
            try FITSWriter.write(frame: stack.frame, header: header(aligner.header, method), to: place)
        }
        let filled = stack.counts.count { $0 > 0 }
        return Summary(
            out: place, method: method.rawValue, frames: frames.count,
            skyOffsetsElectrons: stack.offsets.map { Double($0) },
            coverage: Double(filled) / Double(stack.counts.count), steps: times.steps)
    }

    /// The reference's cards, with what was combined; signal and variance are those of one exposure.
    private func header(_ reference: Header, _ method: CoaddMethod) -> Header {
        let replaced: Set<String> = ["NJRECIPE", "NJFLAGS", "NJVARRAT", "NJCORREL", "NCOMBINE", "MJD-AVG"]
        var header = Header(reference.cards.filter { !replaced.contains($0.keyword.uppercased()) })
        let all = [Release.version, method.rawValue] + recipes
        header.append(
            "NJRECIPE", .string(String(SHA256.hex(of: Data(all.joined(separator: "|").utf8)).prefix(16))),
            comment: "recipe of this stack")
        header.append("NJFLAGS", .string(flags.sorted().joined(separator: " ")), comment: "of any input")
        header.append("NCOMBINE", .integer(frames.count), comment: "frames combined (\(method.rawValue))")
        let known = midpoints.compactMap { $0 }
        if known.count == frames.count {
            let mean = known.reduce(0, +) / Double(known.count)
            header.append("MJD-AVG", .real(mean), comment: "[d] mean mid-exposure of the inputs, UTC")
        }
        let seconds = exposures.compactMap { $0 }
        if seconds.count == frames.count {
            header.append("TOTALEXP", .real(seconds.reduce(0, +)), comment: "[s] of all inputs")
        }
        if !correlation.isEmpty {
            let mean = correlation.reduce(0, +) / Double(correlation.count)
            header.append("NJCORREL", .real(mean), comment: "noise of a wide sum / from VARIANCE, mean of inputs")
        }
        for (file, recipe) in zip(files, recipes) {
            header.append("HISTORY", .string("input \(recipe): \(printable(file))"))
        }
        return header
    }
}
