internal import Imaging

/// Finds pixels that a master shows to be useless.
///
/// - dark: `hot` (or far below: `cold`) by more than 50 times the noise of one frame or of the image, whichever is
///   larger: then an error of 2 % in its dark current is as large as the noise; milder ones are subtracted and have
///   their variance;
/// - flat: `cold` below half, `dead` below a twentieth of its surroundings; above twice them it is `bad` alone;
/// - bias: five times the usual scatter from frame to frame (its level may be anything: it is subtracted);
/// - any: not a number.
struct BadPixels {
    private let surroundings: Mesh
    private let noise: Double
    private let usualError: Double
    private let kind: FrameKind

    /// - Parameter usualError: median of the master's errors; only that of a bias counts.
    init<Unit>(in image: Image<Unit>, usualError: Double, kind: FrameKind, frameNoise: Double) {
        surroundings = Mesh(of: image, spacing: 64, skipping: nil)
        noise = max(surroundings.typicalNoise, frameNoise.isFinite ? frameNoise : 0)
        self.usualError = usualError
        self.kind = kind
    }

    static func find<Unit>(
        in image: Image<Unit>, error: Image<Unit>, kind: FrameKind, frameNoise: Double
    ) -> Mask {
        let usualError = kind == .bias ? Double(Robust.median(error.pixels) ?? 0) : 0
        let finder = BadPixels(in: image, usualError: usualError, kind: kind, frameNoise: frameNoise)
        var mask = Mask(width: image.width, height: image.height)
        let width = image.width
        image.pixels.withUnsafeBufferPointer { pixels in
            error.pixels.withUnsafeBufferPointer { errors in
                mask.bits.withUnsafeMutableBufferPointer { bits in
                    guard let pixels = pixels.baseAddress, let errors = errors.baseAddress,
                        let bits = bits.baseAddress
                    else { return }
                    for y in 0..<image.height {
                        let start = y * width
                        finder.mark(y, pixels: pixels + start, errors: errors + start, bits: bits + start)
                    }
                }
            }
        }
        return mask
    }

    /// The flags of row `y` from its pixels and errors.
    func mark(
        _ y: Int, pixels: UnsafePointer<Float>, errors: UnsafePointer<Float>, bits: UnsafeMutablePointer<UInt16>
    ) {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: surroundings.width) { levels in
            guard let levels = levels.baseAddress else { return }
            surroundings.fillLevels(row: y, into: levels)
            let count = surroundings.width
            switch kind {
            case .dark: markExcess(pixels, above: levels, bits, count)
            case .bias: for x in 0..<count { bits[x] = Double(errors[x]) > 5 * usualError ? Self.bad : 0 }
            case .flat: markResponse(pixels, to: levels, bits, count)
            case .light, .fringe: bits.initialize(repeating: 0, count: count)
            }
            for x in 0..<count { bits[x] |= pixels[x].isFinite ? 0 : Self.missing }
        }
    }

    private static let bad = PixelFlags.bad.rawValue
    private static let missing = PixelFlags([.bad, .noData]).rawValue

    private func markExcess(
        _ pixels: UnsafePointer<Float>, above levels: UnsafePointer<Float>, _ bits: UnsafeMutablePointer<UInt16>,
        _ count: Int
    ) {
        let (hot, cold) = (PixelFlags([.bad, .hot]).rawValue, PixelFlags([.bad, .cold]).rawValue)
        let limit = noise > 0 ? 50 * noise : .infinity
        for x in 0..<count {
            let excess = Double(pixels[x] - levels[x])
            bits[x] = excess > limit ? hot : excess < -limit ? cold : 0
        }
    }

    private func markResponse(
        _ pixels: UnsafePointer<Float>, to levels: UnsafePointer<Float>, _ bits: UnsafeMutablePointer<UInt16>,
        _ count: Int
    ) {
        let (dead, cold) = (PixelFlags([.bad, .dead]).rawValue, PixelFlags([.bad, .cold]).rawValue)
        for x in 0..<count {
            let (value, level) = (Double(pixels[x]), Double(levels[x]))
            bits[x] = value < 0.05 * level ? dead : value < 0.5 * level ? cold : value > 2 * level ? Self.bad : 0
        }
    }
}
