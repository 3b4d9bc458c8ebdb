internal import Calibration
internal import Foundation
internal import Instruments

/// Whether a master was taken as the frame was, by what both headers state.
///
///     binning                        another one never fits
///     kind                           another one fits by --force only
///     camera, colour mosaic          the same
///     filter                         the same, for flats and fringes
///     temperature                    the same beyond 2 C, for darks
///     gain, offset, read-out mode    the same, for bias and dark; for flats and fringes, which are ratios, a remark
///
/// What one of the two headers does not state is a remark.
struct MasterFit {
    /// Darks of another temperature than this do not fit [C].
    static let temperatureTolerance = 2.0

    /// What no word of the user can mend.
    private(set) var faults: [String] = []
    /// What the user may know better.
    private(set) var doubts: [String] = []
    private(set) var remarks: [String] = []

    /// - Parameters:
    ///   - kind: of the master.
    ///   - checksTemperature: false for darks that are interpolated by temperature.
    init(
        of master: FrameSettings, _ masterPath: String, kind: Calibration.FrameKind, with frame: FrameSettings,
        _ framePath: String, checksTemperature: Bool = true
    ) {
        let pair = Pair(master: masterPath, frame: framePath)
        switch pair.compared(master.binning, frame.binning, "binning", areAlike: { $0 == $1 }) {
        case .differ(let text): faults.append(text)
        case .unknown(let text): remarks.append(text)
        case .alike: break
        }
        let isRatio = kind == .flat || kind == .fringe
        if isRatio { doubt(pair.compared(master.filter, frame.filter, "filter", areAlike: Self.sameWord)) }
        if kind == .dark, checksTemperature {
            doubt(
                pair.compared(master.temperatureCelsius, frame.temperatureCelsius, "temperature") {
                    abs($0 - $1) <= Self.temperatureTolerance
                })
        }
        let settings: [(KeyPath<FrameSettings, Stated<String>?>, String)] = [
            (\.electronsPerADU, "gain"), (\.gainSetting, "gain"), (\.offsetSetting, "offset"),
            (\.readoutMode, "read-out mode"),
        ]
        for (setting, name) in settings {
            let result = pair.compared(master[keyPath: setting], frame[keyPath: setting], name, areAlike: Self.alike)
            if isRatio, case .differ(let text) = result { remarks.append(text) } else { doubt(result) }
        }
        let cameras = pair.compared(master.camera, frame.camera, "camera", areAlike: Self.sameWord)
        if case .differ(let text) = cameras { doubts.append(text) }
        let mosaics = pair.compared(master.mosaic, frame.mosaic, "colour mosaic", areAlike: Self.sameWord)
        if case .differ(let text) = mosaics { doubts.append(text) }
    }

    private mutating func doubt(_ result: Comparison) {
        switch result {
        case .differ(let text): doubts.append(text)
        case .unknown(let text): remarks.append(text)
        case .alike: break
        }
    }

    /// The remarks; with `force` the doubts, too.
    ///
    /// - Throws: `FrameError` with the first thing that does not fit.
    func accepted(forced: Bool, _ path: String) throws -> [String] {
        if let fault = faults.first { throw FrameError(path, fault) }
        if let doubt = doubts.first, !forced { throw FrameError(path, doubt + "; --force uses it all the same") }
        return doubts.map { "\(path): \($0) (forced)" } + remarks.map { "\(path): \($0)" }
    }

    private static func sameWord(_ a: String, _ b: String) -> Bool { a.lowercased() == b.lowercased() }

    /// Numbers within one per cent, other words letter by letter.
    private static func alike(_ a: String, _ b: String) -> Bool {
        guard let left = Double(a), let right = Double(b) else { return sameWord(a, b) }
        return abs(left - right) <= 0.01 * max(abs(left), abs(right))
    }
}

/// What two headers say of one thing.
private enum Comparison {
    case alike
    case differ(String)
    case unknown(String)
}

private struct Pair {
    let master: String
    let frame: String

    func compared<Value>(
        _ ours: Stated<Value>?, _ theirs: Stated<Value>?, _ name: String, areAlike: (Value, Value) -> Bool
    ) -> Comparison {
        switch (ours, theirs) {
        case (nil, nil): return .alike
        case (nil, let theirs?):
            return .unknown("its \(name) is not known; \(frame) has \(theirs.source) \(theirs.text)")
        case (let ours?, nil):
            return .unknown("\(ours.source) \(ours.text); the \(name) of \(frame) is not known")
        case (let ours?, let theirs?):
            if areAlike(ours.value, theirs.value) { return .alike }
            return .differ("\(ours.source) \(ours.text), but \(frame) has \(theirs.source) \(theirs.text)")
        }
    }
}

/// Whether a file is of the kind it is given as, by its own header.
struct KindCheck {
    /// What speaks against it.
    private(set) var doubt: String?
    private(set) var remark: String?

    init(_ settings: FrameSettings, as kind: Calibration.FrameKind) {
        guard let stated = settings.kind else {
            remark = "its header does not say that it is a \(kind.rawValue)"
            return
        }
        guard let found = stated.value else {
            remark = "\(stated.source) '\(stated.text.prefix(40))' is no kind that is known; taken as \(kind.rawValue)"
            return
        }
        let allowed: [Instruments.FrameKind] = kind == .fringe ? [.light, .flat] : [Instruments.FrameKind(kind)]
        if !allowed.contains(found) {
            doubt =
                "\(stated.source) '\(stated.text.prefix(40))' says \(found.rawValue), but it is given as "
                + kind.rawValue
        }
    }
}
