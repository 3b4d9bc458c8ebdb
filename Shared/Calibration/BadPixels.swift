internal import Imaging

/// Finds pixels that a master shows to be useless.
///
/// - dark: hot (or far below) by more than 10 times the noise of one frame or of the image, whichever is larger;
/// - flat: below half or above twice its surroundings (dead, blocked, shorted);
/// - bias: off by more than 20 times the noise of its surroundings (bad columns);
/// - any: not a number.
enum BadPixels {
    static func find<Unit>(in image: Image<Unit>, kind: FrameKind, frameNoise: Double) -> Mask {
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
                case .dark: isBad = noise > 0 && abs(excess) > 10 * noise
                case .bias: isBad = noise > 0 && abs(excess) > 20 * noise
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
