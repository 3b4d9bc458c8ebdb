internal import CKernels
internal import Foundation
internal import Imaging

/// The image of a star anywhere on a frame: planes of cubic B-spline coefficients, one for each term of a polynomial in
/// position.
///
///     P(u, v; x, y) = sum_m T_m(X, Y) sum_jk c_mjk B(s u + n - j) B(s v + n - k)
///     T = 1, X, Y, X^2, XY, Y^2;   X = 2 x / (width - 1) - 1, Y alike
///
/// (u, v) is the offset of a pixel's centre from the star's centre [px]; P is the part of the star's light in that
/// pixel, the integral over the pixel included (an effective point-spread function). It is normalised to all of the
/// star's light, to infinity: beyond the table (5 FWHM) by the wings of the Moffat profile fitted to the frame's stars.
///
/// - Source: Anderson & King 2000, PASP 112, 1360; Stetson 1987, PASP 99, 191 (a profile and a table); Bertin 2011,
///   ADASS XX, 435 (polynomial planes).
public struct PointSpreadModel: Sendable, Equatable {
    let table: SplineTable
    /// Planes one after the other, each as `SplineTable` lays it out.
    let coefficients: [Float]
    /// Of the polynomial in position: 0, 1 or 2.
    public let polynomialOrder: Int
    /// Shape of the frame that positions refer to [px].
    public let frameWidth: Int
    public let frameHeight: Int
    /// Stars that the model is made from.
    public let starCount: Int
    /// Of the stars' pixels under the Moffat profile, before its table; 0.3 % of each pixel's starlight is allowed for
    /// as error.
    public let chiSquaredPerDegree: Double
    /// Full width at half maximum in the middle of the frame, pixel included [px].
    public let fwhmPixels: Double

    init(
        table: SplineTable, coefficients: [Float], polynomialOrder: Int, frameWidth: Int, frameHeight: Int,
        starCount: Int, chiSquaredPerDegree: Double
    ) {
        self.table = table
        self.coefficients = coefficients
        self.polynomialOrder = polynomialOrder
        (self.frameWidth, self.frameHeight) = (frameWidth, frameHeight)
        (self.starCount, self.chiSquaredPerDegree) = (starCount, chiSquaredPerDegree)
        fwhmPixels = Self.width(table, coefficients)
    }

    /// Nodes per pixel.
    public var oversampling: Int { table.oversampling }
    /// The table ends this far from a star's centre [px].
    public var radiusPixels: Int { table.radius }

    var planeCount: Int { Self.terms(polynomialOrder) }
    static func terms(_ order: Int) -> Int { (order + 1) * (order + 2) / 2 }

    /// T_m at a position, held at the frame's edge beyond it.
    func weights(x: Double, y: Double) -> [Float] {
        Self.monomials(x: x, y: y, width: frameWidth, height: frameHeight, order: polynomialOrder).map { Float($0) }
    }

    static func monomials(x: Double, y: Double, width: Int, height: Int, order: Int) -> [Double] {
        func scaled(_ place: Double, _ size: Int) -> Double {
            min(max(size > 1 ? 2 * place / Double(size - 1) - 1 : 0, -1), 1)
        }
        let (u, v) = (scaled(x, width), scaled(y, height))
        switch order {
        case 0: return [1]
        case 1: return [1, u, v]
        default: return [1, u, v, u * u, u * v, v * v]
        }
    }

