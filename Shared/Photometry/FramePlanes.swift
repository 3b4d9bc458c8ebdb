internal import CKernels
internal import Detection
internal import Imaging

/// The planes of a frame on which sources were found, lent for sums over pixels.
struct FramePlanes {
    let width: Int
    let height: Int
    /// Signal above the mesh [e-]; 0 where excluded.
    let residual: UnsafeBufferPointer<Float>
    /// [e-^2], without the stars' own noise; 0 where excluded.
    let variance: UnsafeBufferPointer<Float>
    /// `PixelMarks` of each pixel.
    let marks: UnsafeBufferPointer<UInt8>
    let maskBits: UnsafeBufferPointer<UInt16>
    /// Of the first row, for pixels that are marked as owned; the next row's lie `ownerWords` further.
    private let owners: kernel_owners
    private let ownerWords: Int
    /// Whether any pixel is excluded.
    let hasExcluded: Bool

    /// Runs `body` while the planes are lent.
    static func open<Result>(_ detections: Detections, _ body: (FramePlanes) -> Result) -> Result {
        let frame = detections.frame
        return frame.residual.withUnsafeBufferPointer { residual in
            frame.variance.withUnsafeBufferPointer { variance in
                frame.marks.withUnsafeBufferPointer { marks in
                    frame.maskBits.withUnsafeBufferPointer { maskBits in
                        detections.owners.withFirstRow { owners, wordsPerRow in
                            body(
                                FramePlanes(
                                    width: frame.width, height: frame.height, residual: residual, variance: variance,
                                    marks: marks, maskBits: maskBits, owners: owners, ownerWords: wordsPerRow,
                                    hasExcluded: frame.hasExcluded))
                        }
                    }
                }
            }
        }
    }

    /// Whether a pixel carries no measurement.
    @inline(__always)
    func isExcluded(_ index: Int) -> Bool { marks[index] & PixelMarks.excluded != 0 }

    /// Some pixels of a row, for a kernel.
    @inline(__always)
    func span(_ columns: Range<Int>, row: Int) -> kernel_span {
        let start = row * width + columns.lowerBound
        return kernel_span(
            values: residual.baseAddress.map { $0 + start }, variance: variance.baseAddress.map { $0 + start },
            marks: marks.baseAddress.map { $0 + start }, owners: owners(row: row), column: columns.lowerBound,
            count: columns.count, readable: residual.count - start)
    }

    /// All pixels, for a kernel that gathers sky.
    var skyFrame: kernel_sky_frame {
        kernel_sky_frame(
            values: residual.baseAddress, marks: marks.baseAddress, owners: owners, owner_words: ownerWords,
            width: width, height: height)
    }

    /// All pixels, for a kernel that sums them within an aperture.
    var apertureFrame: kernel_aperture_frame {
        kernel_aperture_frame(
            values: residual.baseAddress, variance: variance.baseAddress, marks: marks.baseAddress, owners: owners,
            owner_words: ownerWords, width: width, height: height, has_excluded: hasExcluded ? 1 : 0)
    }

    /// Who owns the pixels of a row.
    @inline(__always)
    func owners(row: Int) -> kernel_owners {
        kernel_owners(
            words: owners.words + row * ownerWords, before: owners.before + row * ownerWords, numbers: owners.numbers)
    }

    /// Whether a pixel carries a measurement and belongs to no source, or to `owner`.
    @inline(__always)
    func isClean(_ column: Int, _ row: Int, owner: Int32) -> Bool {
        let mark = marks[row * width + column] & ~PixelMarks.masked
        return mark == 0 || mark == PixelMarks.owned && self.owner(column, row) == owner
    }

    /// Number of the source that owns a pixel that is marked as owned; any value for another.
    @inline(__always)
    func owner(_ column: Int, _ row: Int) -> Int32 {
        var owners = owners(row: row)
        return kernel_owner(&owners, column)
    }

