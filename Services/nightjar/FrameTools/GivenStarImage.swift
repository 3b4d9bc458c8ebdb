internal import Calibration
internal import DetectionCatalogue
internal import Imaging
internal import Instruments
internal import PSF
internal import Photometry

/// The model of `--psf-in`, and whether it may be used for a frame.
struct GivenStarImage {
    let path: String
    let model: PointSpreadModel
    private let header: Header
    private let isForced: Bool

    /// - Throws: `FITSError`, `ForeignPointSpread`; `FrameError` when the model's images are not those of whole stars.
    init(_ path: String, isForced: Bool) throws {
        (self.path, self.isForced) = (path, isForced)
        (model, header) = try PointSpreadFile.readWithHeader(path)
        let (right, top) = (Double(model.frameWidth - 1), Double(model.frameHeight - 1))
        for (x, y) in [(right / 2, top / 2), (0, 0), (right, 0), (0, top), (right, top)] {
            let light = model.image(x: x, y: y, halfSize: model.radiusPixels).pixels.reduce(0) { $0 + Double($1) }
            // Beyond the table are the wings: a few per cent of the light at most.
            guard !(0.8...1.05).contains(light) else { continue }
            throw FrameError(
                path,
                "this is no star image: at x = \(Int(x)), y = \(Int(y)) its pixels add up to \(Self.short(light)) of a "
                    + "star's light, not to 1")
        }
    }

    /// - Returns: what the user should know.
    /// - Throws: `FrameError` when the model is of frames of another shape, or of another filter, binning or camera.
    func requireFitting(_ loaded: LoadedFrame, _ frame: String, _ document: InstrumentDocument) throws -> [String] {
        guard (model.frameWidth, model.frameHeight) == (loaded.width, loaded.height) else {
            throw FrameError(
                frame,
                "this frame has \(loaded.width) x \(loaded.height) px, those of --psf-in \(model.frameWidth) x "
                    + "\(model.frameHeight)")
        }
        let own = FrameSettings(header: header, fileName: "", instrument: document)
        let fit = MasterFit(of: own.ofStarImage, path, kind: .flat, with: loaded.facts.settings.ofStarImage, frame)
        return try fit.accepted(forced: isForced, path)
    }

    /// - Returns: what the user should know.
    /// - Throws: `FrameError` when the frame's stars do not look like the model.
    func accepted(_ agreement: StarImageAgreement?, _ frame: String, _ rows: inout [Measurement]) throws -> [String] {
        guard let agreement else { return ["\(path): no bright stars to test this star image by"] }
        guard let fault = agreement.fault else { return [agreement.remark.map { "\(path): " + $0 }].compactMap { $0 } }
        guard isForced else { throw FrameError(frame, "\(path): \(fault); --force uses it all the same") }
        for index in rows.indices { rows[index].flags.insert(.psfUncertain) }
        return ["\(path): \(fault) (forced)"]
    }

    static func short(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}

extension FrameSettings {
    /// What a star image depends on.
    fileprivate var ofStarImage: FrameSettings {
        var settings = self
        (settings.electronsPerADU, settings.gainSetting, settings.offsetSetting) = (nil, nil, nil)
        (settings.readoutMode, settings.mosaic) = (nil, nil)
        return settings
    }
}
