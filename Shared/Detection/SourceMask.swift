internal import Foundation
internal import Imaging

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

    /// - Parameter threads: bands of rows are painted at once; the result does not depend on it.
    static func make(_ footprints: Footprints, threads: Int = 1) -> [UInt8] {
        let (width, height) = (footprints.width, footprints.height)
        let groups = bright(footprints)
        return [UInt8](plane: width * height, threads: threads) { mask in
            guard let pixels = mask.baseAddress else { return }
            parallelRows(height, threads: threads) { rows in
                (pixels + rows.lowerBound * width).initialize(repeating: 0, count: rows.count * width)
                paint(groups, of: footprints, on: Canvas(pixels: pixels, width: width, rows: rows))
            }
        }
    }

    /// Groups that count as sources, with their rows: a band of the mask looks at all of them.
    private static func bright(_ footprints: Footprints) -> [(group: Int, rows: ClosedRange<Int>)] {
        footprints.groups.indices.compactMap { index in
            let group = footprints.groups[index]
            guard group.peakValue >= significance else { return nil }
            let (top, bottom) = footprints.rows(of: group)
            return (index, top...bottom)
        }
    }

    private static func paint(
        _ groups: [(group: Int, rows: ClosedRange<Int>)], of footprints: Footprints, on canvas: Canvas
    ) {
        // Every peak lies in its group, and no disc or rim is wider than the widest.
        for (index, rows) in groups where canvas.reaches(rows, within: widest) {
            let group = footprints.groups[index]
            let extent = (Double(group.area) / .pi).squareRoot()
            let width = min(1 + extent / 3, widest)
            for peak in group.peaks where footprints.peakValues[peak] >= significance {
                canvas.disc(footprints.peakPixels[peak], radius: radius(footprints.peakValues[peak]))
            }
            canvas.rim(footprints.runs(of: group), width: width)
        }
        for (index, rows) in groups where canvas.reaches(rows, within: 0) {
            canvas.fill(footprints.runs(of: footprints.groups[index]))
        }
    }

    /// Blocks that a source of one peak has around it.
    static func discArea(_ peak: Float) -> Double {
        let radius = radius(peak)
        return .pi * radius * radius
    }

    /// [blocks]
    private static func radius(_ peak: Float) -> Double {
        let share = cbrt(3.2 * Double(peak)) - 1
        return min(3.1 * max(0, share).squareRoot() / 2 + 0.5, widest)
    }

    /// Some rows of the mask.
    private struct Canvas {
        /// The first of the whole mask.
        let pixels: UnsafeMutablePointer<UInt8>
        let width: Int
        let rows: Range<Int>

        /// Whether anything within a distance of these rows may lie on the canvas.
        func reaches(_ other: ClosedRange<Int>, within distance: Double) -> Bool {
            other.upperBound + Int(distance) >= rows.lowerBound && other.lowerBound - Int(distance) < rows.upperBound
        }

        func disc(_ centre: Int32, radius: Double) {
            let (x, y) = (Int(centre) % width, Int(centre) / width)
            paint(row: y, x..<(x + 1), by: radius)
        }

        func rim(_ runs: some Sequence<Footprints.Run>, width: Double) {
            for run in runs { paint(row: Int(run.y), Int(run.start)..<Int(run.end), by: width) }
        }

        /// Everything within a distance of a stretch of pixels.
        private func paint(row: Int, _ columns: Range<Int>, by distance: Double) {
            let reach = Int(distance)
            let (top, bottom) = (max(rows.lowerBound, row - reach), min(rows.upperBound - 1, row + reach))
            guard top <= bottom else { return }
            for y in top...bottom {
                let aside = Int((distance * distance - Double((y - row) * (y - row))).squareRoot())
                let (first, last) = (max(0, columns.lowerBound - aside), min(width, columns.upperBound + aside))
                for x in first..<last { pixels[y * width + x] = 1 }
            }
        }

        func fill(_ runs: some Sequence<Footprints.Run>) {
            for run in runs where rows.contains(Int(run.y)) {
                for x in Int(run.start)..<Int(run.end) { pixels[Int(run.y) * width + x] = 2 }
            }
        }
    }
}
