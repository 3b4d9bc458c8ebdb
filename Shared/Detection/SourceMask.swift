internal import Foundation

/// Which blocks of a frame hold light of sources: 2 within their footprints, 1 in their surroundings, 0 for sky.
///
/// A source's surroundings are where a star of its significance p would still be brighter than a tenth of the noise,
///
///     1 + r^2 / alpha^2 = (3.2 p)^(1/3)         Moffat profile, beta = 3, alpha = 3.1 px
///
/// and a rim of its footprint whose width is a third of the footprint's radius, by which such a profile falls from the
/// footprint's threshold to that level.
enum SourceMask {
    private static let widest = 60.0
    /// Of the brightest pixel of what counts as a source [sigma].
    static let significance: Float = 4.5

    static func make(_ footprints: Footprints) -> [UInt8] {
        var mask = [UInt8](repeating: 0, count: footprints.width * footprints.height)
        mask.withUnsafeMutableBufferPointer { mask in
            var canvas = Canvas(pixels: mask, width: footprints.width, height: footprints.height)
            for group in footprints.groups where group.peakValue >= significance {
                for peak in group.peaks where footprints.peakValues[peak] >= significance {
                    canvas.disc(footprints.peakPixels[peak], radius: radius(footprints.peakValues[peak]))
                }
                let extent = (Double(group.area) / .pi).squareRoot()
                canvas.rim(footprints.runs(of: group), width: min(1 + extent / 3, widest))
            }
            for group in footprints.groups where group.peakValue >= significance {
                canvas.fill(footprints.runs(of: group))
            }
        }
        return mask
    }

    /// Blocks that a source of one peak has around it.
    static func discArea(_ peak: Float) -> Double { .pi * radius(peak) * radius(peak) }

    /// [blocks]
    private static func radius(_ peak: Float) -> Double {
        let share = cbrt(3.2 * Double(peak)) - 1
        return min(3.1 * max(0, share).squareRoot() / 2 + 0.5, widest)
    }

    private struct Canvas {
        let pixels: UnsafeMutableBufferPointer<UInt8>
        let width: Int
        let height: Int

        mutating func disc(_ centre: Int32, radius: Double) {
            let (x, y) = (Int(centre) % width, Int(centre) / width)
            paint(row: y, x..<(x + 1), by: radius)
        }

        mutating func rim(_ runs: some Sequence<Footprints.Run>, width: Double) {
            for run in runs { paint(row: Int(run.y), Int(run.start)..<Int(run.end), by: width) }
        }

        /// Everything within a distance of a stretch of pixels.
        private func paint(row: Int, _ columns: Range<Int>, by distance: Double) {
            let reach = Int(distance)
            for y in max(0, row - reach)...min(height - 1, row + reach) {
                let aside = Int((distance * distance - Double((y - row) * (y - row))).squareRoot())
                let (first, last) = (max(0, columns.lowerBound - aside), min(width, columns.upperBound + aside))
                for x in first..<last { pixels[y * width + x] = 1 }
            }
        }

        mutating func fill(_ runs: some Sequence<Footprints.Run>) {
            for run in runs {
                for x in Int(run.start)..<Int(run.end) { pixels[Int(run.y) * width + x] = 2 }
            }
        }
    }
}
