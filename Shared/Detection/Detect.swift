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
/// variance, thresholded, separated.
///
/// Saturated pixels take part, no-data and bad ones do not. A frame without usable pixels, without structure or without
/// stars gives no sources.
///
/// - Source: Bertin & Arnouts 1996, A&AS 117, 393 (background, separation, cleaning), as in libsep.
public func detect(_ frame: CalibratedFrame, _ parameters: DetectionParameters = DetectionParameters()) -> Detections {
    let excluded = frame.excludedPixels()
    let background = Background.estimate(
        frame, excluded: excluded, tileSize: parameters.backgroundTileSize,
        filterSize: parameters.backgroundFilterSize)
    let measurable = MeasurableFrame(frame, background: background, excluded: excluded)
    let seeing = measureSeeing(measurable, parameters)
    let fwhm = parameters.fwhmPixels ?? seeing?.fwhmPixels ?? 3
    let ratio = MatchedFilter.signalToNoise(measurable, fwhmPixels: min(max(fwhm, 1), 20))
    let extraction = Extraction.run(
        ratio, width: measurable.width, height: measurable.height, threshold: parameters.threshold,
        parameters: parameters)
    let sigma = min(max(fwhm / 2.3548, 0.6), 15)
    var segments = [Int32](repeating: 0, count: ratio.count)
    var sources: [Source] = []
    for group in extraction.groups {
        for pixel in group.pixels { segments[pixel] = Int32(sources.count + 1) }
        var source = describe(group, measurable, ratio, windowSigma: sigma, parameters)
        if extraction.deblendingIncomplete { source.flags.insert(.deblendingIncomplete) }
        sources.append(source)
    }
    return Detections(
        sources: sources, background: background, seeing: seeing, segments: segments, frame: measurable)
}

/// The seeing from the brightest clean groups at 10 sigma, or at the parameters' threshold when there are fewer than 5.
private func measureSeeing(_ frame: MeasurableFrame, _ parameters: DetectionParameters) -> Seeing? {
    let ratio = MatchedFilter.signalToNoise(frame, fwhmPixels: 2.5)
    for threshold in [max(10, parameters.threshold), parameters.threshold] {
        let extraction = Extraction.run(
            ratio, width: frame.width, height: frame.height, threshold: threshold, parameters: parameters)
        let spoiled = PixelFlags([.saturated, .noData, .bad, .lowFlat]).rawValue
        let clean = extraction.groups.filter { group in
            !group.isBlended && !group.touchesEdge && group.pixels.count >= 5
                && group.pixels.allSatisfy { frame.maskBits[$0] & spoiled == 0 && frame.excluded[$0] == 0 }
        }
        let ranked = clean.map { group in (group: group, peak: group.pixels.map { ratio[$0] }.max() ?? 0) }
            .sorted { ($1.peak, $0.group.y, $0.group.x) < ($0.peak, $1.group.y, $1.group.x) }
        let starts = ranked.prefix(300).map { (x: $0.group.x, y: $0.group.y) }
        guard let seeing = Seeing.estimate(frame, starts: starts) else { continue }
        if seeing.starCount >= 5 || threshold == parameters.threshold { return seeing }
    }
    return nil
}

private func describe(
    _ group: Extraction.Group, _ frame: MeasurableFrame, _ ratio: [Float], windowSigma: Double,
    _ parameters: DetectionParameters
) -> Source {
    let shape = WindowedShape.measure(
        frame, x: group.x, y: group.y, windowSigma: windowSigma, sourceNoise: parameters.gainKnown)
    var flags: SourceFlags = parameters.gainKnown ? [] : .gainUnknown
    if group.isBlended { flags.insert(.blended) }
    if group.touchesEdge { flags.insert(.edge) }
    if !shape.converged { flags.insert(.centroidFailed) }
    let fwhm = shape.fwhmPixels
    if !fwhm.isFinite { flags.insert(.shapeFailed) }
    var peak = -Double.infinity
    var (flux, significance) = (0.0, 0.0)
    for pixel in group.pixels {
        let value = Double(frame.residual[pixel])
        flux += value
        peak = max(peak, value)
        significance = max(significance, Double(ratio[pixel]))
        let bits = PixelFlags(rawValue: frame.maskBits[pixel])
        if bits.contains(.saturated) { flags.insert(.saturated) }
        if frame.excluded[pixel] != 0 { flags.insert(.masked) }
    }
    if shape.peakFraction > 0.5 { flags.insert(.sharp) }
    let axes = EllipseAxes(xx: shape.xx, yy: shape.yy, xy: shape.xy)
    return Source(
        x: shape.x, y: shape.y, xError: shape.xError, yError: shape.yError, a: group.a, b: group.b,
        theta: group.theta, area: group.pixels.count, peak: peak, isophotalFlux: flux, significance: significance,
        fwhmPixels: fwhm, ellipticity: fwhm.isFinite ? axes.ellipticity : .nan,
        thetaDegrees: fwhm.isFinite ? axes.thetaDegrees : .nan, flags: flags)
}
