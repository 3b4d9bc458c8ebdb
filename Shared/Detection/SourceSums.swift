internal import CKernels
internal import Foundation
internal import Imaging

/// Sums over the pixels of one source.
struct SourceSums {
    private(set) var area = 0
    private var weight = 0.0
    private var (x, y) = (0.0, 0.0)
    private var (xx, yy, xy) = (0.0, 0.0, 0.0)
    /// Of the residual [e-].
    private(set) var flux = 0.0
    private(set) var peak = -Float.infinity
    /// Largest ratio and where it is.
    private(set) var significance: Float = 0
    private(set) var peakPixel = 0
    private var bits: UInt16 = 0
    private var isMasked = false
    private var touchesEdge = false

    /// Sums of all sources of a separation.
    static func collect(
        _ footprints: Footprints, _ frame: MeasurableFrame, _ separation: Separation, threads: Int
    ) -> [SourceSums] {
        var sums = [SourceSums](repeating: SourceSums(), count: separation.isBlended.count)
        sums.withUnsafeMutableBufferPointer { sums in
            Planes.open(footprints, frame, separation.owners) { planes in
                parallelRows(separation.parts.count, threads: threads) { range in
                    for index in range {
                        let part = separation.parts[index]
                        if index + 1 < range.upperBound { planes.prefetch(separation.parts[index + 1].group) }
                        add(part, planes, to: sums)
                    }
                }
            }
        }
        return sums
    }

    /// What the sums are made of, lent.
    private struct Planes {
        let footprints: Footprints
        let width: Int
        let height: Int
        let values: UnsafeBufferPointer<Float>
        let residuals: UnsafeBufferPointer<Float>
        let bits: UnsafeBufferPointer<UInt16>
        let marks: UnsafeBufferPointer<UInt8>
        /// 1 + index of the source of each pixel, as `values` lie.
        let numbers: UnsafePointer<Int32>

        static func open(
            _ footprints: Footprints, _ frame: MeasurableFrame, _ owners: PixelOwners, _ body: (Planes) -> Void
        ) {
            footprints.values.withUnsafeBufferPointer { values in
                footprints.residuals.withUnsafeBufferPointer { residuals in
                    frame.maskBits.withUnsafeBufferPointer { bits in
                        frame.marks.withUnsafeBufferPointer { marks in
                            owners.withNumbers { numbers in
                                body(
                                    Planes(
                                        footprints: footprints, width: frame.width, height: frame.height,
                                        values: values, residuals: residuals, bits: bits, marks: marks,
                                        numbers: numbers))
                            }
                        }
                    }
                }
            }
        }

        /// A group's rows lie far apart in memory: waiting for them takes longer than the sums.
        func prefetch(_ group: Int) {
            guard let marks = marks.baseAddress else { return }
            for run in footprints.runs[footprints.groups[group].runs].prefix(64) {
                let pixel = Int(run.y) * width + Int(run.start)
                kernel_prefetch(marks + pixel)
            }
        }
    }

    /// Adds the pixels of one group, which no other holds.
    private static func add(
        _ part: Separation.Part, _ planes: Planes, to sums: UnsafeMutableBufferPointer<SourceSums>
    ) {
        // Neighbouring pixels mostly belong to one source, whose sums are kept at hand.
        var (current, own) = (part.first, sums[part.first])
        for run in planes.footprints.runs[planes.footprints.groups[part.group].runs] {
            let isOutermost = run.y == 0 || Int(run.y) == planes.height - 1
            for column in run.pixels {
                let pixel = Int(run.y) * planes.width + column
                let value = Int(run.value) + column - Int(run.start)
                let source = part.count == 1 ? part.first : Int(planes.numbers[value]) - 1
                if source != current {
                    sums[current] = own
                    (current, own) = (source, sums[source])
                }
                let mark = planes.marks[pixel]
                own.add(
                    planes.values[value], x: column, y: Int(run.y), pixel: pixel, residual: planes.residuals[value],
                    bits: mark & PixelMarks.masked != 0 ? planes.bits[pixel] : 0,
                    excluded: mark & PixelMarks.excluded != 0,
                    isAtEdge: isOutermost || column == 0 || column == planes.width - 1)
            }
        }
        sums[current] = own
    }

    @inline(__always)
    private mutating func add(
        _ ratio: Float, x column: Int, y row: Int, pixel: Int, residual: Float, bits: UInt16, excluded: Bool,
        isAtEdge: Bool
    ) {
        // Moments around the first pixel: large coordinates would cost digits.
        if area == 0 { (originX, originY) = (column, row) }
        area += 1
        let (value, dx, dy) = (Double(ratio), Double(column - originX), Double(row - originY))
        weight += value
        x += value * dx
        y += value * dy
        xx += value * dx * dx
        yy += value * dy * dy
        xy += value * dx * dy
        flux += Double(residual)
        peak = max(peak, residual)
        if ratio > significance { (significance, peakPixel) = (ratio, pixel) }
        self.bits |= bits
        isMasked = isMasked || excluded
        touchesEdge = touchesEdge || isAtEdge
    }

    private var (originX, originY) = (0, 0)

    /// Barycentre, weighted by the ratio [px].
    var centre: (x: Double, y: Double) { (Double(originX) + x / weight, Double(originY) + y / weight) }

    /// Second moments of the ratio [px^2]; a source of one row or column has the width of a pixel.
    var moments: (xx: Double, yy: Double, xy: Double) {
        let (mx, my) = (x / weight, y / weight)
        var (sxx, syy, sxy) = (xx / weight - mx * mx, yy / weight - my * my, xy / weight - mx * my)
        if sxx * syy - sxy * sxy < 1.0 / 144 {
            sxx += 1.0 / 12
            syy += 1.0 / 12
        }
        if !(sxx * syy > sxy * sxy) { sxy = 0 }
        return (sxx, syy, sxy)
    }

    var flags: SourceFlags {
        var flags: SourceFlags = []
        if touchesEdge { flags.insert(.edge) }
        if isMasked { flags.insert(.masked) }
        if PixelFlags(rawValue: bits).contains(.saturated) { flags.insert(.saturated) }
        return flags
    }
}
