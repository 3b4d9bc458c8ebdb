internal import Calibration
internal import FITS
internal import Foundation
internal import Hashing
internal import Imaging
internal import Instruments
internal import Pipeline

/// Combines calibration frames of one kind into a master file.
struct MasterRun {
    let files: [String]
    let kind: Calibration.FrameKind
    let document: InstrumentDocument
    /// Bias and dark to subtract.
    let parents: MasterSet
    let method: CombineMethod
    /// The master before, which each frame is compared with.
    var previous: String?
    /// Calibrates the lights of a master fringe.
    var calibration: MasterFiles?

    struct Outcome {
        let facts: MasterFacts
        var gain: GainMeasurement?
        /// Of the first two frames [ADU].
        var readNoiseADU: Double?
        let refused: [(path: String, reason: String)]
        let typicalLevel: Double
        let notes: [String]
    }

    /// - Throws: `FrameError` naming the file that does not go with the others.
    func run(out: String) throws -> Outcome {
        var frames: [CalibrationFrameFacts] = []
        var paths: [String: String] = [:]
        var detector: DetectorFacts?
        var notes: [String] = []
        for path in files {
            let (frame, facts) = try read(path)
            if let other = paths[frame.id] { throw FrameError(path, "the same bytes as \(other)") }
            paths[frame.id] = path
            if let first = frames.first { try requireAlike(frame, first, path, paths[first.id] ?? "") }
            frames.append(frame)
            detector = detector ?? facts.detector
            notes += facts.notes.map { "\(path): \($0)" }
        }
        let filter = [.flat, .fringe].contains(kind) ? frames[0].filter : nil
        let group = MasterGroup(
            kind: kind, mode: frames[0].mode, night: frames[0].night, filter: filter, frames: frames)
        if kind == .fringe { return try fringe(group, paths, notes, out) }
        let known = detector ?? DetectorFacts(gain: nil, readNoiseElectrons: nil, saturationADU: nil)
        let builder = MasterBuilder(method: method, detector: known)
        let cache = RowCache(pixelCount: group.mode.width * group.mode.height * files.count) { index in
            try prepared(paths[group.frames[index].id] ?? "")
        }
        do {
            return try build(group, builder, cache, paths, notes, out)
        } catch let error as CalibrationError {
            throw explained(error, paths)
        }
    }

    private func build(
        _ group: MasterGroup, _ builder: MasterBuilder, _ cache: RowCache, _ paths: [String: String], _ notes: [String],
        _ out: String
    ) throws -> Outcome {
        let id = id(group)
        switch kind {
        case .bias:
            let build = try builder.bias(group, id: id, previous: before(group, ADU.self), rows: cache.rows)
            var outcome = try keep(build, paths, notes, out)
            if group.frames.count > 1 {
                outcome.readNoiseADU = try PhotonTransfer.readNoiseADU(
                    image(group, cache, 0), image(group, cache, 1))
            }
            return outcome
        case .dark:
            return try keep(
                builder.dark(group, id: id, bias: parents.bias, previous: before(group, ADU.self), rows: cache.rows),
                paths,
                notes, out)
        case .flat:
            return try keep(
                builder.flat(
                    group, id: id, bias: parents.bias, dark: parents.dark, previous: before(group, Relative.self),
                    rows: cache.rows), paths, notes, out)
        case .light, .fringe: preconditionFailure("lights make no master")
        }
    }

    private func image(_ group: MasterGroup, _ cache: RowCache, _ index: Int) throws -> Image<ADU> {
        let mode = group.mode
        return Image(width: mode.width, height: mode.height, pixels: try cache.rows(index, 0..<mode.height))
    }

    private func before<Unit: PixelUnit>(_ group: MasterGroup, _ unit: Unit.Type) throws -> Master<Unit>? {
        guard let previous else { return nil }
        let master = try MasterFiles.read(previous, kind: kind, unit: unit, document)
        guard master.canBeCompared(with: group.mode) else {
            throw FrameError(
                previous,
                "given by --previous, has no usable pixel to compare with frames of \(group.mode.width) x "
                    + "\(group.mode.height)")
        }
        return master
    }

