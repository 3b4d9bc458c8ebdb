public import Imaging

/// The pixels of a frame that cosmic rays have hit.
public struct CosmicRayHits: Sendable, Equatable {
    public let width: Int
    public let height: Int
    /// Places `y * width + x` of the pixels hit, ascending.
    public let pixels: [Int]
    /// For each of them the median of the good pixels around it [e-].
    public let replacements: [Float]
    /// Groups of hit pixels that touch each other, corners included.
    public let objectCount: Int
    /// How often the frame was searched.
    public let iterations: Int

    /// `PixelFlags.cosmicRay` where a pixel was hit, on its own.
    public var mask: Mask {
        var mask = Mask(width: width, height: height)
        mark(&mask)
        return mask
    }

    /// Adds `PixelFlags.cosmicRay` to a mask of the frame's shape.
    public func mark(_ mask: inout Mask) {
        precondition(mask.width == width && mask.height == height, "the mask of the same frame")
        for pixel in pixels { mask.bits[pixel] |= PixelFlags.cosmicRay.rawValue }
    }

    /// The signal with hit pixels replaced: for looking at, and for searches that follow. What is measured leaves the
    /// pixels out instead.
    public func cleaned(_ signal: Image<Electron>) -> Image<Electron> {
        precondition(signal.width == width && signal.height == height, "the signal of the same frame")
        var cleaned = signal
        for (pixel, value) in zip(pixels, replacements) { cleaned.pixels[pixel] = value }
        return cleaned
    }
}
