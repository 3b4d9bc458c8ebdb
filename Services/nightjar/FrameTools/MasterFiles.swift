internal import Calibration
internal import FITS
internal import Foundation
internal import Imaging
internal import Instruments
internal import Statistics

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

    private(set) var masters = LightMasters()
    /// Two to be interpolated, in place of the one dark.
    private var darks: (first: Master<ADU>, second: Master<ADU>)?
    /// What was used, in the order bias, dark, flat, fringe.
    private(set) var used: [UsedMaster] = []
    /// What the user should know.
    private(set) var warnings: [String] = []
    private var paths: [String: String] = [:]
    private var settings: [(path: String, kind: Calibration.FrameKind, of: FrameSettings)] = []
    private let isForced: Bool
    private let document: InstrumentDocument
    private let holding: MasterHolding

    /// None.
    init() {
        isForced = false
        holding = .all
        document = .automatic(id: "automatic")
    }

    init(_ arguments: Arguments, document: InstrumentDocument, holding: MasterHolding = .all) throws {
        self.document = document
        self.holding = holding
        isForced = arguments.has("force")
        if let path = arguments.text("bias") { masters.bias = try take(path, .bias, ADU.self, holding) }
        try takeDarks(arguments)
        if let path = arguments.text("fringe") {
            masters.fringe = FringeMaster(try take(path, .fringe, Relative.self, .all).inMemory())
        }
        if let path = arguments.text("flat") {
            let flat = try take(path, .flat, Relative.self, holding)
            masters.flat = flat.facts.flags.contains(.externalMaster) ? try flat.normalisedToMean() : flat
        }
        let clock = holding.clock
        masters.bias = masters.bias.map { clock.timing($0) }
        masters.dark = masters.dark.map { clock.timing($0) }
        masters.flat = masters.flat.map { clock.timing($0) }
    }

    private mutating func take<Unit: PixelUnit>(
        _ path: String, _ kind: Calibration.FrameKind, _ unit: Unit.Type, _ holding: MasterHolding
    ) throws -> MasterPlanes<Unit> {
        let file = try MasterFile(path, kind: kind, unit: unit, document, isForced: isForced, holding: holding)
        settings.append((path, kind, file.settings))
        warnings += file.remarks.map { "\(path): \($0)" }
        let facts = file.planes.facts
        paths[facts.id] = path
        used.append(UsedMaster(kind: kind, id: facts.id, reason: "given as \(fileName(path))"))
        return file.planes
    }

    private mutating func takeDarks(_ arguments: Arguments) throws {
        let second = arguments.text("second-dark")
        if let path = arguments.text("dark") {
            // Two are interpolated as a whole.
            masters.dark = try takeDark(path, second == nil ? holding : .all)
        }
        guard let second else { return }
        guard let first = masters.dark else { throw UsageError("--second-dark \(second): give the first by --dark") }
        darks = (try first.inMemory(), try takeDark(second, .all).inMemory())
    }

    private mutating func takeDark(_ path: String, _ holding: MasterHolding) throws -> MasterPlanes<ADU> {
        var dark = try take(path, .dark, ADU.self, holding)
        if dark.facts.flags.contains(.externalMaster) { try judgeBias(in: &dark, path) }
        return dark
    }

    /// The masters as they go into others.
    func inMemory() throws -> MasterSet {
        MasterSet(
            bias: try masters.bias?.inMemory(), dark: try masters.dark?.inMemory(),
            flat: try masters.flat?.inMemory(), fringe: masters.fringe)
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
        guard let a = darks?.first.facts.temperatureCelsius, let b = darks?.second.facts.temperatureCelsius else {
            return false
        }
        return abs(a - b) > MatchTolerance().temperatureCelsius
    }

    /// Calibrates, and takes the time: that of reading rows of masters by itself. Errors name the master's file.
    ///
    /// - Throws: `FrameError`; `ChannelMasters.Unusable` when a master turns out to be damaged.
    func calibrate(
        _ pixels: Image<ADU>, _ facts: FrameFacts, path: String, threads: Int = 1, times: inout StepTimes
    ) throws -> CalibratedLight {
        let light = try times.time("calibrate") { try calibrate(pixels, facts, path: path, threads: threads) }
        var reading = holding.clock.take()
        // Threads that read at the same time: the mean of them.
        reading.wallSeconds /= Double(max(threads, 1))
        times.move(reading, from: "calibrate", to: "masters")
        return light
    }

    private func calibrate(
        _ pixels: Image<ADU>, _ facts: FrameFacts, path: String, threads: Int
    ) throws -> CalibratedLight {
        if masters.dark != nil, facts.exposureSeconds == nil {
            throw FrameError(path, "its exposure time is not known, so that the dark cannot be scaled")
        }
        var masters = masters
        let prepared = try facts.prepared(pixels, kind: .light, path: path, threads: threads)
        do throws(CalibrationError) {
            if let darks {
                let light = facts.calibrationFacts(id: path, kind: .light)
                masters.dark = MasterPlanes(try interpolated(darks.first, darks.second, light))
            }
            var calibration = LightCalibration(masters: masters, detector: facts.detector)
            calibration.bleedingAlong = facts.corrections.bleedingAlong
            calibration.threads = threads
            return try calibration.calibrate(prepared, exposureSeconds: facts.exposureSeconds ?? 0)
        } catch {
            if case .masterNotReadable(_, let reason) = error {
                throw ChannelMasters.Unusable(cause: UnreadableMaster(description: reason))
            }
            throw FrameError(path, explain(error))
        }
    }

    /// What reading its rows said.
    private struct UnreadableMaster: Error, CustomStringConvertible {
        let description: String
    }

    /// Frees the planes; nothing can be calibrated after.
    mutating func letGo() { (masters, darks) = (LightMasters(), nil) }

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
        case .noUsableFrame, .darksNotInterpolable, .sectionOutsideFrame, .fringeNotUsable, .masterNotReadable:
            return "\(error)"
        }
    }

    private mutating func judgeBias(in dark: inout MasterPlanes<ADU>, _ path: String) throws {
        if dark.facts.biasID != nil { return }
        guard let bias = masters.bias else {
            dark.facts.flags.insert(.containsBias)
            return
        }
        let (darkLevel, biasLevel) = (Self.middle(try dark.image()), Self.middle(try bias.image()))
        guard biasLevel > 0, darkLevel > biasLevel / 2 else { return }
        dark.facts.flags.insert(.containsBias)
        warnings.append(
            "\(path): its level is \(darkLevel) ADU, that of the bias \(biasLevel) ADU: "
                + "taken as a dark with its bias inside"
        )
    }

    private static func middle(_ image: Image<ADU>) -> Double {
        RobustStatistics.upperMedian(image.pixels.filter(\.isFinite)).map(Double.init) ?? .nan
    }
}
