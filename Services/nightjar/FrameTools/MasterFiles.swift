internal import Calibration
internal import FITS
internal import Foundation
internal import Imaging
internal import Instruments

/// Masters from files: our own with their errors and masks, or single images that others combined.
///
/// A flat of others is divided by its mean, as ccdproc does by default. A dark of others counts as free of bias when
/// its header says so, or when a bias is given with it and the dark's level is not that of a bias.
struct MasterFiles {
    static let options = [
        Option("bias", "FILE", "master bias"),
        Option("dark", "FILE", "master dark, scaled to the exposure time where it is free of bias"),
        Option(
            "second-dark", "FILE",
            "another master dark: interpolated with the first by temperature, or by exposure time (amplifier glow)"),
        Option("flat", "FILE", "master flat"),
        Option("fringe", "FILE", "master fringe of the frames' filter"),
        forceOption,
    ]

    static let forceOption = Option(
        "force", nil, "takes masters of another filter, temperature, gain, camera or kind, and says so")

    /// Files these options name.
    static func paths(_ arguments: Arguments) -> [String] {
        ["bias", "dark", "second-dark", "flat", "fringe"].compactMap { arguments.text($0) }
    }

    var masters = MasterSet()
    /// With the dark, two to be interpolated.
    private var secondDark: Master<ADU>?
    /// What was used, in the order bias, dark, flat, fringe.
    private(set) var used: [UsedMaster] = []
    /// What the user should know.
    private(set) var warnings: [String] = []
    private var paths: [String: String] = [:]
    private var settings: [(path: String, kind: Calibration.FrameKind, of: FrameSettings)] = []
    private let isForced: Bool
    private let document: InstrumentDocument

    /// None.
    init() {
        isForced = false
        document = .automatic(id: "automatic")
    }

    init(_ arguments: Arguments, document: InstrumentDocument) throws {
        self.document = document
        isForced = arguments.has("force")
        if let path = arguments.text("bias") { masters.bias = try take(path, .bias, ADU.self) }
        if let path = arguments.text("dark") { masters.dark = try takeDark(path) }
        if let path = arguments.text("second-dark") {
            guard masters.dark != nil else { throw UsageError("--second-dark \(path): give the first by --dark") }
            secondDark = try takeDark(path)
        }
        if let path = arguments.text("fringe") {
            masters.fringe = FringeMaster(try take(path, .fringe, Relative.self))
        }
        if let path = arguments.text("flat") {
            let flat = try take(path, .flat, Relative.self)
            masters.flat = flat.facts.flags.contains(.externalMaster) ? flat.normalisedToMean() : flat
        }
    }

    private mutating func take<Unit: PixelUnit>(
        _ path: String, _ kind: Calibration.FrameKind, _ unit: Unit.Type
    ) throws -> Master<Unit> {
        let file = try MasterFile(path, kind: kind, unit: unit, document, isForced: isForced)
        settings.append((path, kind, file.settings))
        warnings += file.remarks.map { "\(path): \($0)" }
        let facts = file.master.facts
        paths[facts.id] = path
        used.append(UsedMaster(kind: kind, id: facts.id, reason: "given as \(fileName(path))"))
        return file.master
    }

    private mutating func takeDark(_ path: String) throws -> Master<ADU> {
        var dark = try take(path, .dark, ADU.self)
        if dark.facts.flags.contains(.externalMaster) { judgeBias(in: &dark, path) }
        return dark
    }

    /// - Returns: what the user should know.
    /// - Throws: `FrameError` when a master was taken in another way than the frame, and nobody forces it.
    func requireFit(_ frame: FrameSettings, _ path: String) throws -> [String] {
        try settings.flatMap { master in
            let fit = MasterFit(
                of: master.of, master.path, kind: master.kind, with: frame, path,
                checksTemperature: !interpolatesByTemperature)
            return try fit.accepted(forced: isForced, master.path)
        }
    }

