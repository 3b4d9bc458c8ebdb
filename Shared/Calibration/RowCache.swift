public import Imaging

/// Rows of the frames of one group, for stacking. Keeps the decoded frames while they fit into the memory limit; beyond
/// that it keeps of each frame as many rows from the last ones asked for as fit for all frames together, so that a
/// frame is loaded once for each such window and not for each band.
///
/// Memory: `memoryLimitBytes` for what is kept, and one whole frame while it is loaded.
public final class RowCache {
    private let pixelCount: Int
    private let memoryLimitBytes: Int
    private let load: (Int) throws -> Image<ADU>
    private var kept: [Int: Image<ADU>] = [:]
    private var windows: [Int: Window] = [:]
    private var last: (index: Int, image: Image<ADU>)?

    private struct Window {
        let rows: Range<Int>
        let width: Int
        let pixels: [Float]

        func rows(_ range: Range<Int>) -> [Float] {
            let first = rows.lowerBound
            return Array(pixels[(range.lowerBound - first) * width..<(range.upperBound - first) * width])
        }
    }

    /// - Parameters:
    ///   - pixelCount: of all frames together.
    ///   - load: decodes frame `index`.
    public init(pixelCount: Int, memoryLimitBytes: Int = 1 << 30, load: @escaping (Int) throws -> Image<ADU>) {
        self.pixelCount = pixelCount
        self.memoryLimitBytes = memoryLimitBytes
        self.load = load
    }

    /// Rows `range` of frame `index`.
    public func rows(_ index: Int, _ range: Range<Int>) throws -> [Float] {
        if let image = kept[index] { return Self.rows(of: image, range) }
        if let window = windows[index], window.rows.lowerBound <= range.lowerBound,
            window.rows.upperBound >= range.upperBound
        {
            return window.rows(range)
        }
        if let last, last.index == index { return Self.rows(of: last.image, range) }
        // Not two whole frames at once.
        last = nil
        windows[index] = nil
        let image = try load(index)
        if pixelCount * MemoryLayout<Float>.stride <= memoryLimitBytes {
            kept[index] = image
        } else {
            last = (index, image)
            keepWindow(of: image, index, from: range)
        }
        return Self.rows(of: image, range)
    }

    private func keepWindow(of image: Image<ADU>, _ index: Int, from range: Range<Int>) {
        let frames = max(1, (pixelCount + image.pixels.count - 1) / image.pixels.count)
        let height = memoryLimitBytes / (MemoryLayout<Float>.stride * image.width * frames)
        // A whole frame is asked for once, to be checked; a window that is no larger than what was asked for is no use.
        guard range.count < image.height, height > range.count else { return }
        let rows = range.lowerBound..<min(range.lowerBound + height, image.height)
        windows[index] = Window(rows: rows, width: image.width, pixels: Self.rows(of: image, rows))
    }

    private static func rows(of image: Image<ADU>, _ range: Range<Int>) -> [Float] {
        if range == 0..<image.height { return image.pixels }
        return Array(image.pixels[range.lowerBound * image.width..<range.upperBound * image.width])
    }
}
