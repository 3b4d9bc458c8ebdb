internal import CKernels
internal import Foundation

/// What a star looks like on a frame: the part of its light that falls in each pixel.
///
/// Whoever has a better model of the frame's point spread than `MoffatStarImage` hands it to `measure`.
public protocol StarImage: Sendable {
    /// Writes the shares of a rectangle of pixels, row by row; all shares of the plane add up to 1.
    ///
    /// - Parameters:
    ///   - x, y: centre of the star [px], 0-based, (0, 0) the centre of the first pixel.
    ///   - columns, rows: may lie outside the frame.
    ///   - shares: has at least columns.count * rows.count elements; only that many are written.
    func write(x: Double, y: Double, columns: Range<Int>, rows: Range<Int>, to shares: inout [Float])
}

/// An elliptical Moffat function, or the Gaussian that it becomes for large beta, at the centres of pixels.
///
///     share = k (beta - 1) / (pi f_a f_b) (1 + k q)^-beta,   k = 4 (2^(1/beta) - 1)
///     q     = (u / f_a)^2 + (v / f_b)^2       u, v along the axes; f_a, f_b: full widths at half maximum [px]
///
/// The widths are those of the light after it has been averaged over pixels. Beyond 6 FWHM there is no light.
///
/// - Source: Moffat 1969, A&A 3, 455.
public struct MoffatStarImage: StarImage, Equatable {
    /// Geometric mean of the full widths at half maximum [px].
    public let fwhmPixels: Double
    /// +infinity for a Gaussian.
    public let beta: Double
    // q = sxx dx^2 + 2 sxy dx dy + syy dy^2
    private let sxx: Double
    private let syy: Double
    private let sxy: Double
    /// Shares at q = i * step.
    private let table: [Float]

    private static let entries = 9216
    private static let farthest = 36.0

    /// - Parameters:
    ///   - fwhmPixels: geometric mean of the widths along the axes [px], > 0.
    ///   - beta: > 1; +infinity for a Gaussian.
    ///   - ellipticity: 1 - minor / major axis, 0..<1.
    ///   - thetaDegrees: angle of the major axis, counter-clockwise from +x.
    public init(fwhmPixels: Double, beta: Double = .infinity, ellipticity: Double = 0, thetaDegrees: Double = 0) {
        precondition(fwhmPixels > 0 && beta > 1 && ellipticity >= 0 && ellipticity < 1, "a star image has a width")
        self.fwhmPixels = fwhmPixels
        self.beta = beta
        let ratio = (1 - ellipticity).squareRoot()
        let (major, minor) = (fwhmPixels / ratio, fwhmPixels * ratio)
        let (c, s) = (cos(thetaDegrees * .pi / 180), sin(thetaDegrees * .pi / 180))
        let (pa, pb) = (1 / (major * major), 1 / (minor * minor))
        (sxx, syy, sxy) = (pa * c * c + pb * s * s, pa * s * s + pb * c * c, (pa - pb) * s * c)
        let step = Self.farthest / Double(Self.entries)
        let peak = Self.peak(fwhm: fwhmPixels, beta: beta)
        table = (0...Self.entries + 1).map { Float(peak * Self.profile(Double($0) * step, beta: beta)) }
    }

    private static func peak(fwhm: Double, beta: Double) -> Double {
        let steepness = beta.isFinite ? 4 * (pow(2, 1 / beta) - 1) * (beta - 1) : 4 * log(2.0)
        return steepness / (.pi * fwhm * fwhm)
    }

    private static func profile(_ q: Double, beta: Double) -> Double {
        beta.isFinite ? pow(1 + 4 * (pow(2, 1 / beta) - 1) * q, -beta) : exp(-4 * log(2.0) * q)
    }

    public func write(x: Double, y: Double, columns: Range<Int>, rows: Range<Int>, to shares: inout [Float]) {
        precondition(shares.count >= columns.count * rows.count, "shares need room")
        let scale = Double(Self.entries) / Self.farthest
        table.withUnsafeBufferPointer { table in
            shares.withUnsafeMutableBufferPointer { shares in
                guard var target = shares.baseAddress, let table = table.baseAddress else { return }
                for row in rows {
                    let dy = Double(row) - y
                    var form = kernel_row_form(
                        column: Double(columns.lowerBound), centre: x, square: syy * dy * dy, slope: 2 * sxy * dy,
                        curvature: sxx)
                    kernel_table_row(target, table, Int32(Self.entries), scale, &form, columns.count)
                    target += columns.count
                }
            }
        }
    }
}

/// A round Moffat star above the sky of an annulus that its own wings reach.
struct RoundMoffat {
    private let beta: Double
    /// Of (radius / FWHM)^2.
    private let steepness: Double
    /// The star's light per square pixel in the annulus, times pi.
    private let wings: Double

    /// Part of the star's light that each pixel of the annulus holds.
    var sharePerPixel: Double { wings / .pi }

    /// - Parameter annulus: radii [px]; nil for a sky without wings.
    init(fwhm: Double, beta: Double, annulus: (inner: Double, outer: Double)? = nil) {
        self.beta = beta
        steepness = (beta.isFinite ? 4 * (pow(2, 1 / beta) - 1) : 4 * log(2.0)) / (fwhm * fwhm)
        guard let annulus else {
            wings = 0
            return
        }
        let inner = Self.enclosed(annulus.inner, steepness, beta)
        let outer = Self.enclosed(annulus.outer, steepness, beta)
        wings = (outer - inner) / (annulus.outer * annulus.outer - annulus.inner * annulus.inner)
    }

    /// Part of the star's light that an aperture measures: 1 - (1 + k r^2 / FWHM^2)^(1 - beta) less the wings.
    func measured(radius: Double) -> Double {
        Self.enclosed(radius, steepness, beta) - radius * radius * wings
    }

    private static func enclosed(_ radius: Double, _ steepness: Double, _ beta: Double) -> Double {
        let q = steepness * radius * radius
        return beta.isFinite ? 1 - pow(1 + q, 1 - beta) : 1 - exp(-q)
    }
}

/// A star image over the box of pixels around one star that lie in the frame.
struct StarStamp {
    private(set) var columns = 0..<0
    private(set) var rows = 0..<0
    /// Row by row.
    private(set) var shares: [Float] = []

    /// Takes the image at a position out to a distance.
    mutating func load(_ image: any StarImage, _ planes: FramePlanes, x: Double, y: Double, reach: Double) {
        (columns, rows) = (0..<0, 0..<0)
        guard planes.isNear(x: x, y: y, reach: reach) else { return }
        let (left, right) = (max(0, Int((x - reach).rounded(.down))), Int((x + reach).rounded(.up)))
        let (low, high) = (max(0, Int((y - reach).rounded(.down))), Int((y + reach).rounded(.up)))
        columns = left..<max(left, min(planes.width, right + 1))
        rows = low..<max(low, min(planes.height, high + 1))
        let count = columns.count * rows.count
        // Kernels read up to eight beyond the last.
        if shares.count < count + 8 { shares = [Float](repeating: 0, count: count + 8) }
        image.write(x: x, y: y, columns: columns, rows: rows, to: &shares)
    }

    /// The share of a pixel; 0 outside the box.
    func share(column: Int, row: Int) -> Double {
        guard columns.contains(column), rows.contains(row) else { return 0 }
        return Double(shares[(row - rows.lowerBound) * columns.count + column - columns.lowerBound])
    }
}
