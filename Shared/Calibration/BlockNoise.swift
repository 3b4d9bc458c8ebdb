internal import Imaging

/// Whether the noise of a frame is white: how much means over 4 x 4 px scatter.
enum BlockNoise {
    private static let side = 4

    /// Scatter of block means about the sky, times 4, over the scatter of pixels: median over the boxes of the sky.
    ///
    /// Blocks with a marked pixel do not count; of large frames every second block of every second row of blocks
    /// does. Nil for frames below 32 px or without usable boxes.
    static func ratio(of signal: Image<Electron>, mask: Mask, sky: Mesh, threads: Int = 1) -> Double? {
        guard signal.width >= 32, signal.height >= 32, sky.typicalNoise > 0 else { return nil }
        let pitch = signal.width >= 1024 && signal.height >= 1024 ? 2 * side : side
        let blocks = Mesh(
            of: means(of: signal, mask: mask, sky: sky, pitch: pitch, threads: threads), columns: sky.columns,
            rows: sky.rows, threads: threads)
        let ratios = zip(blocks.noises, sky.noises).map { $1 > 0 ? Float(side) * $0 / $1 : .nan }
        return Robust.median(ratios.filter(\.isFinite)).map(Double.init)
    }

    private static func means(
        of signal: Image<Electron>, mask: Mask, sky: Mesh, pitch: Int, threads: Int
    ) -> Image<Electron> {
        let (width, height) = (signal.width / pitch, signal.height / pitch)
        var sums = [Float](repeating: 0, count: width * height)
        sums.withUnsafeMutableBufferPointer { sums in
            signal.pixels.withUnsafeBufferPointer { pixels in
                mask.bits.withUnsafeBufferPointer { bits in
                    parallelRows(height, threads: threads) { range in
                        withUnsafeTemporaryAllocation(of: Float.self, capacity: signal.width) { levels in
                            for row in range {
                                let target = sums.baseAddress! + row * width
                                for y in (row * pitch)..<(row * pitch + side) {
                                    sky.fillLevels(row: y, into: levels.baseAddress!)
                                    let start = y * signal.width
                                    addBlocks(
                                        pixels.baseAddress! + start, bits.baseAddress! + start, levels.baseAddress!,
                                        pitch: pitch, count: width, to: target)
                                }
                                for block in 0..<width { target[block] /= Float(side * side) }
                            }
                        }
                    }
                }
            }
        }
        return Image(width: width, height: height, pixels: sums)
    }

    /// One row of pixels into one row of blocks; NaN where a pixel is marked.
    private static func addBlocks(
        _ pixels: UnsafePointer<Float>, _ bits: UnsafePointer<UInt16>, _ levels: UnsafePointer<Float>, pitch: Int,
        count: Int, to sums: UnsafeMutablePointer<Float>
    ) {
        for block in 0..<count {
            var sum: Float = 0
            var marks: UInt16 = 0
            for x in (block * pitch)..<(block * pitch + side) {
                sum += pixels[x] - levels[x]
                marks |= bits[x]
            }
            sums[block] += marks == 0 ? sum : .nan
        }
    }
}
