internal import Detection
internal import Foundation
internal import Imaging

/// Tells sources that stand out of the sky mesh only because light lies around them: on the coma of a comet, the halo
/// of a galaxy, a nebula's edge, where noise passes a threshold that is counted from the mesh.
///
/// The light around is the median in a ring from 2.5 to 5 FWHM, of all pixels but those of other sources that are no
/// larger than stars. A source is marked when
///
/// - the median is above that which hides it (`Detections.lightThatHides`), and
/// - above 0 by 3 standard errors of a median, as the sign test has them: fewer than n / 2 - 1.5 sqrt(n) pixels below
///   0, whatever their noise is.
///
/// Only sources whose annulus stands two standard errors off the mesh (below it, beside an edge), or has no sky of its
/// own, are looked at: on fields of stars that is one in twenty (docs/decisions/0051-extended-light-and-alcdef.md).
///
/// - Source: the sign test, as in Conover, Practical Nonparametric Statistics, 3rd ed., section 3.4.
struct ExtendedLight {
    /// Inner and outer radius of the ring [FWHM].
    private static let ring = (inner: 2.5, outer: 5.0)
    /// Fewest pixels that tell.
    private static let fewestPixels = 60
    /// Standard errors by which the light around must be above 0.
    private static let certainty = 3.0
    /// Larger rings are thinned out to about this many pixels.
    private static let mostPixels = 1200.0

    private let detections: Detections
    private let planes: FramePlanes
    private let fwhm: Double
    private let hasAnnulus: Bool

    init(_ detections: Detections, _ planes: FramePlanes, _ parameters: MeasurementParameters) {
        (self.detections, self.planes) = (detections, planes)
        fwhm = min(max(parameters.fwhmPixels(seeing: detections.seeing), 1), 40)
        hasAnnulus = parameters.annulus != nil
    }

    /// - Parameter owner: number of the source.
    func carries(_ source: Source, owner: Int32, sky: LocalSky) -> Bool {
        let isLit = sky.isPoor || !hasAnnulus || abs(sky.residualLevel) > 2 * max(0, sky.levelVariance).squareRoot()
        guard isLit, let least = detections.lightThatHides(source) else { return false }
        let ring = count(source, owner: owner, least: Float(least))
        guard ring.all >= Self.fewestPixels, 2 * ring.belowLeast < ring.all else { return false }
        return Double(ring.all) / 2 - Double(ring.belowZero) > Self.certainty * Double(ring.all).squareRoot() / 2
    }

    private struct Ring {
        var all = 0
        var belowZero = 0
        var belowLeast = 0
    }

    private func count(_ source: Source, owner: Int32, least: Float) -> Ring {
        let (inner, outer) = (Self.ring.inner * fwhm, Self.ring.outer * fwhm)
        guard planes.isNear(x: source.x, y: source.y, reach: outer) else { return Ring() }
        let area = Double.pi * (outer * outer - inner * inner)
        let step = max(1, Int((area / Self.mostPixels).rounded(.up)))
        var ring = Ring()
        var (lastLabel, isLastKept) = (owner, true)
        EllipseOverlap(x: source.x, y: source.y, radius: outer).forEachCentreSpan(
            width: planes.width, height: planes.height
        ) { columns, row in
            guard row % step == 0 else { return }
            let dy = Double(row) - source.y
            for column in columns {
                let (dx, index) = (Double(column) - source.x, row * planes.width + column)
                guard dx * dx + dy * dy >= inner * inner, !planes.isExcluded(index) else { continue }
                if planes.marks[index] & PixelMarks.owned != 0 {
                    let label = planes.owner(column, row)
                    if label != lastLabel {
                        lastLabel = label
                        isLastKept = lastLabel == owner || detections.isWide(lastLabel, fwhm: fwhm)
                    }
                    guard isLastKept else { continue }
                }
                let light = planes.residual[index]
                ring.all += 1
                if light < 0 { ring.belowZero += 1 }
                if light < least { ring.belowLeast += 1 }
            }
        }
        return ring
    }
}
