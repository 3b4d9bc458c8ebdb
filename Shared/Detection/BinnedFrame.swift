internal import CKernels
internal import Imaging

/// A frame in blocks of 2 x 2 pixels: what the sky is measured on, at a quarter of the cost.
///
/// Excluded pixels do not count; an odd last row or column makes blocks of its own. The planes are lent: they lie in
/// the scratch memory that the frame was made in.
struct BinnedFrame {
    let width: Int
    let height: Int
    /// Mean of a block's usable pixels [e-]; NaN where there is none.
    let mean: UnsafeBufferPointer<Float>
    /// Sum of squared deviations from that mean, scaled to four pixels: 3 sigma^2 is expected; NaN for less than two.
    let scatter: UnsafeBufferPointer<Float>
    /// Of the mean [e-^2]; 0 where there is no usable pixel.
    let variance: UnsafeBufferPointer<Float>
    /// 1 where there is no usable pixel.
    let excluded: UnsafeBufferPointer<UInt8>
    /// Which of the frame's own pixels did not count.
    let pixels: ExcludedPixels

    /// - Parameter scratch: of at least `scratchBytes`, aligned for numbers; its values do not matter.
    init(_ frame: CalibratedFrame, in scratch: UnsafeMutableRawBufferPointer, threads: Int = 1) {
        let (width, height) = ((frame.signal.width + 1) / 2, (frame.signal.height + 1) / 2)
        (self.width, self.height) = (width, height)
        let count = width * height
        precondition(scratch.count >= Self.scratchBytes(frame), "the planes fit into the scratch memory")
        func plane(_ index: Int) -> UnsafeMutableBufferPointer<Float> {
            let bytes = UnsafeMutableRawBufferPointer(
                rebasing: scratch[(4 * count * index)..<(4 * count * (index + 1))])
            return bytes.bindMemory(to: Float.self)
        }
        let flags = UnsafeMutableRawBufferPointer(rebasing: scratch[(12 * count)..<(13 * count)])
        let blocks = Blocks(
            mean: plane(0), scatter: plane(1), variance: plane(2), excluded: flags.bindMemory(to: UInt8.self))
        pixels = blocks.fill(frame, width: width, threads: threads) ?? ExcludedPixels(frame, threads: threads)
        mean = UnsafeBufferPointer(blocks.mean)
        scatter = UnsafeBufferPointer(blocks.scatter)
        variance = UnsafeBufferPointer(blocks.variance)
        excluded = UnsafeBufferPointer(blocks.excluded)
    }

    /// Memory that the planes take.
    static func scratchBytes(_ frame: CalibratedFrame) -> Int {
        13 * ((frame.signal.width + 1) / 2) * ((frame.signal.height + 1) / 2)
    }
}

/// Where the blocks go.
private struct Blocks {
    let mean: UnsafeMutableBufferPointer<Float>
    let scatter: UnsafeMutableBufferPointer<Float>
    let variance: UnsafeMutableBufferPointer<Float>
    let excluded: UnsafeMutableBufferPointer<UInt8>

    /// Finds the excluded pixels of each pair of rows and puts the others into blocks, so that the pixels are read from
    /// memory once. After an odd last row comes one of excluded pixels.
    func fill(_ frame: CalibratedFrame, width: Int, threads: Int) -> ExcludedPixels? {
        let pixels = frame.signal.width
        let nothing = [UInt8](repeating: PixelMarks.excluded, count: pixels)
        guard let mean = mean.baseAddress, let scatter = scatter.baseAddress, let variance = variance.baseAddress,
            let excluded = excluded.baseAddress
        else { return nil }
        var found: ExcludedPixels?
        frame.withPlanes { signal, noise, _ in
            nothing.withUnsafeBufferPointer { nothing in
                guard let nothing = nothing.baseAddress else { return }
                func populate(_ rows: Range<Int>) {
                    let (start, count) = (rows.lowerBound / 2 * width, (rows.count + 1) / 2 * width)
                    for plane in [mean, scatter, variance] { populatePlane(plane + start, count: count) }
                    populatePlane(excluded + start, count: count)
                }
                found = ExcludedPixels(frame, threads: threads, beforeRows: populate) { rows, marks in
                    let first = rows.lowerBound * pixels
                    let second = (rows.upperBound - 1) * pixels
                    var pair = kernel_row_pair(
                        signal: (signal + first, signal + second), variance: (noise + first, noise + second),
                        marks: (marks + first, rows.count == 2 ? marks + second : nothing))
                    let start = rows.lowerBound / 2 * width
                    kernel_bin(&pair, pixels, mean + start, scatter + start, variance + start)
                    for x in start..<(start + width) { excluded[x] = mean[x].isNaN ? 1 : 0 }
                }
            }
        }
        return found
    }
}