    /// Whether an aperture around a position can have pixels of the frame at all.
    func isNear(x: Double, y: Double, reach: Double) -> Bool {
        x.isFinite && y.isFinite && reach > 0 && reach < 1e6 && x > -0.5 - reach && y > -0.5 - reach
            && x < Double(width) - 0.5 + reach && y < Double(height) - 0.5 + reach
    }

    func contains(column: Int, row: Int) -> Bool {
        column >= 0 && row >= 0 && column < width && row < height
    }

    /// The pixel that lies opposite to another across a centre, rounded to the grid; nil outside the frame.
    func opposite(column: Int, row: Int, x: Double, y: Double) -> (column: Int, row: Int)? {
        let (column, row) = (Int((2 * x).rounded()) - column, Int((2 * y).rounded()) - row)
        return contains(column: column, row: row) ? (column, row) : nil
    }

    /// Brings the pixels around a position near the processor before they are needed: a frame's rows lie far apart in
    /// memory, and waiting for them takes longer than summing them.
    func prefetch(x: Double, y: Double, reach: Double) {
        guard reach < 64, isNear(x: x, y: y, reach: 0.5), let residual = residual.baseAddress,
            let variance = variance.baseAddress, let marks = marks.baseAddress
        else { return }
        let (left, low) = (max(0, Int(x - reach)), max(0, Int(y - reach)))
        let columns = min(width, Int(x + reach) + 2) - left
        let rows = min(height, Int(y + reach) + 2) - low
        let start = low * width + left
        guard columns > 0, rows > 0 else { return }
        kernel_sky_prefetch(residual + start, 4 * columns, 4 * width, rows)
        kernel_sky_prefetch(marks + start, columns, width, rows)
        // The variance is needed within the apertures only.
        let quarter = rows / 4
        let inner = start + quarter * width + columns / 4
        kernel_sky_prefetch(variance + inner, 2 * columns, 4 * width, rows - 2 * quarter)
    }

    /// The same for the variance and the marks of one pixel, which may lie beyond the last.
    @inline(__always)
    func prefetch(_ index: Int) {
        guard index < variance.count, let variance = variance.baseAddress, let marks = marks.baseAddress else { return }
        kernel_prefetch(variance + index)
        kernel_prefetch(marks + index)
    }

    /// What pixels with centres inside an outline have: bits of the mask, exclusion, and other sources.
    struct Census {
        var maskBits: UInt16 = 0
        var excluded: UInt8 = 0
        var hasNeighbour = false
    }

    func census(_ outline: EllipseOverlap, owner: Int32) -> Census {
        var census = kernel_census()
        guard let maskBits = maskBits.baseAddress else { return Census() }
        outline.forEachCentreSpan(width: width, height: height) { columns, row in
            var span = span(columns, row: row)
            kernel_span_census(&census, &span, maskBits + row * width + columns.lowerBound, owner)
        }
        return Census(
            maskBits: census.bits, excluded: census.excluded, hasNeighbour: census.others != 0)
    }

    /// Largest good pixel with its centre inside an outline [e-]; -infinity for none.
    func peak(_ outline: EllipseOverlap) -> Double {
        var peak = -Float.infinity
        outline.forEachCentreSpan(width: width, height: height) { columns, row in
            for index in (row * width + columns.lowerBound)..<(row * width + columns.upperBound)
            where !isExcluded(index) {
                peak = max(peak, residual[index])
            }
        }
        return Double(peak)
    }
}

extension kernel_lanes {
    var firstSum: Double { Self.sum(first) }
    var secondSum: Double { Self.sum(second) }
    var thirdSum: Double { Self.sum(third) }

    private typealias Lanes = (Double, Double, Double, Double, Double, Double, Double, Double)

    private static func sum(_ lanes: Lanes) -> Double {
        ((lanes.0 + lanes.1) + (lanes.2 + lanes.3)) + ((lanes.4 + lanes.5) + (lanes.6 + lanes.7))
    }
}
