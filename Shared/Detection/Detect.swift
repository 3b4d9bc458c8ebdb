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
    /// How they were found.
    package let search: SourceSearch
}

/// Finds sources on a frame: sky subtracted, matched-filtered by the frame's own star image with the frame's own
/// variance; groups of pixels separated into sources, each with a peak above the threshold.
///
/// Saturated pixels take part, no-data and bad ones do not. A frame without usable pixels, without structure or without
/// stars gives no sources.
public func detect(_ frame: CalibratedFrame, _ parameters: DetectionParameters = DetectionParameters()) -> Detections {
    let (excluded, excludedCount) = frame.excludedPixelsAndCount()
    let look = FirstLook(
        frame, excluded: excluded, tileSize: parameters.backgroundTileSize,
        filterSize: parameters.backgroundFilterSize)
    let measurable = MeasurableFrame(
        frame, background: look.background, excluded: excluded, excludedCount: excludedCount)
    let (seeing, image) = Seeing.measure(measurable, look.stars)
    let fwhm = parameters.fwhmPixels ?? seeing?.fwhmPixels ?? 3
    let search = SourceSearch(
        filter: MatchedFilter(image, fwhmPixels: min(max(fwhm, 1), 20)),
        windowSigma: min(max(fwhm / 2.3548, 0.6), 15), parameters: parameters)
    let (sources, segments) = search.run(measurable)
    return Detections(
        sources: sources, background: look.background, seeing: seeing, segments: segments, frame: measurable,
        search: search)
}

/// The width of a frame's star images, without its sources; nil when no star was bright and clean enough.
public func measureSeeing(
    of frame: CalibratedFrame, _ parameters: DetectionParameters = DetectionParameters()
) -> Seeing? {
    let (excluded, excludedCount) = frame.excludedPixelsAndCount()
    let look = FirstLook(
        frame, excluded: excluded, tileSize: parameters.backgroundTileSize,
        filterSize: parameters.backgroundFilterSize)
    let measurable = MeasurableFrame(
        frame, background: look.background, excluded: excluded, excludedCount: excludedCount)
    return Seeing.measure(measurable, look.stars).0
}
