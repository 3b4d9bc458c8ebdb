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
    ]

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

    /// None.
    init() {}

    init(_ arguments: Arguments, document: InstrumentDocument) throws {
        if let path = arguments.text("bias") {
            let bias = try Self.read(path, kind: .bias, unit: ADU.self, document)
            masters.bias = bias
            note(bias.facts, path)
        }
        if let path = arguments.text("dark") {
            var dark = try Self.read(path, kind: .dark, unit: ADU.self, document)
            if dark.facts.flags.contains(.externalMaster) { judgeBias(in: &dark, path) }
            masters.dark = dark
            note(dark.facts, path)
        }
        if let path = arguments.text("second-dark") {
            guard masters.dark != nil else { throw UsageError("--second-dark \(path): give the first by --dark") }
            var dark = try Self.read(path, kind: .dark, unit: ADU.self, document)
            if dark.facts.flags.contains(.externalMaster) { judgeBias(in: &dark, path) }
            secondDark = dark
            note(dark.facts, path)
        }
        if let path = arguments.text("fringe") {
            let fringe = FringeMaster(try Self.read(path, kind: .fringe, unit: Relative.self, document))
            masters.fringe = fringe
            note(fringe.master.facts, path)
        }
        if let path = arguments.text("flat") {
            let flat = try Self.read(path, kind: .flat, unit: Relative.self, document)
            let isExternal = flat.facts.flags.contains(.externalMaster)
            masters.flat = isExternal ? flat.normalisedToMean() : flat
            note(flat.facts, path)
        }
    }

    /// Calibrates; errors name the master's file.
    func calibrate(_ pixels: Image<ADU>, _ facts: FrameFacts, path: String) throws -> CalibratedLight {
        if masters.dark != nil, facts.exposureSeconds == nil {
            throw FrameError(path, "its exposure time is not known, so that the dark cannot be scaled")
        }
        var masters = masters
        if let fringe = masters.fringe, fringe.master.facts.filter != facts.exposure.filter {
            let (ours, theirs) = (fringe.master.facts.filter ?? "no filter", facts.exposure.filter ?? "no filter")
            throw FrameError(path, "is of \(theirs), the master fringe of \(ours)")
        }
        let prepared = try facts.prepared(pixels, kind: .light, path: path)
        do {
            if let dark = masters.dark, let secondDark {
                masters.dark = try interpolated(dark, secondDark, facts.calibrationFacts(id: path, kind: .light))
            }
            var calibration = LightCalibration(masters: masters, detector: facts.detector)
            calibration.bleedingAlong = facts.corrections.bleedingAlong
            return try calibration.calibrate(prepared, exposureSeconds: facts.exposureSeconds ?? 0)
        } catch {
            throw FrameError(path, explain(error))
        }
    }

    /// By temperature where that differs, else by exposure time.
    private func interpolated(
        _ a: Master<ADU>, _ b: Master<ADU>, _ light: CalibrationFrameFacts
    ) throws(CalibrationError) -> Master<ADU> {
        let temperatures = [a, b].map { $0.facts.temperatureCelsius ?? .nan }
        if abs(temperatures[0] - temperatures[1]) > MatchTolerance().temperatureCelsius {
            let (colder, warmer) = temperatures[0] < temperatures[1] ? (a, b) : (b, a)
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

    private mutating func note(_ facts: MasterFacts, _ path: String) {
        paths[facts.id] = path
        used.append(UsedMaster(kind: facts.kind, id: facts.id, reason: "given as \(fileName(path))"))
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

extension MasterFiles {
    /// - Throws: `FrameError` when the file is a master of another kind, `FITSError` when it cannot be read.
    static func read<Unit: PixelUnit>(
        _ path: String, kind: Calibration.FrameKind, unit: Unit.Type, _ document: InstrumentDocument
    ) throws -> Master<Unit> {
        var file = try FrameFile(path, document)
        let shape = try file.moveToFirstImage()
        let header = try file.readHeader(of: shape)
        if let facts = MasterFacts(header: header, width: shape.width, height: shape.height) {
            guard facts.kind == kind else {
                throw FrameError(path, "this is a master \(facts.kind.rawValue), given as \(kind.rawValue)")
            }
            let planes = try file.readMaster(of: unit)
            return Master(facts: facts, image: planes.image, error: planes.error, mask: planes.mask)
        }
        let pixels = try file.readPixels(of: shape)
        let usedAs = Instruments.FrameKind(kind)
        let facts = try FrameFacts(
            header, width: shape.width, height: shape.height, path: path, document: document, usedAs: usedAs)
        if kind == .dark, facts.exposureSeconds == nil {
            throw FrameError(path, facts.notes.first ?? "its exposure time is not known")
        }
        let frame = facts.calibrationFacts(id: path, kind: kind)
        let hasNoBias = facts.exposure.appliedSteps.contains(.bias)
        let master = MasterFacts(
            id: path, kind: kind, mode: frame.mode, filter: frame.filter, exposureSeconds: frame.exposureSeconds,
            temperatureCelsius: frame.temperatureCelsius, midpointMJD: frame.midpointMJD, night: frame.night,
            count: facts.exposure.stackCount ?? 1, inputIDs: [path],
            biasID: kind == .dark && hasNoBias ? "of others" : nil, frameNoise: 0)
        return Master(
            external: master, image: Image(width: shape.width, height: shape.height, pixels: pixels.pixels))
    }
}

extension Instruments.FrameKind {
    init(_ kind: Calibration.FrameKind) {
        switch kind {
        case .bias: self = .bias
        case .dark: self = .dark
        case .flat: self = .flat
        case .light, .fringe: self = .light
        }
    }
}
