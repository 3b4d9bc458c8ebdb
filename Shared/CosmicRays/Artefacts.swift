internal import Detection
internal import Foundation
public import Imaging

/// What crossed a frame while it was exposed, and is no star.
public struct Artefacts: Sendable {
    /// Cosmic rays, each of one pixel or more.
    public let cosmicRayCount: Int
    public let trails: [Trail]

    /// Finds cosmic rays and satellite trails and adds them to the frame's mask as `cosmicRay` and `trail`.
    ///
    /// The search for cosmic rays knows the frame's own seeing, so that stars of any sampling are safe; where no star
    /// tells it, the fine structure of the paper decides.
    public static func mark(in frame: inout CalibratedFrame) -> Artefacts {
        let seeing = measureSeeing(of: frame)
        let fineStructure = seeing.map { seeing in
            // The measured width contains the pixel, of variance 1/12, which the sampled image adds again.
            let fwhm = max(seeing.fwhmPixels * seeing.fwhmPixels - 8 * log(2) / 12, 1).squareRoot()
            return CosmicRayParameters.FineStructure.pointSpread(SampledPointSpread(fwhmPixels: fwhm))
        }
        let survey = FrameSurvey(frame)
        var search = CosmicRaySearch(
            frame, survey, CosmicRayParameters(fineStructure: fineStructure ?? .medians))
        let hits = search.run()
        let trails = satelliteTrails(in: frame, survey, ignoring: hits, TrailParameters())
        hits.mark(&frame.mask)
        for trail in trails { trail.mark(&frame.mask) }
        return Artefacts(cosmicRayCount: hits.objectCount, trails: trails)
    }
}
