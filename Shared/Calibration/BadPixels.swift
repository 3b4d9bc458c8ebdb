internal import Imaging

/// Finds pixels that a master shows to be useless.
///
/// - dark: hot (or far below) by more than 50 times the noise of one frame or of the image, whichever is larger: then
///   an error of 2 % in its dark current is as large as the noise; milder ones are subtracted and have their
///   variance;
/// - flat: below half or above twice its surroundings (dead, blocked, shorted);
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
                let isBad: Bool
                switch kind {
                case .dark: isBad = noise > 0 && abs(excess) > 50 * noise
                case .bias: isBad = Double(error.pixels[y * image.width + x]) > 5 * usualError
                case .flat: isBad = Double(value) < 0.5 * level || Double(value) > 2 * level
                case .light: isBad = false
                }
                if isBad { mask[x, y].insert(.bad) }
                if !value.isFinite { mask[x, y].formUnion([.bad, .noData]) }
            }
        }
        return mask
    }
}
