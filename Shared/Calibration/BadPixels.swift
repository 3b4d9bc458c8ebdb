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
        for y in 0..<image.height {
            surroundings.fillLevels(row: y, into: row)
            for x in 0..<image.width {
                let value = image.pixels[y * image.width + x]
                let excess = Double(value - row[x])
                let level = Double(row[x])
                var flags = PixelFlags()
                switch kind {
                case .dark:
                    if noise > 0, abs(excess) > 50 * noise { flags = excess > 0 ? [.bad, .hot] : [.bad, .cold] }
                case .bias:
                    if Double(error.pixels[y * image.width + x]) > 5 * usualError { flags = .bad }
                case .flat: flags = Self.response(Double(value), of: level)
                case .light, .fringe: break
                }
                mask[x, y].formUnion(flags)
                if !value.isFinite { mask[x, y].formUnion([.bad, .noData]) }
            }
        }
        return mask
    }

    private static func response(_ value: Double, of level: Double) -> PixelFlags {
        if value < 0.05 * level { return [.bad, .dead] }
        if value < 0.5 * level { return [.bad, .cold] }
        return value > 2 * level ? .bad : []
    }
}
