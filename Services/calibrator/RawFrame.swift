internal import Calibration
internal import Events
internal import FITS
internal import FrameStore
internal import Imaging
internal import Pipeline

/// A calibration frame that cannot be read any more: not the fault of the light that needs the master.
struct UnreadableMember: Error, CustomStringConvertible {
    let frameID: String
    let reason: String
    var description: String { reason }
}

/// Reads a raw frame of the store. It could be read when it came in, so what fails now is the store, not the frame.
enum RawFrame {
    /// Rows of the raw frames of one group, for stacking.
    static func rows(of frames: [FrameReceived], in store: FrameStore) -> RowCache {
        let pixelCount = frames.reduce(0) { $0 + $1.exposure.width * $1.exposure.height }
        return RowCache(pixelCount: pixelCount) { try member(frames[$0], from: store) }
    }

    /// The pixels of a frame that goes into a master.
    ///
    /// - Throws: `UnreadableMember`; `Unavailable`.
    static func member(_ frame: FrameReceived, from store: FrameStore) throws -> Image<ADU> {
        do {
            let raw = try read(frame, from: store).pixels
            return try prepared(raw, frame).forMaster(saturationADU: frame.instrument.saturationADU)
        } catch let rejection as Rejection {
            throw UnreadableMember(frameID: frame.frameID, reason: rejection.reason)
        } catch let error as FITSError where !error.isEnvironmental {
            throw UnreadableMember(frameID: frame.frameID, reason: "\(frame.originalName): \(error)")
        } catch let error as MissingObject {
            throw UnreadableMember(frameID: frame.frameID, reason: "\(frame.originalName): \(error)")
        }
    }

    /// Overscan, crosstalk, linearity, row noise: the same for lights and for what goes into masters.
    ///
    /// - Throws: `Rejection` when the instrument's sections do not lie in the frame.
    static func prepared(_ raw: Image<ADU>, _ frame: FrameReceived) throws -> PreparedFrame {
        do {
            return try frame.instrument.detectorCorrections().prepare(
                raw, kind: Calibration.FrameKind(frame.exposure.kind), saturationADU: frame.instrument.saturationADU)
        } catch let error as CalibrationError {
            throw Rejection(.shapeMismatch, "\(frame.originalName): \(error)")
        }
    }

    /// The image of the file, or the channel of it that the frame is.
    static func read(_ frame: FrameReceived, from store: FrameStore) throws -> FITSImage {
        var file = try store.openFITS(frame.raw.url)
        let image = try file.firstImage()
        let exposure = frame.exposure
        let (width, height) = (exposure.bayer?.width ?? exposure.width, exposure.bayer?.height ?? exposure.height)
        guard image.shape.width == width, image.shape.height == height else {
            throw Rejection(
                .shapeMismatch,
                "\(frame.originalName): \(image.shape.width) x \(image.shape.height) pixels, announced as "
                    + "\(width) x \(height)")
        }
        guard let bayer = exposure.bayer else { return image }
        guard let channel = BayerChannel(rawValue: bayer.channel), let pattern = BayerPattern(rawValue: bayer.pattern),
            let mosaic = BayerMosaic(pattern: pattern, width: width, height: height),
            mosaic.channelWidth == exposure.width, mosaic.channelHeight == exposure.height
        else {
            throw Rejection(
                .shapeMismatch,
                "\(frame.originalName): \(bayer.channel) of a \(bayer.pattern) mosaic of \(width) x \(height), "
                    + "announced as \(exposure.width) x \(exposure.height), is no channel that is known here")
        }
        return image.channel(
            channel, of: mosaic, filter: exposure.filter, saturationADU: frame.instrument.saturationADU
        ).image
    }
}
