public import Imaging

/// What `satelliteTrails(in:ignoring:parameters:)` takes for a trail.
public struct TrailParameters: Sendable, Equatable {
    /// How far a line's sum lies above those of all lines, in units of their scatter. A frame has some millions of
    /// lines, of which the highest reaches 5 to 6 where there is no trail.
    public var significanceLimit = 8.0
    /// At most so many trails are looked for.
    public var trailLimit = 8

    public init() {}
}

/// Finds straight trails that cross the frame, or begin or end on it, down to well below the noise of one pixel.
///
/// The frame less its sky is binned to about 512 bins, in units of its noise, cut to 3 sigma; compact bright groups
/// (stars) are left out. All digital lines of the whole frame and of its halves, quarters and eighths are summed
/// (`LineSums`). The most significant one is straightened on the pixels, followed to its ends, measured across and
/// judged (`TrailFit`); then what lies under it is left out, and the next is looked for.
///
/// - Parameters:
///   - frame: after calibration; pixels marked `noData`, `bad`, `lowFlat`, and saturated stars, are not used.
///   - hits: of cosmic rays, not used either.
/// - Returns: the trails, most significant first. A trail that follows a column or row to within 1.5 px all its length
///   is taken for the detector's and not returned.
/// - Source: Nir, Zackay & Ofek 2018, AJ 156, 229; Brady 1998, SIAM J. Comput. 27, 107.
public func satelliteTrails(
    in frame: CalibratedFrame, ignoring hits: CosmicRayHits? = nil, parameters: TrailParameters = TrailParameters()
) -> [Trail] {
    satelliteTrails(in: frame, FrameSurvey(frame), ignoring: hits, parameters)
}

func satelliteTrails(
    in frame: CalibratedFrame, _ survey: FrameSurvey, ignoring hits: CosmicRayHits?, _ parameters: TrailParameters
) -> [Trail] {
    guard min(frame.signal.width, frame.signal.height) >= 64 else { return [] }
    let residual = PixelResidual(frame, survey, hits: hits)
    var bins = BinnedResidual(residual)
    let fit = TrailFit(residual, mask: frame.mask, binSide: bins.side)
    var trails: [Trail] = []
    for _ in 0..<max(0, 2 * parameters.trailLimit) where trails.count < parameters.trailLimit {
        guard let candidate = bins.brightestLine(), candidate.significance >= parameters.significanceLimit else {
            break
        }
        if let trail = fit.trail(candidate) {
            trails.append(trail)
            let line = Line(trail.startX, trail.startY, trail.endX, trail.endY)
            bins.forget(line, reach: trail.maskWidthPixels / 2 + Double(bins.side))
        }
        bins.forget(candidate.line, reach: 2 * Double(bins.side))
    }
    return trails
}
