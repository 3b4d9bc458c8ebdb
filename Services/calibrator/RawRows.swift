internal import Events
internal import FITS
internal import FrameStore
internal import Imaging
internal import Pipeline

/// Rows of the raw frames of one group, for stacking. Keeps the decoded frames while they fit into `memoryLimitBytes`;
/// beyond that a frame is read again for each band of rows.
final class RawRows {
    private let frames: [FrameReceived]
    private let store: FrameStore
    private let keeps: Bool
    private var kept: [Int: Image<ADU>] = [:]
    private var last: (index: Int, image: Image<ADU>)?

    init(_ frames: [FrameReceived], store: FrameStore, memoryLimitBytes: Int = 1 << 30) {
        self.frames = frames
        self.store = store
        let bytes = frames.reduce(0) { $0 + $1.exposure.width * $1.exposure.height * MemoryLayout<Float>.stride }
        keeps = bytes <= memoryLimitBytes
    }

    /// Rows `range` of frame `index`.
    func read(_ index: Int, _ range: Range<Int>) throws -> [Float] {
        let image = try image(index)
        return Array(image.pixels[range.lowerBound * image.width..<range.upperBound * image.width])
    }

    private func image(_ index: Int) throws -> Image<ADU> {
        if let image = kept[index] { return image }
        if let last, last.index == index { return last.image }
        let image = try pixels(of: frames[index])
        if keeps { kept[index] = image } else { last = (index, image) }
        return image
    }

    private func pixels(of frame: FrameReceived) throws -> Image<ADU> {
        do {
            return try RawFrame.read(frame, from: store).pixels
        } catch let rejection as Rejection {
            throw UnreadableMember(frameID: frame.frameID, reason: rejection.reason)
        } catch let error as FITSError where !error.isEnvironmental {
            throw UnreadableMember(frameID: frame.frameID, reason: "\(frame.originalName): \(error)")
        } catch let error as MissingObject {
            throw UnreadableMember(frameID: frame.frameID, reason: "\(frame.originalName): \(error)")
        }
    }
}

/// A calibration frame that cannot be read any more: not the fault of the light that needs the master.
struct UnreadableMember: Error, CustomStringConvertible {
    let frameID: String
    let reason: String
    var description: String { reason }
}

/// Reads a raw frame of the store. It could be read when it came in, so what fails now is the store, not the frame.
enum RawFrame {
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
