internal import Calibration
internal import FITS
internal import Foundation
internal import Hashing
internal import Instruments

/// The frames a master can be made of, by their headers, and those that cannot be used.
struct MasterInputs {
    struct Input {
        let path: String
        let frame: CalibrationFrameFacts
        let facts: FrameFacts
    }

    /// A file that is left out, and why.
    struct LeftOut: Encodable {
        let file: String
        let reason: String
    }

    let kind: Calibration.FrameKind
    private(set) var kept: [Input] = []
    private(set) var leftOut: [LeftOut] = []
    private(set) var remarks: [String] = []

    /// - Throws: `FrameError` when the frames are mixed: of several kinds, filters, binnings, exposure times of darks.
    init(_ files: [String], kind: Calibration.FrameKind, document: InstrumentDocument, isForced: Bool) throws {
        self.kind = kind
        var ids: [String: String] = [:]
        for path in files {
            let input: Input
            do {
                input = try Self.read(path, kind, document)
            } catch {
                leave(path, Self.reason(error, path))
                continue
            }
            if let other = ids[input.frame.id] { throw FrameError(path, "the same bytes as \(other)") }
            ids[input.frame.id] = path
            kept.append(input)
        }
        try requireKind(isForced: isForced)
        try keepOneSize()
        try requireAlike(isForced: isForced)
    }

    mutating func leave(_ path: String, _ reason: String) {
        kept.removeAll { $0.path == path }
        leftOut.append(LeftOut(file: path, reason: reason))
    }

    /// Leaves out frames that are not as the others; forced, or where nobody can say which are right, they are taken
    /// with a remark.
    ///
    /// - Throws: `FrameError` where nobody can say, and every frame is asked for.
    mutating func leave(_ found: FrameComparison.Outcome, isForced: Bool, isStrict: Bool) throws {
        let paths = Dictionary(uniqueKeysWithValues: kept.map { ($0.frame.id, $0.path) })
        for frame in found.deviating {
            let path = paths[frame.id] ?? frame.id
            if isForced {
                remarks.append("\(path): \(frame.deviation) (forced)")
            } else if found.restAgrees {
                leave(path, "\(frame.deviation)")
            } else {
                let doubt =
                    "\(frame.deviation), but so many of the \(kept.count) frames differ from one another that nobody "
                    + "can say which are right"
                if isStrict { throw FrameError(path, doubt + "; --strict asks for frames that are alike") }
                remarks.append("\(path): \(doubt): all are taken")
            }
        }
    }

    /// - Throws: `FrameError` when something was left out and that is not allowed, or too little remains.
    func requireEnough(_ count: Int, isStrict: Bool, minimum: Int?) throws {
        let first = leftOut.first
        if isStrict, let first { throw FrameError(first.file, "\(first.reason); --strict asks for every frame") }
        let needed = minimum ?? (leftOut.isEmpty ? 1 : 3)
        guard count < needed else { return }
        let others = leftOut.dropFirst().map { "; \($0.file): \($0.reason)" }.joined()
        throw FrameError(
            first?.file ?? kept.first?.path ?? "",
            (first.map { $0.reason + others + "; " } ?? "")
                + "\(count) \(kind.rawValue) frames remain, at least \(needed) are needed (--minimum)")
    }

    private mutating func requireKind(isForced: Bool) throws {
        var unsaid: [String] = []
        for input in kept {
            let check = KindCheck(input.facts.settings, as: kind)
            if let doubt = check.doubt {
                guard isForced else { throw FrameError(input.path, doubt + "; --force uses it all the same") }
                remarks.append("\(input.path): \(doubt) (forced)")
            }
            if check.remark != nil { unsaid.append(input.path) }
        }
        guard let first = unsaid.first else { return }
        let others = unsaid.count > 1 ? " and \(unsaid.count - 1) more" : ""
        remarks.append("\(first)\(others): the header does not say that it is a \(kind.rawValue)")
    }

    /// Frames of another size than most are left out.
    ///
    /// - Throws: `FrameError` when no size has more than half of them.
    private mutating func keepOneSize() throws {
        let sizes = Dictionary(grouping: kept) { [$0.frame.mode.width, $0.frame.mode.height] }
        guard sizes.count > 1, let first = kept.first else { return }
        guard let (size, _) = sizes.first(where: { 2 * $0.value.count > kept.count }) else {
            let other = kept.first { $0.frame.mode != first.frame.mode } ?? first
            throw FrameError(other.path, "\(other.frame.mode.text), but \(first.path) is \(first.frame.mode.text)")
        }
        for input in kept where [input.frame.mode.width, input.frame.mode.height] != size {
            leave(input.path, "\(input.frame.mode.text), but most frames have \(size[0])x\(size[1]) pixels")
        }
    }

    private mutating func requireAlike(isForced: Bool) throws {
        guard let first = kept.first else { return }
        for input in kept.dropFirst() {
            let fit = MasterFit(
                of: input.facts.settings, input.path, kind: kind, with: first.facts.settings, first.path)
            remarks += try fit.accepted(forced: isForced, input.path)
            guard input.frame.mode == first.frame.mode else {
                throw FrameError(
                    input.path, "\(input.frame.mode.text), but \(first.path) is \(first.frame.mode.text)")
            }
            let (seconds, others) = (input.frame.exposureSeconds, first.frame.exposureSeconds)
            if kind == .dark, !Self.isSameExposure(seconds, others) {
                throw FrameError(input.path, "a dark of \(seconds) s, but \(first.path) has \(others) s")
            }
        }
    }

    static func isSameExposure(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= max(0.005, 0.001 * max(a, b)) }

    private static func read(
        _ path: String, _ kind: Calibration.FrameKind, _ document: InstrumentDocument
    ) throws -> Input {
        var file = try FrameFile(path, document)
        let shape = try file.moveToFirstImage()
        let header = try file.readHeader(of: shape)
        let facts = try FrameFacts(calibration: header, shape, path: path, document: document, usedAs: kind)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let id = String(SHA256.hex(of: bytes).prefix(32))
        return Input(path: path, frame: facts.calibrationFacts(id: id, kind: kind), facts: facts)
    }

    /// What an error says, without the file's name, which stands before it already.
    static func reason(_ error: any Error, _ path: String) -> String {
        if let error = error as? FrameError { return error.text }
        let (text, start) = ("\(error)", "FITS file '\(path)': ")
        return text.hasPrefix(start) ? String(text.dropFirst(start.count)) : text
    }
}
