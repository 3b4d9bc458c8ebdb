internal import Foundation
internal import Imaging

/// The signal-to-noise ratio of a star at each pixel, for a Gaussian star image P and the frame's own variance V:
///
///     S/N(x) = sum P(u - x) D(u) / V(u)  /  sqrt( sum P(u - x)^2 / V(u) )
///
/// Where the sky scatters more than the variance says (unresolved stars, a wrong gain) the ratio is lowered by as much.
/// Excluded pixels have no weight. A threshold on it is a threshold in sigmas, whatever the noise does across the frame.
/// Where less than a quarter of the star image's weight lies on usable pixels the ratio is set to 0.
///
/// - Source: Zackay & Ofek 2017, ApJ 836, 187, eq. 12; Turin 1960.
enum MatchedFilter {
    static func signalToNoise(_ frame: MeasurableFrame, fwhmPixels: Double) -> [Float] {
        let profile = kernel(fwhmPixels: fwhmPixels)
        let squared = profile.map { $0 * $0 }
        var inverse = [Float](repeating: 0, count: frame.residual.count)
        var weighted = inverse
        for index in inverse.indices where frame.excluded[index] == 0 {
            inverse[index] = 1 / frame.variance[index]
            weighted[index] = frame.residual[index] * inverse[index]
        }
        let used = frame.excluded.map { Float(1 - $0) }
        let numerator = convolve(weighted, profile, frame.width, frame.height)
        let denominator = convolve(inverse, squared, frame.width, frame.height)
        var ratio = numerator
        let coverage = frame.excluded.contains(1) ? convolve(used, squared, frame.width, frame.height) : []
        let whole = squared.reduce(0, +)
        let rms = frame.background.rms.pixels
        for index in ratio.indices {
            let isCovered = coverage.isEmpty || coverage[index] > 0.25 * whole * whole
            guard isCovered, denominator[index] > 0 else {
                ratio[index] = 0
                continue
            }
            let excess = max(1, rms[index] * rms[index] * inverse[index])
            ratio[index] = numerator[index] / (denominator[index] * excess).squareRoot()
        }
        return ratio
    }

    /// One-dimensional Gaussian out to one FWHM on either side; two of them make the star image.
    static func kernel(fwhmPixels: Double) -> [Float] {
        let sigma = max(0.5, fwhmPixels / 2.3548)
        let reach = min(20, max(1, Int(fwhmPixels.rounded(.up))))
        return (-reach...reach).map { Float(exp(-0.5 * Double($0 * $0) / (sigma * sigma))) }
    }

    /// Separable convolution by the same symmetric kernel along x and y; outside the frame is 0.
    static func convolve(_ pixels: [Float], _ kernel: [Float], _ width: Int, _ height: Int) -> [Float] {
        let reach = kernel.count / 2
        var rows = [Float](repeating: 0, count: pixels.count)
        var result = rows
        pixels.withUnsafeBufferPointer { source in
            rows.withUnsafeMutableBufferPointer { target in
                for y in 0..<height {
                    for offset in -reach...reach {
                        let weight = kernel[offset + reach]
                        let (low, high) = (max(0, -offset), min(width, width - offset))
                        guard low < high else { continue }
                        let row = y * width
                        for x in low..<high { target[row + x] += weight * source[row + x + offset] }
                    }
                }
            }
        }
        rows.withUnsafeBufferPointer { source in
            result.withUnsafeMutableBufferPointer { target in
                for y in 0..<height {
                    for offset in -reach...reach where y + offset >= 0 && y + offset < height {
                        let weight = kernel[offset + reach]
                        let (row, other) = (y * width, (y + offset) * width)
                        for x in 0..<width { target[row + x] += weight * source[other + x] }
                    }
                }
            }
        }
        return result
    }
}