    /// A raw calibration frame after the corrections of its camera.
    private func prepared(_ path: String) throws -> Image<ADU> {
        var file = try FrameFile(path, document)
        let raw = try file.firstImage()
        let facts = try FrameFacts(
            raw.header, width: raw.shape.width, height: raw.shape.height, path: path, document: document,
            usedAs: Instruments.FrameKind(kind))
        return try facts.prepared(raw.pixels, kind: kind, path: path).forMaster(
            saturationADU: facts.detector.saturationADU)
    }

    private func fringe(
        _ group: MasterGroup, _ paths: [String: String], _ notes: [String], _ out: String
    ) throws -> Outcome {
        guard let calibration else { preconditionFailure("a fringe has its calibration") }
        do {
            let fringe = try FringeBuilder().fringe(group, id: id(group)) { index in
                let path = paths[group.frames[index].id] ?? ""
                var times = StepTimes()
                return try LoadedFrame(path, document: document, masters: calibration, times: &times).frame
            }
            return try keep(MasterBuild(fringe), paths, notes, out)
        } catch let error as CalibrationError {
            throw explained(error, paths)
        }
    }

    private func read(_ path: String) throws -> (CalibrationFrameFacts, FrameFacts) {
        var file = try FrameFile(path, document)
        let shape = try file.moveToFirstImage()
        let header = try file.readHeader(of: shape)
        let usedAs = Instruments.FrameKind(kind)
        let facts = try FrameFacts(
            header, width: shape.width, height: shape.height, path: path, document: document, usedAs: usedAs)
        if kind == .dark, facts.exposureSeconds == nil {
            throw FrameError(path, facts.notes.first ?? "its exposure time is not known")
        }
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
        let id = String(SHA256.hex(of: bytes).prefix(32))
        return (facts.calibrationFacts(id: id, kind: kind), facts)
    }

    private func requireAlike(
        _ frame: CalibrationFrameFacts, _ first: CalibrationFrameFacts, _ path: String, _ other: String
    ) throws {
        guard frame.mode == first.mode else {
            throw FrameError(path, "\(frame.mode.text), but \(other) is \(first.mode.text)")
        }
        let (seconds, firstSeconds) = (frame.exposureSeconds, first.exposureSeconds)
        if kind == .dark, abs(seconds - firstSeconds) > max(0.005, 0.001 * max(seconds, firstSeconds)) {
            throw FrameError(path, "a dark of \(seconds) s, but \(other) has \(firstSeconds) s")
        }
        if [.flat, .fringe].contains(kind), frame.filter != first.filter {
            throw FrameError(path, "filter \(frame.filter ?? "unknown"), but \(other) has \(first.filter ?? "unknown")")
        }
    }

    private func id(_ group: MasterGroup) -> String {
        let parts = [
            Release.version, group.key, group.frames.map(\.id).joined(separator: ","), parents.bias?.facts.id ?? "-",
            parents.dark?.facts.id ?? "-", "\(method)", previous ?? "-",
        ]
        return String(SHA256.hex(of: Data(parts.joined(separator: "|").utf8)).prefix(32))
    }

    private func keep<Unit: PixelUnit>(
        _ build: MasterBuild<Unit>, _ paths: [String: String], _ notes: [String], _ out: String
    ) throws -> Outcome {
        let master = build.master
        try FITSWriter.write(
            image: master.image, error: master.error, mask: master.mask,
            header: master.facts.cards(names: paths.mapValues(fileName)), to: out)
        let sorted = master.image.pixels.filter(\.isFinite).sorted()
        return Outcome(
            facts: master.facts, gain: build.gain,
            refused: build.refused.map { (paths[$0.id] ?? $0.id, "\($0.refusal)") },
            typicalLevel: sorted.isEmpty ? .nan : Double(sorted[sorted.count / 2]), notes: notes)
    }

    private func explained(_ error: CalibrationError, _ paths: [String: String]) -> any Error {
        guard case .noUsableFrame(_, let refused) = error, let first = refused.first else {
            return FrameError(files[0], "\(error)")
        }
        let others = refused.dropFirst().map { "; \(paths[$0.id] ?? $0.id): \($0.refusal)" }.joined()
        return FrameError(paths[first.id] ?? first.id, "\(first.refusal)\(others)")
    }
}
