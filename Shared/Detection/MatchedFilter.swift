internal import Foundation
internal import Imaging

/// The signal-to-noise ratio of a star at each pixel, for a Gaussian star image P and the frame's own variance V:
///
///     S/N(x) = sum P(u - x) D(u) / V(u)  /  sqrt( sum P(u - x)^2 / V(u) )
///
/// Where the sky scatters more than the variance says (unresolved stars, a wrong gain) the ratio is lowered by as much.
/// Excluded pixels have no weight. A threshold on it is a threshold in sigmas, whatever the noise does across the
/// frame. Where less than a quarter of the star image's weight lies on usable pixels the ratio is set to 0.
///
/// Works row by row: each row is filtered along x once, into a ring of as many rows as the star image is high, from
/// which the rows of the result are made. Nothing but the result has the size of the frame.
///
/// - Source: Zackay & Ofek 2017, ApJ 836, 187, eq. 12; Turin 1960.
enum MatchedFilter {
    static func signalToNoise(_ frame: MeasurableFrame, fwhmPixels: Double) -> [Float] {
        let profile = kernel(fwhmPixels: fwhmPixels)
        let squared = profile.map { $0 * $0 }
        let whole = squared.reduce(0, +)
        let hasExcluded = frame.excluded.contains { $0 != 0 }
        let width = frame.width
        var numerators = RowFilter(profile, width: width, height: frame.height)
        var denominators = RowFilter(squared, width: width, height: frame.height)
        var coverages = RowFilter(squared, width: width, height: frame.height)
        let reach = profile.count / 2
        return [Float](unsafeUninitializedCapacity: frame.residual.count) { ratio, count in
            count = frame.residual.count
            guard let out = ratio.baseAddress else { return }
            frame.withRows { rows in
                for y in 0..<(frame.height + reach) {
                    if y < frame.height {
                        rows.fill(y, numerators.input, denominators.input, coverages.input)
                        numerators.take(y)
                        denominators.take(y)
                        if hasExcluded { coverages.take(y) }
                    }
                    guard y >= reach else { continue }
                    numerators.makeRow(y - reach)
                    denominators.makeRow(y - reach)
                    if hasExcluded { coverages.makeRow(y - reach) }
                    let row = out + (y - reach) * width
                    rows.divide(y - reach, numerators.output, denominators.output, into: row)
                    guard hasExcluded else { continue }
                    for x in 0..<width where !(coverages.output[x] > 0.25 * whole * whole) { row[x] = 0 }
                }
            }
        }
    }

    /// One-dimensional Gaussian out to one FWHM on either side; two of them make the star image.
    static func kernel(fwhmPixels: Double) -> [Float] {
        let sigma = max(0.5, fwhmPixels / 2.3548)
        let reach = min(20, max(1, Int(fwhmPixels.rounded(.up))))
        return (-reach...reach).map { Float(exp(-0.5 * Double($0 * $0) / (sigma * sigma))) }
    }
}

extension MeasurableFrame {
    /// Rows of the planes that the filter reads.
    fileprivate struct Rows {
        let width: Int
        let residual: UnsafePointer<Float>
        let variance: UnsafePointer<Float>
        let excluded: UnsafePointer<UInt8>
        let rms: UnsafePointer<Float>

        /// D / V, 1 / V and 1 of one row; 0 where excluded.
        @inline(__always)
        func fill(
            _ y: Int, _ weighted: UnsafeMutablePointer<Float>, _ inverse: UnsafeMutablePointer<Float>,
            _ used: UnsafeMutablePointer<Float>
        ) {
            let start = y * width
            for x in 0..<width {
                let isUsed: Float = excluded[start + x] == 0 ? 1 : 0
                let weight = isUsed == 0 ? 0 : 1 / variance[start + x]
                used[x] = isUsed
                inverse[x] = weight
                weighted[x] = residual[start + x] * weight
            }
        }

        /// The ratio of one row; 0 where there is no weight.
        @inline(__always)
        func divide(
            _ y: Int, _ numerator: UnsafePointer<Float>, _ denominator: UnsafePointer<Float>,
            into row: UnsafeMutablePointer<Float>
        ) {
            let start = y * width
            for x in 0..<width {
                let weight = excluded[start + x] == 0 ? 1 / variance[start + x] : 0
                let scatter = rms[start + x] * rms[start + x] * weight
                let excess = scatter > 1 ? scatter : 1
                let value = numerator[x] / (denominator[x] * excess).squareRoot()
                row[x] = denominator[x] > 0 ? value : 0
            }
        }
    }

    fileprivate func withRows(_ body: (Rows) -> Void) {
        residual.withUnsafeBufferPointer { residual in
            variance.withUnsafeBufferPointer { variance in
                excluded.withUnsafeBufferPointer { excluded in
                    background.rms.pixels.withUnsafeBufferPointer { rms in
                        guard let residual = residual.baseAddress, let variance = variance.baseAddress,
                            let excluded = excluded.baseAddress, let rms = rms.baseAddress
                        else { return }
                        body(
                            Rows(width: width, residual: residual, variance: variance, excluded: excluded, rms: rms))
                    }
                }
            }
        }
    }
}
