internal import CKernels
package import Imaging

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
