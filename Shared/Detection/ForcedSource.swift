internal import Foundation
internal import Imaging

extension Detections {
    /// Number of the source that owns the pixel at a position; 0 for sky or outside the frame.
    package func owner(x: Double, y: Double) -> Int32 {
        guard x > -0.5, y > -0.5, x < Double(frame.width) - 0.5, y < Double(frame.height) - 0.5 else { return 0 }
        let (column, row) = (Int(x.rounded()), Int(y.rounded()))
        return frame.isOwned(row * frame.width + column) ? owners.number(column: column, row: row) : 0
    }
}

/// A source at a given position, with the shape that the light there has, if any.
///
/// - Parameter fwhm: of star images [px]; sets the window, and how far recentring may go.
package func forcedSource(
    _ detections: Detections, _ position: (x: Double, y: Double), fwhm: Double, recentre: Bool, gainKnown: Bool
) -> Source {
    let sigma = min(max(fwhm / 2.3548, 0.6), 15)
    let shape = WindowedShape.measure(
        detections.frame, x: position.x, y: position.y, windowSigma: sigma, sourceNoise: gainKnown)
    let isNear = shape.converged && hypot(shape.x - position.x, shape.y - position.y) <= fwhm
    var flags: SourceFlags = gainKnown ? .forced : [.forced, .gainUnknown]
    if recentre, !isNear { flags.insert(.centroidFailed) }
    let moved = recentre && isNear
    let isShaped = isNear && shape.fwhmPixels.isFinite
    if !isShaped { flags.insert(.shapeFailed) }
    if isNear, shape.peakFraction > 0.5 { flags.insert(.sharp) }
    let axes = EllipseAxes(xx: shape.xx, yy: shape.yy, xy: shape.xy)
    return Source(
        x: moved ? shape.x : position.x, y: moved ? shape.y : position.y, xError: moved ? shape.xError : .nan,
        yError: moved ? shape.yError : .nan, a: .nan, b: .nan, theta: .nan, area: 0, peak: .nan, isophotalFlux: .nan,
        significance: .nan, fwhmPixels: isShaped ? shape.fwhmPixels : .nan,
        ellipticity: isShaped ? axes.ellipticity : .nan, thetaDegrees: isShaped ? axes.thetaDegrees : .nan,
        flags: flags)
}
