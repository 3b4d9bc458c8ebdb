internal import Foundation
public import Imaging

/// What was found on a frame.
public struct Detections: Sendable {
    /// In the order of separation, which is the same for the same frame.
    public let sources: [Source]
    public let background: Background
    /// nil when no star was bright and clean enough.
    public let seeing: Seeing?
    /// Of the pixels that `frame.marks` says are owned.
    package let owners: PixelOwners
    package let frame: MeasurableFrame
    /// How they were found.
    package let search: SourceSearch

    /// For each pixel, 1 + index of the source that owns it; 0 for sky. Costs a plane.
    package var segments: [Int32] {
        (0..<frame.width * frame.height).map { pixel in
            let (row, column) = pixel.quotientAndRemainder(dividingBy: frame.width)
            return frame.isOwned(pixel) ? owners.number(column: column, row: row) : 0
        }
    }
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
    var (measurable, stars) = firstLook(frame, parameters)
    let (seeing, image) = Seeing.measure(measurable, stars, threads: threads)
    let fwhm = parameters.fwhmPixels ?? seeing?.fwhmPixels ?? 3
    let search = SourceSearch(
        filter: MatchedFilter(image, fwhmPixels: min(max(fwhm, 1), 20)),
        windowSigma: min(max(fwhm / 2.3548, 0.6), 15), parameters: parameters)
    let (sources, owners) = search.run(&measurable, threads: threads)
    return Detections(
        sources: sources, background: measurable.background, seeing: seeing, owners: owners, frame: measurable,
        search: search)
}

/// The width of a frame's star images, without its sources; nil when no star was bright and clean enough.
public func measureSeeing(
    of frame: CalibratedFrame, _ parameters: DetectionParameters = DetectionParameters()
) -> Seeing? {
    let (measurable, stars) = firstLook(frame, parameters)
    return Seeing.measure(measurable, stars, threads: parameters.threads).0
}

/// The frame without its sky, and its bright stars.
private func firstLook(
    _ frame: consuming CalibratedFrame, _ parameters: DetectionParameters
) -> (frame: MeasurableFrame, stars: [FirstLook.Star]) {
    let (look, excluded) = FirstLook.take(
        frame, tileSize: parameters.backgroundTileSize, filterSize: parameters.backgroundFilterSize,
        threads: parameters.threads)
    let measurable = MeasurableFrame(
        frame, background: look.background, excluded: excluded, threads: parameters.threads)
    return (measurable, look.stars)
}
