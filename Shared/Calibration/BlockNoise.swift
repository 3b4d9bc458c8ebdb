internal import Imaging

/// Whether the noise of a frame is white: how much means over 4 x 4 px scatter.
enum BlockNoise {
    private static let side = 4

    /// Scatter of block means about the sky, times 4, over the scatter of pixels: median over the boxes of the sky.
    ///
    /// Blocks with a marked pixel do not count; of large frames every second block of every second row of blocks
    /// does. Nil for frames below 32 px or without usable boxes.
    static func ratio(of signal: Image<Electron>, mask: Mask, sky: Mesh) -> Double? {
        guard signal.width >= 32, signal.height >= 32, sky.typicalNoise > 0 else { return nil }
        let pitch = signal.width >= 1024 && signal.height >= 1024 ? 2 * side : side
        let blocks = Mesh(
            of: means(of: signal, mask: mask, sky: sky, pitch: pitch), columns: sky.columns, rows: sky.rows)
        let ratios = zip(blocks.noises, sky.noises).map { $1 > 0 ? Float(side) * $0 / $1 : .nan }
        return Robust.median(ratios.filter(\.isFinite)).map(Double.init)
    }

    private static func means(of signal: Image<Electron>, mask: Mask, sky: Mesh, pitch: Int) -> Image<Electron> {
        let width = signal.width / pitch
        let height = signal.height / pitch
        let levels = UnsafeMutablePointer<Float>.allocate(capacity: signal.width)
        defer { levels.deallocate() }
        var sums = [Float](repeating: 0, count: width * height)
        sums.withUnsafeMutableBufferPointer { sums in
            signal.pixels.withUnsafeBufferPointer { pixels in
                mask.bits.withUnsafeBufferPointer { bits in
                    for y in 0..<(height * pitch) where y % pitch < side {
                        sky.fillLevels(row: y, into: levels)
                        let row = sums.baseAddress! + (y / pitch) * width
                        let start = y * signal.width
                        for block in 0..<width {
                            var sum: Float = 0
                            var marks: UInt16 = 0
                            for x in (block * pitch)..<(block * pitch + side) {
                                sum += pixels[start + x] - levels[x]
                                marks |= bits[start + x]
                            }
                            row[block] += marks == 0 ? sum : .nan
                        }
                    }
                    for i in sums.indices { sums[i] /= Float(side * side) }
                }
            }
        }
        return Image(width: width, height: height, pixels: sums)
    }
}
