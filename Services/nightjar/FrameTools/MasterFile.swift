internal import Calibration
internal import FITS
internal import Imaging
internal import Instruments

/// One master from a file: our own with error and mask, or a single image that others combined.
struct MasterFile<Unit: PixelUnit> {
    let planes: MasterPlanes<Unit>
    let settings: FrameSettings
    let remarks: [String]

    /// - Parameters:
    ///   - isForced: whether an image of another kind is taken all the same.
    ///   - holding: whether the planes are kept in memory.
    /// - Throws: `FrameError` when the file is of another kind, `FITSError` when it cannot be read.
    init(
        _ path: String, kind: Calibration.FrameKind, unit: Unit.Type, _ document: InstrumentDocument, isForced: Bool,
        holding: MasterHolding
    ) throws {
        var file = try FrameFile(path, document)
        let shape = try file.moveToFirstImage()
        let header = try file.readHeader(of: shape)
        var settings = FrameSettings(header: header, fileName: fileName(path), instrument: document)
        if let facts = MasterFacts(header: header, width: shape.width, height: shape.height) {
            guard facts.kind == kind else {
                throw FrameError(path, "this is a master \(facts.kind.rawValue), given as \(kind.rawValue)")
            }
            planes = try Self.planes(&file, facts, shape, holding)
            settings.camera = SettingsCards.camera(of: header)
            (self.settings, remarks) = (settings, [])
            try Self.requirePixels(planes, path)
            return
        }
        let check = KindCheck(settings, as: kind)
        if let doubt = check.doubt, !isForced { throw FrameError(path, doubt + "; --force uses it all the same") }
        let pixels = try file.readPixels(of: shape)
        let facts = try FrameFacts(calibration: header, shape, path: path, document: document, usedAs: kind)
        let image = Image<Unit>(width: shape.width, height: shape.height, pixels: pixels.pixels)
        planes = try Self.planes(of: image, &file, Self.facts(of: facts, path, kind), shape, holding)
        try Self.requirePixels(planes, path)
        self.settings = settings
        remarks = [check.doubt.map { $0 + " (forced)" }, check.remark].compactMap { $0 }
    }

    /// Of a master of ours.
    private static func planes(
        _ file: inout FrameFile, _ facts: MasterFacts, _ shape: FITSImageShape, _ holding: MasterHolding
    ) throws -> MasterPlanes<Unit> {
        if !holding.keeps(shape.width * shape.height), let rows = try file.masterRows(of: Unit.self) {
            return try MasterPlanes(
                facts: facts, width: shape.width, height: shape.height, read: rows.reader)
        }
        let planes = try file.readMaster(of: Unit.self)
        return MasterPlanes(Master(facts: facts, image: planes.image, error: planes.error, mask: planes.mask))
    }

    /// Of an image that others combined.
    private static func planes(
        of image: Image<Unit>, _ file: inout FrameFile, _ facts: MasterFacts, _ shape: FITSImageShape,
        _ holding: MasterHolding
    ) throws -> MasterPlanes<Unit> {
        guard !holding.keeps(shape.width * shape.height), let rows = try file.rows(of: shape) else {
            return MasterPlanes(Master(external: facts, image: image))
        }
        return MasterPlanes(external: facts, image: image) { try rows.read($0, into: $1) }
    }

    private static func requirePixels(_ planes: MasterPlanes<Unit>, _ path: String) throws {
        guard try !planes.hasUsablePixel() else { return }
        throw FrameError(path, "this \(planes.facts.kind.rawValue) has no usable pixel")
    }

    private static func facts(of file: FrameFacts, _ path: String, _ kind: Calibration.FrameKind) -> MasterFacts {
        let frame = file.calibrationFacts(id: path, kind: kind)
        let hasNoBias = file.exposure.appliedSteps.contains(.bias)
        return MasterFacts(
            id: path, kind: kind, mode: frame.mode, filter: frame.filter, exposureSeconds: frame.exposureSeconds,
            temperatureCelsius: frame.temperatureCelsius, midpointMJD: frame.midpointMJD, night: frame.night,
            count: file.exposure.stackCount ?? 1, inputIDs: [path],
            biasID: kind == .dark && hasNoBias ? "of others" : nil, frameNoise: 0)
    }
}

/// The settings of a master's frames, which go into its header so that its users can be compared with them.
enum SettingsCards {
    private static let cameraKeyword = "NJCAMERA"

    /// - Parameter settings: of the frames, which are alike.
    static func add(_ settings: FrameSettings, to header: inout Header) {
        let stated = [
            settings.electronsPerADU, settings.gainSetting, settings.offsetSetting, settings.readoutMode,
        ]
        for setting in stated.compactMap({ $0 }) {
            let number = Double(setting.value)
            header.append(
                setting.source, number.map { .real($0) } ?? .string(setting.value), comment: "of the inputs")
        }
        if let pattern = settings.mosaic {
            header.append(BayerMosaic.patternKeyword, .string(pattern.value), comment: "mosaic of the inputs")
        }
        if let camera = settings.camera {
            header.append(cameraKeyword, .string(camera.value), comment: "\(camera.source) of the inputs")
        }
    }

    /// INSTRUME of our masters is that of the instrument document.
    static func camera(of header: Header) -> Stated<String>? {
        header.text(cameraKeyword).map { Stated(cameraKeyword, $0, $0) }
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
