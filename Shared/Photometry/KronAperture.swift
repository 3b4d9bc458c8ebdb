internal import CKernels
internal import Detection
internal import Foundation

/// The elliptical aperture of a source: 2.5 first-moment radii, at least 3.5 half axes of the isophotal ellipse.
///
///     r_1 = sum r D / sum D      r: elliptical radius in half axes, over pixels within 6 half axes, other sources' out
///
/// - Source: Kron 1980, ApJS 43, 305; factors as SExtractor's PHOT_AUTOPARAMS 2.5, 3.5.
struct KronAperture {
    let outline: EllipseOverlap
    /// False when the moments gave no radius and the smallest was taken.
    let isGood: Bool
    /// Whether light was still found where the search for it ends.
    let isOpen: Bool
    /// The larger half axis [px].
    let reach: Double

    /// First moment [half axes] of light that does not fall off within 6 half axes: 4 for a constant.
    private static let widest = 4.0

    /// nil for a source without an ellipse, or far outside the frame.
    init?(_ source: Source, owner: Int32, _ planes: FramePlanes) {
        let (a, b) = (max(source.a, 0.5), max(source.b, 0.5))
        guard a.isFinite, b.isFinite, source.theta.isFinite, planes.isNear(x: source.x, y: source.y, reach: 6 * a)
        else { return nil }
        let (cosine, sine) = (cos(source.theta), sin(source.theta))
        let radius = Self.firstMoment(
            planes, EllipseOverlap(x: source.x, y: source.y, a: 6 * a, b: 6 * b, cosine: cosine, sine: sine),
            owner: owner)
        isGood = radius != nil
        let factor = min(max(2.5 * (radius ?? 0), 3.5), 15)
        isOpen = (radius ?? 0) > Self.widest
        reach = factor * max(a, b)
        outline = EllipseOverlap(
            x: source.x, y: source.y, a: factor * a, b: factor * b, cosine: cosine, sine: sine)
    }

    /// In units of a sixth of the outline; nil when the light is not positive.
    private static func firstMoment(_ planes: FramePlanes, _ outline: EllipseOverlap, owner: Int32) -> Double? {
        var lanes = kernel_lanes()
        let (cxx, cyy, cxy) = (outline.cxx, outline.cyy, outline.cxy)
        outline.forEachCentreSpan(width: planes.width, height: planes.height) { columns, row in
            let dy = Double(row) - outline.y
            var form = kernel_row_form(
                column: Double(columns.lowerBound), centre: outline.x, square: cyy * dy * dy, slope: cxy * dy,
                curvature: cxx)
            var span = planes.span(columns, row: row)
            kernel_span_moment(&lanes, &span, owner, &form)
        }
        let (light, moment) = (lanes.firstSum, lanes.secondSum)
        let radius = 6 * moment / light
        return light > 0 && moment > 0 && radius.isFinite ? radius : nil
    }

    /// Sums of the ellipse. A pixel of another source, or without a measurement, counts as the one opposite to it
    /// across the centre, or as sky where that is no better.
    func sum(_ planes: FramePlanes, owner: Int32) -> PixelSums {
        outline.withKernelAperture(height: planes.height) { aperture in
            var (sums, frame) = (kernel_pixel_sums(), planes.apertureFrame)
            kernel_ellipse_sum_own(&sums, aperture, &frame, owner)
            return PixelSums(sums)
        }
    }
}
