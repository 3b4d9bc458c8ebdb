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

    struct Outcome {
        let facts: MasterFacts
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
        let group = MasterGroup(
            kind: kind, mode: frames[0].mode, night: frames[0].night, filter: kind == .flat ? frames[0].filter : nil,
            frames: frames)
        let builder = MasterBuilder(
            method: method, detector: detector ?? DetectorFacts(gain: nil, readNoiseElectrons: nil, saturationADU: nil))
        let cache = RowCache(pixelCount: group.mode.width * group.mode.height * files.count) { index in
            var file = try FITSFile(reading: paths[group.frames[index].id] ?? "")
            return try file.firstImage().pixels
        }
        do {
            switch kind {
            case .bias: return try keep(builder.bias(group, id: id(group), rows: cache.rows), paths, notes, out)
            case .dark:
                return try keep(
                    builder.dark(group, id: id(group), bias: parents.bias, rows: cache.rows), paths, notes, out)
            case .flat:
                return try keep(
                    builder.flat(group, id: id(group), bias: parents.bias, dark: parents.dark, rows: cache.rows), paths,
                    notes, out)
            case .light: preconditionFailure("lights make no master")
            }
        } catch let error as CalibrationError {
            throw explained(error, paths)
        }
    }

    private func read(_ path: String) throws -> (CalibrationFrameFacts, FrameFacts) {
        var file = try FITSFile(reading: path)
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
        if kind == .flat, frame.filter != first.filter {
            throw FrameError(path, "filter \(frame.filter ?? "unknown"), but \(other) has \(first.filter ?? "unknown")")
        }
    }

    private func id(_ group: MasterGroup) -> String {
        let parts = [
            Release.version, group.key, group.frames.map(\.id).joined(separator: ","), parents.bias?.facts.id ?? "-",
            parents.dark?.facts.id ?? "-", "\(method)",
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
            facts: master.facts, refused: build.refused.map { (paths[$0.id] ?? $0.id, "\($0.refusal)") },
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
