internal import Foundation
public import Imaging

/// What was found on a frame.
public struct Detections: Sendable {
    /// In the order of separation, which is the same for the same frame.
    public let sources: [Source]
    public let background: Background
    /// nil when no star was bright and clean enough.
    public let seeing: Seeing?
    /// For each pixel, 1 + index of the source that owns it; 0 for sky.
    package let segments: [Int32]
    package let frame: MeasurableFrame
}

/// Finds sources on a frame: sky subtracted, matched-filtered by the frame's own star image with the frame's own
/// variance; groups of pixels separated into sources, each with a peak above the threshold.
///
/// Saturated pixels take part, no-data and bad ones do not. A frame without usable pixels, without structure or without
/// stars gives no sources.
///
/// - Parameter frame: its planes are changed in place where the caller gives them away, and copied otherwise.
public func detect(
    _ frame: consuming CalibratedFrame, _ parameters: DetectionParameters = DetectionParameters()
) -> Detections {
    let threads = parameters.threads
    var scratch = Separation.plane(frame, threads: threads)
    let (measurable, stars) = firstLook(frame, parameters, &scratch)
    let (seeing, image) = Seeing.measure(measurable, stars, threads: threads)
    let fwhm = parameters.fwhmPixels ?? seeing?.fwhmPixels ?? 3
    let filter = MatchedFilter(image, fwhmPixels: min(max(fwhm, 1), 20))
    let footprints = measurable.withFilterPlanes {
        filter.footprints(
            $0, threshold: parameters.threshold * DetectionParameters.footprintShare, threads: threads)
    }
    let separation = Separation(
        footprints, measurable, parameters, smoothing: filter.smoothing, labels: consume scratch)
    let sums = SourceSums.collect(footprints, measurable, separation, threads: threads)
    let sigma = min(max(fwhm / 2.3548, 0.6), 15)
    let sources = parallelMap(sums.count, threads: threads) { index in
        describe(
            sums[index], number: Int32(index + 1), isBlended: separation.isBlended[index], separation.labels,
            measurable, windowSigma: sigma, parameters)
    }
    return Detections(
        sources: sources, background: measurable.background, seeing: seeing, segments: separation.labels,
        frame: measurable)
}

/// The width of a frame's star images, without its sources; nil when no star was bright and clean enough.
public func measureSeeing(
    of frame: CalibratedFrame, _ parameters: DetectionParameters = DetectionParameters()
) -> Seeing? {
    var scratch = Separation.plane(frame, threads: parameters.threads)
    let (measurable, stars) = firstLook(frame, parameters, &scratch)
    return Seeing.measure(measurable, stars, threads: parameters.threads).0
}

/// The frame without its sky, and its bright stars.
///
/// - Parameter scratch: memory to work in; its values do not matter, before or after.
private func firstLook(
    _ frame: consuming CalibratedFrame, _ parameters: DetectionParameters, _ scratch: inout [Int32]
) -> (frame: MeasurableFrame, stars: [FirstLook.Star]) {
    let (look, excluded) = takeFirstLook(frame, parameters, &scratch)
    let measurable = MeasurableFrame(
        frame, background: look.background, excluded: excluded, threads: parameters.threads)
    return (measurable, look.stars)
}

private func takeFirstLook(
    _ frame: CalibratedFrame, _ parameters: DetectionParameters, _ scratch: inout [Int32]
) -> (FirstLook, ExcludedPixels) {
    scratch.withUnsafeMutableBytes { scratch in
        defer { _ = scratch.bindMemory(to: Int32.self) }
        return FirstLook.take(
            frame, tileSize: parameters.backgroundTileSize, filterSize: parameters.backgroundFilterSize, in: scratch,
            threads: parameters.threads)
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
                guard index < excluded.count, excluded[index] == 0 else { continue }
                sum += Double(residual[index])
                count += 1
            }
        }
        return count > 0 ? sum / Double(count) : 0
    }
}

private func describe(
    _ sums: SourceSums, number: Int32, isBlended: Bool, _ labels: [Int32], _ frame: MeasurableFrame,
    windowSigma: Double, _ parameters: DetectionParameters
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
        if !isInside || labels[y * frame.width + x] != number { shape = WindowedShape(x: start.x, y: start.y) }
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
        significance: Double(sums.significance), fwhmPixels: fwhm, ellipticity: fwhm.isFinite ? axes.ellipticity : .nan,
        thetaDegrees: fwhm.isFinite ? axes.thetaDegrees : .nan, flags: flags)
}
