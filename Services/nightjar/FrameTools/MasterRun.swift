internal import Calibration
internal import FITS
internal import Foundation
internal import Hashing
internal import Imaging
internal import Instruments
internal import Pipeline
internal import Statistics

/// Combines calibration frames of one kind into a master file.
struct MasterRun {
    let files: [String]
    let kind: Calibration.FrameKind
    let document: InstrumentDocument
    /// Bias and dark to subtract; for the lights of a fringe the flat, too.
    let parents: MasterFiles
    let method: CombineMethod
    /// The master before, which each frame is compared with.
    var previous: String?
    var choice = Choice()
    /// The master does not depend on it.
    var threads = 1

    /// What is done about frames that are not as the others.
    struct Choice {
        /// Takes what differs in filter, temperature, gain, camera or kind.
        var isForced = false
        /// Stops when a frame cannot be used, instead of leaving it out.
        var isStrict = false
        /// Frames that must remain; nil asks for three when some were left out.
        var minimum: Int?
    }

    struct Outcome {
        let facts: MasterFacts
        var gain: GainMeasurement?
        /// Of the first two frames [ADU].
        var readNoiseADU: Double?
        /// That the master was made of.
        let files: [String]
        let leftOut: [MasterInputs.LeftOut]
        let typicalLevel: Double
        let notes: [String]
    }

    /// What goes from step to step.
    private struct Work {
        var inputs: MasterInputs
        let group: MasterGroup
        let paths: [String: String]
        let notes: [String]
        let out: String
    }

    /// - Throws: `FrameError` naming the file that does not go with the others, `UsageError` when too few remain.
    func run(out: String) throws -> Outcome {
        var inputs = try MasterInputs(files, kind: kind, document: document, isForced: choice.isForced)
        let all = inputs.kept
        let cache = RowCache(pixelCount: all.reduce(0) { $0 + $1.frame.mode.width * $1.frame.mode.height }) { index in
            try prepared(all[index].path)
        }
        try look(at: all, cache, &inputs)
        let frames = inputs.kept
        guard let first = frames.first else { throw FrameError(files[0], "no frame can be used") }
        let notes =
            try frames.flatMap { input in input.facts.notes.map { "\(input.path): \($0)" } } + inputs.remarks
            + parents.requireFit(first.facts.settings, first.path)
        let group = MasterGroup(
            kind: kind, mode: first.frame.mode, night: first.frame.night,
            filter: [.flat, .fringe].contains(kind) ? first.frame.filter : nil, frames: frames.map(\.frame))
        let paths = Dictionary(uniqueKeysWithValues: frames.map { ($0.frame.id, $0.path) })
        let work = Work(inputs: inputs, group: group, paths: paths, notes: notes, out: out)
        let index = Dictionary(uniqueKeysWithValues: all.enumerated().map { ($1.frame.id, $0) })
        do {
            if kind == .fringe { return try fringe(work) }
            return try build(work, builder(for: first)) { number, range in
                try cache.rows(index[group.frames[number].id] ?? 0, range)
            }
        } catch let error as CalibrationError {
            throw explained(error, paths)
        }
    }

    private func builder(for input: MasterInputs.Input) -> MasterBuilder {
        var builder = MasterBuilder(method: method, detector: input.facts.detector)
        builder.threads = threads
        return builder
    }

    /// Leaves out frames that cannot be read, and those that are not as the others.
    ///
    /// - Throws: `FrameError` when too few remain.
    private func look(at all: [MasterInputs.Input], _ cache: RowCache, _ inputs: inout MasterInputs) throws {
        let compares = kind != .fringe && all.count >= 3
        let masters = try parents.inMemory()
        var comparison = all.first.map {
            FrameComparison(kind: kind, bias: masters.bias, dark: masters.dark, for: builder(for: $0))
        }
        for (index, input) in all.enumerated() {
            do {
                // Headers may promise pixels that are not there.
                let pixels = try cache.rows(index, 0..<(compares ? input.frame.mode.height : 1))
                if compares { comparison?.add(input.frame, pixels: pixels) }
            } catch {
                inputs.leave(input.path, MasterInputs.reason(error, input.path))
            }
        }
        if compares, let found = comparison?.outcome() {
            try inputs.leave(found, isForced: choice.isForced, isStrict: choice.isStrict)
        }
        try inputs.requireEnough(inputs.kept.count, isStrict: choice.isStrict, minimum: choice.minimum)
    }

