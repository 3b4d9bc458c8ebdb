internal import Foundation
internal import Imaging
internal import Statistics

extension Seeing {
    /// Star images are at least this wide [px]: anything narrower is a hot pixel or a cosmic ray.
    static let narrowestFWHM = 0.8

    /// Second moments of the median star image [px^2].
    struct StarImage {
        let (xx, yy, xy): (Double, Double, Double)
    }

    /// Stars to try, and how many good ones suffice.
    private static let most = 300
    private static let enough = 5

    /// The width of star images from bright clean stars of at least 10 sigma, or of 5 when there are fewer than 5; nil
    /// when there is none.
    static func measure(
        _ frame: MeasurableFrame, _ stars: [FirstLook.Star], threads: Int
    ) -> (Seeing?, StarImage?) {
        let spoiled = PixelFlags.withoutMeasurement.union(.saturated).rawValue
        var starts: [(x: Double, y: Double)] = []
        var found: (Seeing?, StarImage?) = (nil, nil)
        var isClean: [Bool] = []
        for (index, star) in stars.enumerated() {
            if star.peak < 10, starts.count >= enough {
                found = estimate(frame, starts: starts, threads: threads)
                if let seeing = found.0, seeing.starCount >= enough { return found }
            }
            if starts.count == most { break }
            if index == isClean.count {
                // As many as are wanted at least: their pixels lie far apart in memory.
                isClean += parallelMap(min(most - starts.count, stars.count - index), threads: threads) {
                    frame.isClean(stars[index + $0], spoiled: spoiled)
                }
            }
            if isClean[index] { starts.append((star.x, star.y)) }
        }
        return starts.isEmpty ? found : estimate(frame, starts: starts, threads: threads)
    }

    /// Each star's moments are taken under a window that follows the median width, three times over. The median and
    /// its scatter are then taken again without stars that lie more than 3 robust sigmas away: galaxies, blends, cosmic
    /// rays.
    ///
    /// - Parameter starts: positions to try, best first.
    private static func estimate(
        _ frame: MeasurableFrame, starts: [(x: Double, y: Double)], threads: Int
    ) -> (Seeing?, StarImage?) {
        var sigma = 1.7
        var shapes: [WindowedShape] = []
        for _ in 0..<4 {
            shapes = parallelMap(starts.count, threads: threads) {
                WindowedShape.measure(
                    frame, x: starts[$0].x, y: starts[$0].y, windowSigma: sigma, sourceNoise: false)
            }.filter { $0.converged && $0.fwhmPixels > narrowestFWHM && $0.peakFraction < 0.5 }
            guard let typical = RobustStatistics.median(shapes.map(\.fwhmPixels)) else { return (nil, nil) }
            sigma = min(max(typical / 2.3548, 0.6), 15)
        }
        for _ in 0..<3 {
            let widths = shapes.map(\.fwhmPixels)
            guard let centre = RobustStatistics.median(widths) else { return (nil, nil) }
            let scatter = RobustStatistics.sigma(widths, about: centre) ?? 0
            shapes = shapes.filter { abs($0.fwhmPixels - centre) <= 3 * scatter + 1e-9 }
        }
        func middle(_ value: (WindowedShape) -> Double) -> Double? { RobustStatistics.median(shapes.map(value)) }
        guard let fwhm = middle(\.fwhmPixels), let xx = middle(\.xx), let yy = middle(\.yy), let xy = middle(\.xy)
        else { return (nil, nil) }
        let axes = EllipseAxes(xx: xx, yy: yy, xy: xy)
        let seeing = Seeing(fwhmPixels: fwhm, ellipticity: axes.ellipticity, starCount: shapes.count)
        return (seeing, StarImage(xx: xx, yy: yy, xy: xy))
    }
}

extension MeasurableFrame {
    /// Whether no pixel around a star is saturated or without measurement.
    fileprivate func isClean(_ star: FirstLook.Star, spoiled: UInt16) -> Bool {
        for y in star.rows where y < height {
            for x in star.columns where x < width {
                let pixel = y * width + x
                if marks[pixel] != 0, maskBits[pixel] & spoiled != 0 || isExcluded(pixel) { return false }
            }
        }
        return true
    }
}

extension MatchedFilter {
    /// - Parameters:
    ///   - image: whose axis ratio counts; nil for a round one.
    ///   - fwhmPixels: the geometric mean of its widths.
    init(_ image: Seeing.StarImage?, fwhmPixels: Double) {
        let sigma = fwhmPixels / 2.3548
        guard let image, image.xx > 0, image.yy > 0 else {
            self.init(fwhmPixels: fwhmPixels)
            return
        }
        let ratio = min(max(sqrt(sqrt(image.xx / image.yy)), 0.5), 2)
        self.init(sigmaX: sigma * ratio, sigmaY: sigma / ratio)
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