    /// The part of a star's light that falls into each pixel around its central pixel, the one nearest to (x, y).
    ///
    /// - Parameters:
    ///   - x, y: the star's centre [px], finite.
    ///   - halfSize: the stamp has 2 halfSize + 1 pixels on a side, halfSize in 0...radiusPixels.
    /// - Returns: row-major, and the pixel of its first value.
    public func image(x: Double, y: Double, halfSize: Int) -> (pixels: [Float], column: Int, row: Int) {
        precondition(halfSize >= 0 && halfSize <= table.radius && abs(x) < 1e9 && abs(y) < 1e9, "a stamp in the table")
        let side = 2 * halfSize + 1
        let sampler = PointSpreadSampler(self)
        var pixels = [Float](repeating: 0, count: side * side)
        pixels.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            sampler.image(x: x, y: y, half: halfSize, stride: side, into: base)
        }
        return (pixels, Int(x.rounded()) - halfSize, Int(y.rounded()) - halfSize)
    }

    /// Mean distance of half the maximum from the centre along the four directions of the axes, twice.
    private static func width(_ table: SplineTable, _ coefficients: [Float]) -> Double {
        func value(_ column: Int, _ row: Int) -> Double {
            let weights = [1.0 / 6, 2.0 / 3, 1.0 / 6]
            var sum = 0.0
            for j in 0..<3 {
                for i in 0..<3 {
                    sum += weights[i] * weights[j] * Double(coefficients[table.index(column + i - 1, row + j - 1)])
                }
            }
            return sum
        }
        let centre = table.centre
        let half = value(centre, centre) / 2
        var total = 0.0
        for (dx, dy) in [(1, 0), (-1, 0), (0, 1), (0, -1)] {
            var previous = 2 * half
            for step in 1..<centre {
                let next = value(centre + dx * step, centre + dy * step)
                if next < half {
                    total += Double(step - 1) + (previous - half) / (previous - next)
                    break
                }
                previous = next
            }
        }
        return total / 2 / Double(table.oversampling)
    }
}

/// Evaluates a model for one star after another; holds the planes combined for the star's place.
final class PointSpreadSampler {
    let model: PointSpreadModel
    private let planes: UnsafeMutablePointer<Float>
    private let combined: UnsafeMutablePointer<Float>

    init(_ model: PointSpreadModel) {
        self.model = model
        // The kernels read whole vectors.
        planes = .allocate(capacity: model.coefficients.count + 16)
        planes.initialize(repeating: 0, count: model.coefficients.count + 16)
        // Wings so faint that their squares are no normal numbers cost a hundred times as much and say nothing.
        let faintest = 1e-10 * (model.coefficients.max() ?? 0)
        for (index, value) in model.coefficients.enumerated() where abs(value) >= faintest { planes[index] = value }
        combined = .allocate(capacity: model.table.count + 16)
        combined.initialize(repeating: 0, count: model.table.count + 16)
    }

    deinit {
        planes.deallocate()
        combined.deallocate()
    }

    /// Coefficients for a star at (x, y), valid where a stamp of this size reads them.
    private func table(_ x: Double, _ y: Double, _ half: Int, _ taps: kernel_psf_taps) -> UnsafePointer<Float> {
        guard model.planeCount > 1 else { return UnsafePointer(planes) }
        let layout = model.table
        // First and last node that a star within half a pixel of its central pixel can reach.
        let (middle, scale) = (2 * layout.centre, layout.oversampling)
        let column = max((middle - scale * (2 * half + 1) - 4) / (2 * scale), 0)
        let last = (middle - scale * (2 * half - 1) + 4) / (2 * scale) + 2 * half + 1
        let columns = min(last, layout.run - 1) - column + 1
        let rows = min(layout.oversampling * 2 * half + 4, layout.side - taps.row)
        let weights = model.weights(x: x, y: y)
        kernel_psf_combine(
            planes, layout.count, weights, weights.count, layout.oversampling, layout.run, taps.row, rows, column,
            columns, combined)
        return UnsafePointer(combined)
    }

    func image(x: Double, y: Double, half: Int, stride: Int, into value: UnsafeMutablePointer<Float>) {
        let layout = model.table
        var taps = layout.taps(dx: x - x.rounded(), dy: y - y.rounded(), half: half)
        let side = 2 * half + 1
        kernel_psf_image(
            table(x, y, half, taps), layout.oversampling, layout.run, &taps, side, side, stride, value)
    }

    /// The image and its derivatives by the star's x and y [1/px], without the image's slow change over the frame.
    func stamp(x: Double, y: Double, half: Int, stride: Int, into stamp: StampPlanes) {
        let layout = model.table
        var taps = layout.taps(dx: x - x.rounded(), dy: y - y.rounded(), half: half)
        let side = 2 * half + 1
        kernel_psf_stamp(
            table(x, y, half, taps), layout.oversampling, layout.run, &taps, side, side, stride, stamp.value,
            stamp.byX, stamp.byY)
    }
}

/// Where a star's image and its derivatives are put.
struct StampPlanes {
    let value: UnsafeMutablePointer<Float>
    let byX: UnsafeMutablePointer<Float>
    let byY: UnsafeMutablePointer<Float>
}
