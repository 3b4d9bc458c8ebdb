public import Imaging

/// The bright stars of a frame, seen with pixels that fit its star images.
public struct SeenStars: Sendable {
    /// Brightest first [px of the frame].
    public let stars: [StarPosition]
    /// Pixels of the frame along a side of the blocks that were looked at: 1 in good seeing.
    public let blockPixels: Int

    /// Looks at the frame as it is, and at the means of blocks of 2 x 2, 3 x 3 and 4 x 4 pixels.
    ///
    /// The window of `brightStars` fits stars of about 3 px; wide ones break up into several noise peaks under it.
    /// Blocks make them as many blocks wide, and give the signal to noise of a larger window. The smallest blocks are
    /// taken with which the brightest stars stand out at least nine tenths as well as with any; larger ones blend
    /// neighbours.
    ///
    /// - Parameter count: of stars at most, > 0.
    public init(of frame: CalibratedFrame, count: Int = 200) {
        var looks: [(stars: [StarPosition], side: Int, clarity: Double)] = []
        for side in 1...4 {
            let blocks = side == 1 ? frame : frame.blocks(of: side)
            let seen = brightStarsWithClarity(of: blocks, count: count)
            looks.append((seen.stars, side, seen.clarity))
            // Nothing stands out better than by 100: these are the blocks that would be taken.
            if side == 1, seen.clarity >= 90 { break }
            // The best window is behind: wider ones only add sky.
            if side > 1, seen.clarity < 0.9 * (looks.map(\.clarity).max() ?? 0) { break }
        }
        let best = looks.map(\.clarity).max() ?? 0
        let look = looks.first { $0.clarity >= 0.9 * best } ?? looks[0]
        blockPixels = look.side
        let side = Double(look.side)
        stars = look.stars.map {
            StarPosition(x: side * $0.x + (side - 1) / 2, y: side * $0.y + (side - 1) / 2, flux: $0.flux)
        }
    }
}

extension CalibratedFrame {
    /// Means of square blocks of pixels that are not flagged; a block of which more than half are is flagged. Columns
    /// and rows that do not fill a block are left out.
    fileprivate func blocks(of side: Int) -> CalibratedFrame {
        let (width, height) = (signal.width / side, signal.height / side)
        guard width > 0, height > 0 else { return self }
        var pixels = [Float](repeating: 0, count: width * height)
        var bits = [UInt16](repeating: 0, count: width * height)
        signal.pixels.withUnsafeBufferPointer { values in
            mask.bits.withUnsafeBufferPointer { flags in
                for y in 0..<height {
                    for x in 0..<width {
                        let corner = y * side * signal.width + x * side
                        let (sum, count) = Self.sum(values, flags, corner: corner, side: side, width: signal.width)
                        if 2 * count >= side * side {
                            pixels[y * width + x] = sum / Float(count)
                        } else {
                            bits[y * width + x] = PixelFlags.noData.rawValue
                        }
                    }
                }
            }
        }
        let means = Image<Electron>(width: width, height: height, pixels: pixels)
        return CalibratedFrame(
            signal: means, variance: Image(width: width, height: height, filledWith: 1),
            mask: Mask(width: width, height: height, bits: bits))
    }

    /// Of the pixels of a block that are not flagged.
    @inline(__always)
    private static func sum(
        _ values: UnsafeBufferPointer<Float>, _ flags: UnsafeBufferPointer<UInt16>, corner: Int, side: Int, width: Int
    ) -> (sum: Float, count: Int) {
        var (sum, count) = (Float(0), 0)
        for line in 0..<side {
            for index in (corner + line * width)..<(corner + line * width + side) {
                guard flags[index] == 0, values[index].isFinite else { continue }
                sum += values[index]
                count += 1
            }
        }
        return (sum, count)
    }
}
