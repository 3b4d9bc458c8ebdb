internal import CKernels
internal import Foundation
internal import Imaging

/// The signal-to-noise ratio of a star at each pixel, for a Gaussian star image P and the frame's own variance V:
///
///     S/N(x) = sum P(u - x) D(u) / V(u)  /  sqrt( sum P(u - x)^2 / V(u) )
///
/// Where the sky scatters more than the variance says (unresolved stars, a wrong gain) the ratio is lowered by as much.
/// Excluded pixels have no weight. A threshold on it is a threshold in sigmas, whatever the noise does across the
/// frame. Where less than a quarter of the star image's weight lies on usable pixels nothing is found.
///
/// Works row by row: each row is filtered along x once, into a ring of as many rows as the star image is high, from
/// which the rows of the result are made. Only pixels above the threshold are kept.
///
/// - Source: Zackay & Ofek 2017, ApJ 836, 187, eq. 12; Turin 1960.
struct MatchedFilter {
    /// One half of the star image along x and y, from its centre outwards; the product of the two is the image.
    private let across: [Float]
    private let along: [Float]
    /// Geometric mean of the star image's widths [px].
    private let sigma: Double

    /// - Parameters:
    ///   - sigmaX, sigmaY: of the star image [px].
    init(sigmaX: Double, sigmaY: Double) {
        across = Self.half(sigmaX)
        along = Self.half(sigmaY)
        sigma = min(max((sigmaX * sigmaY).squareRoot(), 0.5), 12)
    }

    init(fwhmPixels: Double) { self.init(sigmaX: fwhmPixels / 2.3548, sigmaY: fwhmPixels / 2.3548) }

    /// Out to 1.06 FWHM.
    private static func half(_ sigma: Double) -> [Float] {
        let sigma = max(0.5, sigma)
        let reach = min(24, Int((2.5 * sigma).rounded(.up)))
        return (0...reach).map { Float(exp(-0.5 * Double($0 * $0) / (sigma * sigma))) }
    }

    /// Of a row or column of the star image: its sum over all its pixels.
    private static func sum(_ half: [Float]) -> Double {
        half.reduce(-Double(half[0])) { $0 + 2 * Double($1) }
    }

    /// sum P / sqrt(sum P^2): the electrons per pixel of a smoothed source of significance v are v sqrt(V) / this.
    var smoothing: Double {
        let power = Self.sum(across.map { $0 * $0 }) * Self.sum(along.map { $0 * $0 })
        return Self.sum(across) * Self.sum(along) / power.squareRoot()
    }

    /// Connected pixels with a ratio above the threshold.
    ///
    /// - Parameter threads: bands of rows are searched at once; the result does not depend on it.
    func footprints(_ planes: FilterPlanes, threshold: Double, threads: Int = 1) -> Footprints {
        let count = threads > 1 ? max(1, min(4 * threads, planes.height / Self.leastBand)) : 1
        // Long ones first, so that threads end together.
        let cuts = (0...count).map { $0 * (2 * count + 1 - $0) * planes.height / (count * (count + 1)) }
        let bands = (0..<count).map { cuts[$0]..<cuts[$0 + 1] }
        let fillers = (rms: MeshSurface.Filler(planes.rms), level: planes.level.map { MeshSurface.Filler($0) })
        var found = [FootprintBand](repeating: FootprintBand(rows: 0..<0), count: count)
        planes.withRows { rows in
            found.withUnsafeMutableBufferPointer { found in
                parallelRows(count, threads: threads) { range in
                    for index in range {
                        found[index] = search(bands[index], planes, rows, fillers, threshold: threshold)
                    }
                }
            }
        }
        return Footprints(joining: found, width: planes.width, height: planes.height, threads: threads)
    }

    /// A band's filter also reads the rows around it, which costs time when the band is low [px].
    private static let leastBand = 64

