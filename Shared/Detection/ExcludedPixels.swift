internal import CKernels
package import Imaging

extension PixelFlags {
    /// A pixel with one of these carries no measurement.
    ///
    /// Saturated pixels stay: they show where bright stars are. So do pixels in the non-linear part of the range.
    static let withoutMeasurement: PixelFlags = [
        .noData, .bad, .lowFlat,
        // Bleed, cosmic ray, trail; hot, cold and dead pixels.
        PixelFlags(rawValue: 1 << 4), PixelFlags(rawValue: 1 << 5), PixelFlags(rawValue: 1 << 6),
        PixelFlags(rawValue: 1 << 8), PixelFlags(rawValue: 1 << 9), PixelFlags(rawValue: 1 << 10),
    ]
}

extension CalibratedFrame {
    /// 1 for each pixel that carries no measurement: `PixelFlags.withoutMeasurement`, NaN or beyond 10^12 electrons, or
    /// without a finite positive variance.
    package func excludedPixels() -> [UInt8] { excludedPixelsAndCount().excluded }

    /// The same, and how many.
    func excludedPixelsAndCount() -> (excluded: [UInt8], count: Int) {
        var found = 0
        let pixels = mask.bits.count
        let excluded = [UInt8](planeOf: pixels) { target in
            found = kernel_exclude(
                target, mask.bits, signal.pixels, variance.pixels,
                PixelFlags.withoutMeasurement.rawValue, pixels)
        }
        return (excluded, found)
    }
}
