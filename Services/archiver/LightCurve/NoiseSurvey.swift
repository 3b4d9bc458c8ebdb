internal import Astrometry
internal import Events
internal import Foundation
internal import Imaging
internal import LightCurves

/// Learns the noise of a night whose gain nobody knows, from the scatter of the field's stars against their flux.
///
/// The brightest clean stars of the frame with most detections are followed through the night; their ensemble is solved
/// with errors that hold the sky's noise alone, and what they scatter beyond that is source noise and a floor
/// (`EffectiveNoise`).
struct NoiseSurvey {
    static let stars = 40
    private static let unusable: SourceFlags = [
        .saturated, .edge, .noData, .apertureTruncated, .blended, .neighbour, .sharp, .centroidFailed,
        .onExtendedLight,
    ]

    let frames: FrameRecord

    /// - Parameter versions: the frames of one night, field and filter, in order of mid-exposure.
    /// - Returns: nil when the gain is known, or the stars do not tell.
    func learn(_ versions: [FrameVersion]) throws -> EffectiveNoise? {
        guard versions.contains(where: { $0.instrument.gainElectronsPerADU == nil }),
            let reference = reference(versions)
        else { return nil }
        let chosen = try frames.detections(of: reference, limit: 4 * Self.stars).filter(Self.isClean).prefix(Self.stars)
        guard chosen.count >= 5 else { return nil }
        let ids = chosen.indices.map { String(format: "S%02d", $0) }
        let surveyed = try versions.compactMap { version in
            try frame(version, reference: reference, stars: Array(chosen), ids: ids)
        }
        let input = EnsembleInput(stars: ids.map { ComparisonStar(id: $0) }, frames: surveyed)
        do {
            return EffectiveNoise(fieldStars: input, try solveEnsemble(input))
        } catch {
            // Too few frames or stars for an ensemble: nothing is learnt.
            return nil
        }
    }

    private func reference(_ versions: [FrameVersion]) -> FrameVersion? {
        var best: FrameVersion?
        for version in versions where version.measured.detectionCount > best?.measured.detectionCount ?? 0 {
            best = version
        }
        return best
    }

    private func frame(
        _ version: FrameVersion, reference: FrameVersion, stars: [DetectedStar], ids: [String]
    ) throws -> EnsembleFrame? {
        guard let map = try frames.transform(from: reference, to: version) else { return nil }
        let detections = try frames.detections(of: version, limit: 20 * Self.stars)
        let radius = max(2, 0.75 * (version.measured.fwhmPixels ?? 0))
        let places = stars.map { map(x: $0.x, y: $0.y) }
        let found = match(places, to: detections.map { ($0.x, $0.y) }, radius: radius)
        let fluxes = zip(ids, found).compactMap { id, index -> ComparisonFlux? in
            guard let index, Self.isClean(detections[index]), detections[index].flux > 0 else { return nil }
            return ComparisonFlux(starID: id, flux: detections[index].flux, fluxError: detections[index].fluxError)
        }
        return EnsembleFrame(
            frameID: version.frameID, midExposureMJD: version.midpoint, scintillationMagnitudes: 0, fluxes: fluxes)
    }

    private static func isClean(_ star: DetectedStar) -> Bool {
        SourceFlags(rawValue: star.flags).isDisjoint(with: unusable)
    }
}
