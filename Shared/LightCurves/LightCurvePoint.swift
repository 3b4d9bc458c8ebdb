internal import Glibc

/// One measurement of a target, in magnitudes or as an upper limit.
public struct LightCurvePoint: Sendable, Equatable {
    /// Magnitude and its error, independent from point to point; `nil` for an upper limit.
    public var magnitude: Double?
    public var magnitudeError: Double?
    /// Error of the level, common to all points [mag]; `nil` unless the zero point is absolute.
    public var levelError: Double?
    /// The target is fainter than this, at `limitSigma` standard deviations; `nil` for a detection.
    public var limitMagnitude: Double?
    public var limitSigma: Double?
    /// Flux [nJy], also of a non-detection, and its error without the level's; `nil` unless the zero point is absolute
    /// and AB.
    public var fluxNanojansky: Double?
    public var fluxErrorNanojansky: Double?
    /// Flux over its error, from photons, sky and read noise.
    public var signalToNoise: Double
}

/// What a target's instrumental flux becomes.
public struct TargetFlux: Sendable, Equatable {
    /// Instrumental flux, measured or forced [e-]; may be negative.
    public var flux: Double
    /// Its error from photons, sky and read noise [e-], > 0.
    public var fluxError: Double
    /// Scintillation [mag].
    public var scintillationMagnitudes: Double

    public init(flux: Double, fluxError: Double, scintillationMagnitudes: Double) {
        self.flux = flux
        self.fluxError = fluxError
        self.scintillationMagnitudes = scintillationMagnitudes
    }
}

extension EnsembleSolution {
    /// The light-curve point of a target on one frame.
    ///
    ///     m = Z - 2.5 log10 F
    ///     error^2 = (1.0857 error_F / F)^2 + scintillation^2 + error_Z^2 + excess_frame^2 + common^2
    ///
    /// excess_frame: what broken cloud adds on this frame, to the target as to the comparison stars. common: the
    /// scatter that all comparison stars show beyond their quoted errors. The level's error is apart (`levelError`):
    /// it moves all points together and is no part of how they differ.
    ///
    /// Below S/N `detectionSigma` the point is an upper limit: Z - 2.5 log10(max(F, 0) + k error_F), with `limitSigma`
    /// k.
    /// - Parameters:
    ///   - isAB: whether the catalogue's system is AB; fluxes in nJy (0 mag is 3631 Jy) are given only then.
    /// - Returns: `nil` when flux or error is no number, or the error is not above zero.
    public func point(
        _ target: TargetFlux, at zeroPoint: FrameZeroPoint, isAB: Bool, detectionSigma: Double = 3,
        limitSigma: Double = 3
    ) -> LightCurvePoint? {
        guard target.flux.isFinite, target.fluxError.isFinite, target.fluxError > 0 else { return nil }
        let signalToNoise = target.flux / target.fluxError
        let scintillation = target.scintillationMagnitudes.isFinite ? target.scintillationMagnitudes : 0
        let excess = zeroPoint.excessScatterMagnitudes
        let shared =
            scintillation * scintillation + zeroPoint.error * zeroPoint.error + excess * excess
            + commonScatterMagnitudes * commonScatterMagnitudes
        var point = LightCurvePoint(levelError: levelErrorMagnitudes, signalToNoise: signalToNoise)
        if signalToNoise >= detectionSigma {
            let photon = magnitudesPerRelativeFlux / signalToNoise
            point.magnitude = zeroPoint.magnitudes - 2.5 * log10(target.flux)
            point.magnitudeError = (photon * photon + shared).squareRoot()
        } else {
            let brightest = max(target.flux, 0) + limitSigma * target.fluxError
            point.limitMagnitude = zeroPoint.magnitudes - 2.5 * log10(brightest)
            point.limitSigma = limitSigma
        }
        if isAbsolute, isAB {
            let scale = 3.631e12 * pow(10, -0.4 * zeroPoint.magnitudes)
            let relative = shared.squareRoot() / magnitudesPerRelativeFlux
            let (own, common) = (target.fluxError, target.flux * relative)
            point.fluxNanojansky = target.flux * scale
            point.fluxErrorNanojansky = (own * own + common * common).squareRoot() * scale
        }
        return point
    }
}