    private var interpolatesByTemperature: Bool {
        guard let a = masters.dark?.facts.temperatureCelsius, let b = secondDark?.facts.temperatureCelsius else {
            return false
        }
        return abs(a - b) > MatchTolerance().temperatureCelsius
    }

    /// Calibrates; errors name the master's file.
    func calibrate(
        _ pixels: Image<ADU>, _ facts: FrameFacts, path: String, threads: Int = 1
    ) throws -> CalibratedLight {
        if masters.dark != nil, facts.exposureSeconds == nil {
            throw FrameError(path, "its exposure time is not known, so that the dark cannot be scaled")
        }
        var masters = masters
        let prepared = try facts.prepared(pixels, kind: .light, path: path, threads: threads)
        do {
            if let dark = masters.dark, let secondDark {
                masters.dark = try interpolated(dark, secondDark, facts.calibrationFacts(id: path, kind: .light))
            }
            var calibration = LightCalibration(masters: masters, detector: facts.detector)
            calibration.bleedingAlong = facts.corrections.bleedingAlong
            calibration.threads = threads
            return try calibration.calibrate(prepared, exposureSeconds: facts.exposureSeconds ?? 0)
        } catch {
            throw FrameError(path, explain(error))
        }
    }

    /// Frees the planes; nothing can be calibrated after.
    mutating func letGo() { (masters, secondDark) = (MasterSet(), nil) }

    /// By temperature where that differs, else by exposure time.
    private func interpolated(
        _ a: Master<ADU>, _ b: Master<ADU>, _ light: CalibrationFrameFacts
    ) throws(CalibrationError) -> Master<ADU> {
        if interpolatesByTemperature {
            let isColder = (a.facts.temperatureCelsius ?? .nan) < (b.facts.temperatureCelsius ?? .nan)
            let (colder, warmer) = isColder ? (a, b) : (b, a)
            return try DarkInterpolation.dark(
                atCelsius: light.temperatureCelsius ?? .nan, exposureSeconds: light.exposureSeconds, colder: colder,
                warmer: warmer)
        }
        let (shorter, longer) = a.facts.exposureSeconds < b.facts.exposureSeconds ? (a, b) : (b, a)
        return try DarkInterpolation.dark(
            exposureSeconds: light.exposureSeconds, shorter: shorter, longer: longer)
    }

    private func explain(_ error: CalibrationError) -> String {
        switch error {
        case .shapeMismatch(let master, let expected, let found):
            return "\(paths[master] ?? master) has \(found) pixels, the frame has \(expected)"
        case .darkNotScalable(let master, let darkSeconds, let exposureSeconds):
            return
                "\(paths[master] ?? master) is a dark of \(darkSeconds) s with its bias inside and cannot be scaled to "
                + "\(exposureSeconds) s; give a dark that is free of bias, and the bias by --bias"
        case .noUsableFrame, .darksNotInterpolable, .sectionOutsideFrame, .fringeNotUsable: return "\(error)"
        }
    }

    private mutating func judgeBias(in dark: inout Master<ADU>, _ path: String) {
        if dark.facts.biasID != nil { return }
        guard let bias = masters.bias else {
            dark.facts.flags.insert(.containsBias)
            return
        }
        let (darkLevel, biasLevel) = (Self.middle(dark.image), Self.middle(bias.image))
        guard biasLevel > 0, darkLevel > biasLevel / 2 else { return }
        dark.facts.flags.insert(.containsBias)
        warnings.append(
            "\(path): its level is \(darkLevel) ADU, that of the bias \(biasLevel) ADU: "
                + "taken as a dark with its bias inside"
        )
    }

    private static func middle(_ image: Image<ADU>) -> Double {
        let sorted = image.pixels.filter(\.isFinite).sorted()
        return sorted.isEmpty ? .nan : Double(sorted[sorted.count / 2])
    }
}
