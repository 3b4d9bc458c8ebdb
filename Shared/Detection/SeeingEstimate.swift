internal import Foundation

extension Seeing {
    /// Star images are at least this wide [px]: anything narrower is a hot pixel or a cosmic ray.
    static let narrowestFWHM = 0.8

    /// Measures the width of star images from bright groups of pixels; nil when none of them is a star.
    ///
    /// Each star's moments are taken under a window that follows the median width, three times over. The median and
    /// its scatter are then taken again without stars that lie more than 3 robust sigmas away: galaxies, blends, cosmic
    /// rays.
    ///
    /// - Parameter starts: positions of groups to try, best first.
    static func estimate(_ frame: MeasurableFrame, starts: [(x: Double, y: Double)]) -> Seeing? {
        var sigma = 1.7
        var shapes: [WindowedShape] = []
        for _ in 0..<4 {
            shapes = starts.map {
                WindowedShape.measure(frame, x: $0.x, y: $0.y, windowSigma: sigma, sourceNoise: false)
            }.filter { $0.converged && $0.fwhmPixels > narrowestFWHM && $0.peakFraction < 0.5 }
            guard let typical = median(shapes.map(\.fwhmPixels)) else { return nil }
            sigma = min(max(typical / 2.3548, 0.6), 15)
        }
        for _ in 0..<3 {
            guard let centre = median(shapes.map(\.fwhmPixels)) else { return nil }
            let scatter = 1.4826 * (median(shapes.map { abs($0.fwhmPixels - centre) }) ?? 0)
            shapes = shapes.filter { abs($0.fwhmPixels - centre) <= 3 * scatter + 1e-9 }
        }
        guard let fwhm = median(shapes.map(\.fwhmPixels)), let xx = median(shapes.map(\.xx)),
            let yy = median(shapes.map(\.yy)), let xy = median(shapes.map(\.xy))
        else { return nil }
        let axes = EllipseAxes(xx: xx, yy: yy, xy: xy)
        return Seeing(fwhmPixels: fwhm, ellipticity: axes.ellipticity, starCount: shapes.count)
    }
}

/// The axes of an ellipse with the given second moments.
struct EllipseAxes {
    let major: Double
    let minor: Double
    /// Of the major axis, counter-clockwise from +x, in (-90, 90].
    let thetaDegrees: Double

    init(xx: Double, yy: Double, xy: Double) {
        let mean = (xx + yy) / 2
        let difference = hypot((xx - yy) / 2, xy)
        major = sqrt(max(0, mean + difference))
        minor = sqrt(max(0, mean - difference))
        let degrees = atan2(2 * xy, xx - yy) / 2 * 180 / .pi
        thetaDegrees = degrees <= -90 ? degrees + 180 : degrees
    }

    var ellipticity: Double { major > 0 ? 1 - minor / major : 0 }
}

/// The middle value, or the mean of the middle two; nil for none. NaN must not occur.
package func median(_ values: [Double]) -> Double? {
    guard !values.isEmpty else { return nil }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
