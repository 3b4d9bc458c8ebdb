internal import Imaging

/// Finds pixels that a master shows to be useless.
///
/// - dark: `hot` (or far below: `cold`) by more than 50 times the noise of one frame or of the image, whichever is
///   larger: then an error of 2 % in its dark current is as large as the noise; milder ones are subtracted and have
///   their variance;
/// - flat: `cold` below half, `dead` below a twentieth of its surroundings; above twice them it is `bad` alone;
/// - bias: five times the usual scatter from frame to frame (its level may be anything: it is subtracted);
/// - any: not a number.
enum BadPixels {
    static func find<Unit>(
        in image: Image<Unit>, error: Image<Unit>, kind: FrameKind, frameNoise: Double
    ) -> Mask {
        let usualError = kind == .bias ? Double(Robust.median(error.pixels) ?? 0) : 0
        var mask = Mask(width: image.width, height: image.height)
        let surroundings = Mesh(of: image, spacing: 64, skipping: nil)
        let row = UnsafeMutablePointer<Float>.allocate(capacity: image.width)
        defer { row.deallocate() }
        let noise = max(surroundings.typicalNoise, frameNoise.isFinite ? frameNoise : 0)
        image.pixels.withUnsafeBufferPointer { pixels in
            error.pixels.withUnsafeBufferPointer { errors in
                mask.bits.withUnsafeMutableBufferPointer { bits in
                    for y in 0..<image.height {
                        let start = y * image.width
                        surroundings.fillLevels(row: y, into: row)
                        for x in 0..<image.width {
                            let value = pixels[start + x]
                            var flags = PixelFlags()
                            switch kind {
                            case .dark: flags = excess(Double(value - row[x]), noise: noise)
                            case .bias: flags = Double(errors[start + x]) > 5 * usualError ? .bad : []
                            case .flat: flags = response(Double(value), of: Double(row[x]))
                            case .light, .fringe: break
                            }
                            if !value.isFinite { flags.formUnion([.bad, .noData]) }
                            bits[start + x] = flags.rawValue
                        }
                    }
                }
            }
        }
        return mask
    }

    private static func excess(_ excess: Double, noise: Double) -> PixelFlags {
        guard noise > 0, abs(excess) > 50 * noise else { return [] }
        return excess > 0 ? [.bad, .hot] : [.bad, .cold]
    }

    private static func response(_ value: Double, of level: Double) -> PixelFlags {
        if value < 0.05 * level { return [.bad, .dead] }
        if value < 0.5 * level { return [.bad, .cold] }
        return value > 2 * level ? .bad : []
    }
}
