internal import Foundation
internal import Imaging

/// How sources are searched on a frame whose sky, noise and star images are known.
package struct SourceSearch: Sendable {
    let filter: MatchedFilter
    /// Of the window of centroids [px].
    let windowSigma: Double
    package var parameters: DetectionParameters

    /// Finds all sources and describes those that are wanted.
    ///
    /// - Parameters:
    ///   - frame: its pixels that sources own are marked.
    ///   - isWanted: asked with the pixel (y * width + x) of the largest signal-to-noise ratio of each source.
    /// - Returns: the sources that are wanted, and which source, wanted or not, owns each pixel that is marked as
    ///   owned.
    func run(
        _ frame: inout MeasurableFrame, threads: Int, isWanted: (Int) -> Bool = { _ in true }
    ) -> (sources: [Source], owners: PixelOwners) {
        let footprints = frame.withFilterPlanes {
            filter.footprints(
                $0, threshold: parameters.threshold * DetectionParameters.footprintShare, threads: threads)
        }
        let separation = Separation(footprints, &frame, parameters, smoothing: filter.smoothing)
        let frame = frame
        let sums = SourceSums.collect(footprints, frame, separation, threads: threads)
        let wanted = sums.indices.filter { isWanted(sums[$0].peakPixel) }
        let sources = parallelMap(wanted.count, threads: threads) { number in
            let index = wanted[number]
            if number + 1 < wanted.count {
                let next = sums[wanted[number + 1]].centre
                frame.prefetch(x: next.x, y: next.y, reach: 4 * windowSigma)
            }
            return describe(
                sums[index], number: Int32(index + 1), isBlended: separation.isBlended[index],
                significance: separation.significances[index], separation.owners, frame, windowSigma: windowSigma,
                parameters)
        }
        return (sources, separation.owners)
    }

    /// Searches a part of a frame, on one thread.
    package func run(_ window: MeasurableFrame, isWanted: (Int) -> Bool) -> [Source] {
        var alone = self
        alone.parameters.threads = 1
        var window = window
        return alone.run(&window, threads: 1, isWanted: isWanted).sources
    }
}

/// The barycentre; the peak where that lies elsewhere and is clearly brighter: a star on the light of a galaxy, a
/// nebula or a comet's tail owns pixels far around it.
private func startingPlace(
    _ sums: SourceSums, _ frame: MeasurableFrame, windowSigma: Double
) -> (x: Double, y: Double) {
    let (column, row) = (sums.peakPixel % frame.width, sums.peakPixel / frame.width)
    let centre = sums.centre
    guard hypot(centre.x - Double(column), centre.y - Double(row)) > windowSigma else { return (centre.x, centre.y) }
    let peak = frame.meanLight(x: column, y: row)
    let middle = frame.meanLight(x: Int(centre.x.rounded()), y: Int(centre.y.rounded()))
    let scatter = (Double(max(frame.variance[sums.peakPixel], 0)) + max(peak, 0)).squareRoot() / 3
    let stands = peak - middle > 0.3 * peak && peak - middle > 5 * scatter
    return stands ? (Double(column), Double(row)) : (centre.x, centre.y)
}

extension MeasurableFrame {
    /// Mean light above the sky of the usable pixels among the 3 x 3 around a pixel [e-]; 0 where there is none.
    fileprivate func meanLight(x: Int, y: Int) -> Double {
        var (sum, count) = (0.0, 0)
        for row in max(0, y - 1)...max(0, min(height - 1, y + 1)) {
            for column in max(0, x - 1)...max(0, min(width - 1, x + 1)) {
                let index = row * width + column
                guard index < marks.count, !isExcluded(index) else { continue }
                sum += Double(residual[index])
                count += 1
            }
        }
        return count > 0 ? sum / Double(count) : 0
    }
}

private func describe(
    _ sums: SourceSums, number: Int32, isBlended: Bool, significance: Float, _ owners: PixelOwners,
    _ frame: MeasurableFrame, windowSigma: Double, _ parameters: DetectionParameters
) -> Source {
    let start = startingPlace(sums, frame, windowSigma: windowSigma)
    var shape = WindowedShape.measure(
        frame, x: start.x, y: start.y, windowSigma: windowSigma, sourceNoise: parameters.gainKnown)
    if !shape.converged {
        // A comet's barycentre lies in its tail.
        let (column, row) = (sums.peakPixel % frame.width, sums.peakPixel / frame.width)
        let second = WindowedShape.measure(
            frame, x: Double(column), y: Double(row), windowSigma: windowSigma, sourceNoise: parameters.gainKnown)
        if second.converged { shape = second }
    } else if isBlended, hypot(shape.x - start.x, shape.y - start.y) > windowSigma {
        // A window that walks off to a brighter neighbour measures that one.
        let (x, y) = (Int(shape.x.rounded()), Int(shape.y.rounded()))
        let isInside = x >= 0 && y >= 0 && x < frame.width && y < frame.height
        let isOwn = isInside && frame.isOwned(y * frame.width + x) && owners.number(column: x, row: y) == number
        if !isOwn { shape = WindowedShape(x: start.x, y: start.y) }
    }
    var flags = sums.flags
    if !parameters.gainKnown { flags.insert(.gainUnknown) }
    if isBlended { flags.insert(.blended) }
    if !shape.converged { flags.insert(.centroidFailed) }
    let fwhm = shape.fwhmPixels
    if !fwhm.isFinite { flags.insert(.shapeFailed) }
    if shape.peakFraction > 0.5 { flags.insert(.sharp) }
    let axes = EllipseAxes(xx: shape.xx, yy: shape.yy, xy: shape.xy)
    let moments = sums.moments
    let isophote = EllipseAxes(xx: moments.xx, yy: moments.yy, xy: moments.xy)
    return Source(
        x: shape.x, y: shape.y, xError: shape.xError, yError: shape.yError, a: isophote.major, b: isophote.minor,
        theta: isophote.thetaDegrees * .pi / 180, area: sums.area, peak: Double(sums.peak), isophotalFlux: sums.flux,
        significance: Double(significance), fwhmPixels: fwhm, ellipticity: fwhm.isFinite ? axes.ellipticity : .nan,
        thetaDegrees: fwhm.isFinite ? axes.thetaDegrees : .nan, flags: flags)
}
