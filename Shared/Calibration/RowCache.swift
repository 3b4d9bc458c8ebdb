public import Imaging

/// Rows of the frames of one group, for stacking. Keeps the decoded frames while they fit into the memory limit; beyond
/// that a frame is loaded again for each band of rows.
public final class RowCache {
    private let keeps: Bool
    private let load: (Int) throws -> Image<ADU>
    private var kept: [Int: Image<ADU>] = [:]
    private var last: (index: Int, image: Image<ADU>)?

    /// - Parameters:
    ///   - pixelCount: of all frames together.
    ///   - load: decodes frame `index`.
    public init(pixelCount: Int, memoryLimitBytes: Int = 1 << 30, load: @escaping (Int) throws -> Image<ADU>) {
        keeps = pixelCount * MemoryLayout<Float>.stride <= memoryLimitBytes
        self.load = load
    }

    /// Rows `range` of frame `index`.
    public func rows(_ index: Int, _ range: Range<Int>) throws -> [Float] {
        let image = try image(index)
        return Array(image.pixels[range.lowerBound * image.width..<range.upperBound * image.width])
    }

    private func image(_ index: Int) throws -> Image<ADU> {
        if let image = kept[index] { return image }
        if let last, last.index == index { return last.image }
        let image = try load(index)
        if keeps { kept[index] = image } else { last = (index, image) }
        return image
    }
}
