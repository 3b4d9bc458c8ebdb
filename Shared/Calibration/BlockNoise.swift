internal import Imaging

/// Whether the noise of a frame is white: how much means over 4 x 4 px scatter.
enum BlockNoise {
    private static let side = 4

    /// Scatter of block means about the sky, times 4, over the scatter of pixels: median over the boxes. Blocks with
    /// a marked pixel do not count. Nil for frames below 32 px or without usable boxes.
    static func ratio(of signal: Image<Electron>, mask: Mask, sky: Mesh, spacing: Int) -> Double? {
        guard signal.width >= 32, signal.height >= 32, sky.typicalNoise > 0 else { return nil }
        // Same boxes as the sky's, so that they compare one by one.
        let blocks = Mesh(of: means(of: signal, mask: mask, sky: sky), columns: sky.columns, rows: sky.rows)
        let ratios = zip(blocks.noises, sky.noises).map { $1 > 0 ? Float(side) * $0 / $1 : .nan }
        return Robust.median(ratios.filter(\.isFinite)).map(Double.init)
    }

    private static func means(of signal: Image<Electron>, mask: Mask, sky: Mesh) -> Image<Electron> {
        let width = signal.width / side
        let height = signal.height / side
        let levels = UnsafeMutablePointer<Float>.allocate(capacity: signal.width)
        defer { levels.deallocate() }
        var sums = [Float](repeating: 0, count: width * height)
        sums.withUnsafeMutableBufferPointer { sums in
            signal.pixels.withUnsafeBufferPointer { pixels in
                mask.bits.withUnsafeBufferPointer { bits in
                    for y in 0..<(height * side) {
                        sky.fillLevels(row: y, into: levels)
                        let row = sums.baseAddress! + (y / side) * width
                        let start = y * signal.width
                        for x in 0..<(width * side) {
                            let excess = pixels[start + x] - levels[x]
                            row[x / side] += bits[start + x] == 0 ? excess : .nan
                        }
                    }
                    for i in sums.indices { sums[i] /= Float(side * side) }
                }
            }
        }
        return Image(width: width, height: height, pixels: sums)
    }
}
