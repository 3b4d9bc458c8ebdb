internal import Foundation
public import Imaging

/// One measured source: a row of `nightjar measure`. Not-a-number stands for "not known".
public struct Measurement: Sendable, Equatable {
    /// Position [px], 0-based, (0, 0) the centre of the first pixel, and its standard errors [px].
    public var x: Double
    public var y: Double
    public var xError: Double
    public var yError: Double
    /// ICRS position [deg]; filled by whoever knows the world coordinate system.
    public var raDegrees: Double?
    public var decDegrees: Double?
    /// Flux within the frame's aperture, background subtracted [e-]; may be negative.
    public var fluxAperture: Double
    public var fluxApertureError: Double
    /// Flux and error at each of `MeasurementParameters.extraRadii` [e-].
    public var extraFluxes: [ApertureFlux]
    /// All light of a star: the aperture's flux made whole by the frame's curve of growth [e-]; NaN when the correction
    /// is not known. Not for extended sources. The error is that of a single star's flux: its own noise and the error
    /// of the frame's correction, which all stars of the frame share (`ApertureCorrection.error`) and which has no part
    /// in the ratio of two of them.
    public var fluxTotal = Double.nan
    public var fluxTotalError = Double.nan
    /// All light of a star by optimal weights (Naylor 1998) [e-]; NaN when `optimalFailed`. Best for faint stars, and
    /// hardly moved by masked pixels or neighbours.
    public var fluxOptimal = Double.nan
    public var fluxOptimalError = Double.nan
    /// Flux by the frame's star image, fitted together with its neighbours [e-]; filled by whoever fits one.
    public var fluxPSF = Double.nan
    public var fluxPSFError = Double.nan
    /// Which of `Detections.sources` this is; nil at given positions.
    public var sourceIndex: Int?
    /// Flux within the Kron ellipse [e-]; NaN at given positions.
    public var fluxAuto: Double
    public var fluxAutoError: Double
    /// Local sky [e-/px].
    public var background: Double
    /// Largest background-subtracted pixel [e-].
    public var peak: Double
    /// [px]; NaN when `shapeFailed`.
    public var fwhmPixels: Double
    public var ellipticity: Double
    /// [deg], counter-clockwise from +x, in (-90, 90].
    public var thetaDegrees: Double
    public var flags: SourceFlags

    /// fluxAperture / fluxApertureError.
    public var signalToNoise: Double { fluxAperture / fluxApertureError }

    /// Instrumental magnitude, -2.5 log10(flux per second), and its error 1.0857 / S/N; nil unless the flux is
    /// positive.
    ///
    /// - Parameter exposureSeconds: > 0.
    public func instrumentalMagnitude(exposureSeconds: Double) -> (magnitude: Double, error: Double)? {
        magnitude(fluxAperture, fluxApertureError, exposureSeconds)
    }

    /// The same of the flux by the frame's star image.
    public func psfMagnitude(exposureSeconds: Double) -> (magnitude: Double, error: Double)? {
        magnitude(fluxPSF, fluxPSFError, exposureSeconds)
    }

    private func magnitude(
        _ flux: Double, _ fluxError: Double, _ exposureSeconds: Double
    ) -> (magnitude: Double, error: Double)? {
        guard flux > 0, exposureSeconds > 0, fluxError.isFinite else { return nil }
        return (-2.5 * log10(flux / exposureSeconds), 2.5 / log(10) * fluxError / flux)
    }

    /// The flux that the source would exceed only by a fluctuation of that many sigmas [e-]:
    /// max(flux, 0) + sigmas * error.
    public func upperLimit(sigmas: Double) -> Double {
        max(fluxAperture, 0) + sigmas * fluxApertureError
    }
}

/// Flux within one more circular aperture.
public struct ApertureFlux: Sendable, Equatable {
    public let radiusPixels: Double
    /// [e-]
    public let flux: Double
    public var fluxError: Double
}
