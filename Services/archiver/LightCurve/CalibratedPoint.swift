internal import Events
internal import Foundation
internal import LightCurves
internal import PhotometricCalibration

extension NightLightCurve {
    /// Puts a point on the catalogue's scale: the ensemble's magnitude with the level of the night, or, for a frame the
    /// ensemble says nothing of, by the frame's own zero point.
    ///
    /// The point's own error is the ensemble's, or that of the flux and of the frame's own share in its zero point's
    /// error. The level's error moves all points together and stays apart.
    func addLevel(_ point: inout PhotometryMeasured, _ own: StarFlux?, _ frame: FrameVersion) {
        guard let level else { return }
        point.magnitudeSystem = level.system
        guard let flux = own?.flux, let fluxError = own?.fluxError else { return }
        let full = noise?.fluxError(flux: flux, skyError: fluxError) ?? fluxError
        let star = TargetFlux(
            flux: flux, fluxError: full, scintillationMagnitudes: Self.scintillation(frame, target))
        let zeroPoint: FrameZeroPoint
        let shift: Measured
        if let own = ensemble.solution?.zeroPoint(of: frame.frameID), let offset = level.offset {
            (zeroPoint, shift) = (own, offset)
        } else if let direct = level.ofFrames[frame.frameID], ensemble.solution?.zeroPoint(of: frame.frameID) == nil {
            zeroPoint = FrameZeroPoint(
                frameID: frame.frameID, midExposureMJD: frame.midpoint, magnitudes: 0, error: direct.ownError,
                excessScatterMagnitudes: 0, starsUsed: 0)
            shift = Measured(direct.value, error: direct.levelError)
        } else {
            return
        }
        let solution = ensemble.solution ?? Self.nothing
        guard let measured = solution.point(star, at: zeroPoint, isAB: false) else { return }
        point.magnitude = measured.magnitude.map { $0 + shift.value }
        point.magnitudeError = measured.magnitudeError
        point.levelError = shift.error
        point.limitMagnitude = measured.limitMagnitude.map { $0 + shift.value }
        point.limitSigma = measured.limitSigma
        point.zeroPoint = level.id
        point.catalogue = level.catalogue
        point.band = level.band.id
        addFlux(&point, star, zeroPoint, shift: shift.value, solution, level.band)
    }

    /// The flux of a point on the scale of its comparison stars, whose sequence says the band.
    func addFlux(_ point: inout PhotometryMeasured, _ own: StarFlux?, _ frame: FrameVersion, _ band: PhotometricBand) {
        guard point.fluxNanojansky == nil, let flux = own?.flux, let fluxError = own?.fluxError,
            let solution = ensemble.solution, let zeroPoint = solution.zeroPoint(of: frame.frameID)
        else { return }
        let star = TargetFlux(
            flux: flux, fluxError: noise?.fluxError(flux: flux, skyError: fluxError) ?? fluxError,
            scintillationMagnitudes: Self.scintillation(frame, target))
        addFlux(&point, star, zeroPoint, shift: 0, solution, band)
    }

    private func addFlux(
        _ point: inout PhotometryMeasured, _ star: TargetFlux, _ zeroPoint: FrameZeroPoint, shift: Double,
        _ solution: EnsembleSolution, _ band: PhotometricBand
    ) {
        let excess = zeroPoint.excessScatterMagnitudes
        let scintillation = star.scintillationMagnitudes
        let common = solution.commonScatterMagnitudes
        let shared =
            scintillation * scintillation + zeroPoint.error * zeroPoint.error + excess * excess + common * common
        addFlux(&point, star, band.nanojansky(Measured(zeroPoint.magnitudes + shift, error: shared.squareRoot())))
    }

    /// - Parameter unit: flux density of one electron [nJy]; nil where the band's offset to AB is not known.
    private func addFlux(_ point: inout PhotometryMeasured, _ star: TargetFlux, _ unit: Measured?) {
        guard let unit, unit.value.isFinite else { return }
        let (own, shared) = (star.fluxError * unit.value, star.flux * unit.error)
        point.fluxNanojansky = star.flux * unit.value
        point.fluxErrorNanojansky = (own * own + shared * shared).squareRoot()
    }

    /// An ensemble that adds nothing.
    private static let nothing = EnsembleSolution(
        zeroPoints: [], stars: [], commonScatterMagnitudes: 0, isAbsolute: false, catalogueScatterMagnitudes: nil)
}
