internal import Calibration
internal import Events
internal import FITS
internal import FrameStore
internal import Imaging
internal import Pipeline

/// Reads a raw frame of the store. It could be read when it came in, so what fails now is the store, not the frame.
enum RawFrame {
    /// Rows of the raw frames of one group, for stacking.
    static func rows(of frames: [FrameReceived], in store: FrameStore) -> RowCache {
        let pixelCount = frames.reduce(0) { $0 + $1.exposure.width * $1.exposure.height }
        return RowCache(pixelCount: pixelCount) { try read(frames[$0], from: store).pixels }
    }

    static func read(_ frame: FrameReceived, from store: FrameStore) throws -> FITSImage {
        var file = try store.openFITS(frame.raw.url)
        let image = try file.firstImage()
        guard image.shape.width == frame.exposure.width, image.shape.height == frame.exposure.height else {
            throw Rejection(
                .shapeMismatch,
                "\(frame.originalName): \(image.shape.width) x \(image.shape.height) pixels, announced as "
                    + "\(frame.exposure.width) x \(frame.exposure.height)")
        }
        return image
    }
}