    private func build(_ work: Work, _ builder: MasterBuilder, _ rows: @escaping RowProvider) throws -> Outcome {
        let group = work.group
        let id = id(group)
        switch kind {
        case .bias:
            let build = try builder.bias(group, id: id, previous: before(work, ADU.self), rows: rows)
            var outcome = try keep(build, work)
            if group.frames.count > 1 {
                outcome.readNoiseADU = try PhotonTransfer.readNoiseADU(image(group, rows, 0), image(group, rows, 1))
            }
            return outcome
        case .dark:
            return try keep(
                builder.dark(
                    group, id: id, bias: parents.inMemory().bias, previous: before(work, ADU.self), rows: rows), work)
        case .flat:
            let masters = try parents.inMemory()
            return try keep(
                builder.flat(
                    group, id: id, bias: masters.bias, dark: masters.dark,
                    previous: before(work, Relative.self), rows: rows), work)
        case .light, .fringe: preconditionFailure("lights make no master")
        }
    }

    private func image(_ group: MasterGroup, _ rows: RowProvider, _ index: Int) throws -> Image<ADU> {
        let mode = group.mode
        return Image(width: mode.width, height: mode.height, pixels: try rows(index, 0..<mode.height))
    }

    private func before<Unit: PixelUnit>(_ work: Work, _ unit: Unit.Type) throws -> Master<Unit>? {
        guard let previous, let first = work.inputs.kept.first else { return nil }
        let file = try MasterFile(previous, kind: kind, unit: unit, document, isForced: choice.isForced, holding: .all)
        let fit = MasterFit(of: file.settings, previous, kind: kind, with: first.facts.settings, first.path)
        _ = try fit.accepted(forced: choice.isForced, previous)
        let (master, mode) = (try file.planes.inMemory(), work.group.mode)
        let (seconds, others) = (master.facts.exposureSeconds, first.frame.exposureSeconds)
        if kind == .dark, !MasterInputs.isSameExposure(seconds, others) {
            throw FrameError(previous, "a dark of \(seconds) s, but \(first.path) has \(others) s")
        }
        guard master.canBeCompared(with: mode) else {
            throw FrameError(
                previous,
                "given by --previous, has no usable pixel to compare with frames of \(mode.width) x \(mode.height)")
        }
        return master
    }

    /// A raw calibration frame after the corrections of its camera.
    private func prepared(_ path: String) throws -> Image<ADU> {
        var file = try FrameFile(path, document)
        let raw = try file.firstImage()
        let facts = try FrameFacts(calibration: raw.header, raw.shape, path: path, document: document, usedAs: kind)
        return try facts.prepared(raw.pixels, kind: kind, path: path).forMaster(
            saturationADU: facts.detector.saturationADU)
    }

    private func fringe(_ work: Work) throws -> Outcome {
        let fringe = try FringeBuilder().fringe(work.group, id: id(work.group)) { index in
            let path = work.paths[work.group.frames[index].id] ?? ""
            var times = StepTimes()
            return try LoadedFrame(path, document: document, masters: parents, threads: threads, times: &times).frame
        }
        return try keep(MasterBuild(fringe), work)
    }

    private func id(_ group: MasterGroup) -> String {
        let parts = [
            Release.version, group.key, group.frames.map(\.id).joined(separator: ","),
            parents.masters.bias?.facts.id ?? "-",
            parents.masters.dark?.facts.id ?? "-", "\(method)", previous ?? "-",
        ]
        return String(SHA256.hex(of: Data(parts.joined(separator: "|").utf8)).prefix(32))
    }

    private func keep<Unit: PixelUnit>(_ build: MasterBuild<Unit>, _ work: Work) throws -> Outcome {
        let (master, paths) = (build.master, work.paths)
        var inputs = work.inputs
        for refused in build.refused { inputs.leave(paths[refused.id] ?? refused.id, "\(refused.refusal)") }
        try inputs.requireEnough(master.facts.count, isStrict: choice.isStrict, minimum: choice.minimum)
        var header = master.facts.cards(names: paths.mapValues(fileName))
        if let first = inputs.kept.first { SettingsCards.add(first.facts.settings, to: &header) }
        try FITSWriter.write(
            image: master.image, error: master.error, mask: master.mask, header: header, to: work.out)
        let typical = RobustStatistics.upperMedian(master.image.pixels.filter(\.isFinite))
        return Outcome(
            facts: master.facts, gain: build.gain, files: inputs.kept.map(\.path), leftOut: inputs.leftOut,
            typicalLevel: typical.map(Double.init) ?? .nan, notes: work.notes)
    }

    private func explained(_ error: CalibrationError, _ paths: [String: String]) -> any Error {
        guard case .noUsableFrame(_, let refused) = error, let first = refused.first else {
            return FrameError(files[0], "\(error)")
        }
        let others = refused.dropFirst().map { "; \(paths[$0.id] ?? $0.id): \($0.refusal)" }.joined()
        return FrameError(paths[first.id] ?? first.id, "\(first.refusal)\(others)")
    }
}