    private func search(
        _ band: Range<Int>, _ planes: FilterPlanes, _ rows: FilterPlanes.Rows,
        _ fillers: (rms: MeshSurface.Filler, level: MeshSurface.Filler?), threshold: Double
    ) -> FootprintBand {
        let (width, height) = (planes.width, planes.height)
        let squares = (across: across.map { $0 * $0 }, along: along.map { $0 * $0 })
        var signal = FilterRing(across, along, width: width, height: height)
        var weight = FilterRing(squares.across, squares.along, width: width, height: height)
        var coverage = CoverageRing(squares.across, squares.along, width: width, height: height)
        let radius = max(1, Int((2.9 * sigma).rounded()))
        var builder = FootprintBandBuilder(
            width: width, rows: band, radius: radius, threshold: threshold,
            expected: band.count * width / Self.pixelsPerFound)
        var threshold = RowThreshold(width: width, threshold: threshold)
        let sky = SkyRow(fillers.level, width: width)
        let reach = along.count - 1
        let wanted = max(0, band.lowerBound - radius)..<min(height, band.upperBound + radius)
        for y in max(0, wanted.lowerBound - reach)..<(wanted.upperBound + reach) {
            if y < height {
                let row = rows.row(y)
                let found = kernel_weigh(
                    signal.input, weight.input, sky.residual(row, y), row.variance, row.marks, width)
                signal.take(y)
                weight.take(y)
                coverage.take(y, row.marks, found: found)
            }
            guard let made = Self.pair(endingWith: y - reach, of: wanted) else { continue }
            signal.make(made)
            weight.make(made)
            for (index, y) in made.enumerated() {
                fillers.rms.fill(y, into: threshold.rms)
                let row = rows.row(y)
                let count = threshold.apply(
                    signal.output(index), weight.output(index), row.variance, row.marks, coverage.make(y))
                builder.add(y, threshold, count: count, residual: planes.level == nil ? row.light : nil)
            }
        }
        return builder.finish(after: wanted.upperBound)
    }

    /// Rows of the result are made two at a time, a last one alone; nil where the second is to come.
    private static func pair(endingWith row: Int, of rows: Range<Int>) -> ClosedRange<Int>? {
        guard row >= rows.lowerBound else { return nil }
        if (row - rows.lowerBound) % 2 == 1 { return (row - 1)...row }
        return row == rows.upperBound - 1 ? row...row : nil
    }

    /// Room is made for this share of the pixels.
    private static let pixelsPerFound = 8
}

/// What a matched filter works on, lent.
struct FilterPlanes {
    let width: Int
    let height: Int
    /// [e-]
    let light: UnsafeBufferPointer<Float>
    /// What is to be taken off; nil where that has been done, and the light is 0 where excluded.
    let level: MeshSurface?
    /// [e-^2]
    let variance: UnsafeBufferPointer<Float>
    /// `PixelMarks`.
    let marks: UnsafeBufferPointer<UInt8>
    /// Scatter of single pixels as seen [e-].
    let rms: MeshSurface

    struct Rows {
        let width: Int
        let light: UnsafePointer<Float>
        let variance: UnsafePointer<Float>
        let marks: UnsafePointer<UInt8>

        func row(_ y: Int) -> Rows {
            Rows(
                width: width, light: light + y * width, variance: variance + y * width,
                marks: marks + y * width)
        }
    }

    func withRows(_ body: (Rows) -> Void) {
        guard let light = light.baseAddress, let variance = variance.baseAddress,
            let marks = marks.baseAddress
        else { return }
        body(Rows(width: width, light: light, variance: variance, marks: marks))
    }
}

/// Rows of light without their sky: those of the frame, or made anew.
private struct SkyRow: ~Copyable {
    private let level: MeshSurface.Filler?
    private let width: Int
    /// The sky of a row, then the row without it.
    private let room: UnsafeMutablePointer<Float>

    init(_ level: MeshSurface.Filler?, width: Int) {
        (self.level, self.width) = (level, width)
        room = .allocate(capacity: 2 * width)
    }

    deinit { room.deallocate() }

    /// 0 where excluded; good until the next row is made.
    func residual(_ row: FilterPlanes.Rows, _ y: Int) -> UnsafePointer<Float> {
        guard let level else { return row.light }
        level.fill(y, into: room)
        kernel_subtract(room + width, row.light, room, row.marks, width)
        return UnsafePointer(room + width)
    }
}
