public import Detection
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
    /// Flux and error at each of `MeasurementParameters.extraRadiiPixels` [e-].
    public var extraFluxes: [ApertureFlux]
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
        guard fluxAperture > 0, exposureSeconds > 0, fluxApertureError.isFinite else { return nil }
        return (-2.5 * log10(fluxAperture / exposureSeconds), 2.5 / log(10) * fluxApertureError / fluxAperture)
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
    public let fluxError: Double
}

/// How the local background is taken from an annulus after clipping.
public enum BackgroundEstimator: String, Sendable, CaseIterable, Codable {
    /// Unbiased where the noise is Poisson and the sky low; most exact.
    case mean
    /// Hardly moved by faint neighbours; low by up to 1/6 e-/px where the noise is Poisson and the sky low.
    case median
    /// 2.5 median - 1.5 mean: for crowded fields.
    case mode
}

/// How a frame is measured.
public struct MeasurementParameters: Sendable, Equatable {
    public enum Radius: Sendable, Equatable {
        case pixels(Double)
        /// Times the frame's seeing.
        case seeing(Double)
    }

    public var detection: DetectionParameters
    /// Radius of the aperture. A Gaussian star has 99.8 % of its light within 1.5 FWHM (2 mmag lost, so that changes of
    /// seeing move fluxes by less than 1 mmag); sky-limited S/N is best at 0.68 FWHM and 1.6 times less at 1.5 FWHM.
    public var radius: Radius
    /// More circular apertures [px].
    public var extraRadiiPixels: [Double]
    /// Inner and outer radius of the background annulus in units of `radius`; nil uses the background mesh alone.
    public var annulus: (inner: Double, outer: Double)?
    /// The annulus is at least this wide [px].
    public var minimumAnnulusWidthPixels: Double
    public var estimator: BackgroundEstimator
    /// False when the frame's "electrons" are not: errors come from the variance plane alone.
    public var gainKnown: Bool {
        get { detection.gainKnown }
        set { detection.gainKnown = newValue }
    }

    public init(
        detection: DetectionParameters = DetectionParameters(), radius: Radius = .seeing(1.5),
        extraRadiiPixels: [Double] = [], annulus: (inner: Double, outer: Double)? = (2.5, 4),
        minimumAnnulusWidthPixels: Double = 6, estimator: BackgroundEstimator = .mean, gainKnown: Bool = true
    ) {
        self.detection = detection
        self.radius = radius
        self.extraRadiiPixels = extraRadiiPixels
        self.annulus = annulus
        self.minimumAnnulusWidthPixels = minimumAnnulusWidthPixels
        self.estimator = estimator
        self.detection.gainKnown = gainKnown
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.detection == right.detection && left.radius == right.radius
            && left.extraRadiiPixels == right.extraRadiiPixels && left.annulus?.inner == right.annulus?.inner
            && left.annulus?.outer == right.annulus?.outer && left.estimator == right.estimator
            && left.minimumAnnulusWidthPixels == right.minimumAnnulusWidthPixels
    }

    /// Used where the frame has no star to measure the seeing from [px].
    public static let fallbackFWHMPixels = 4.0

    /// Radius of the aperture on a frame with this seeing [px].
    func radiusPixels(seeing: Seeing?) -> Double {
        switch radius {
        case .pixels(let pixels): pixels
        case .seeing(let factor): factor * (seeing?.fwhmPixels ?? detection.fwhmPixels ?? Self.fallbackFWHMPixels)
        }
    }
}

/// All measurements of one frame, and the frame as a whole.
public struct FrameMeasurement: Sendable {
    /// By descending aperture flux; equal or missing fluxes by y, then x.
    public var rows: [Measurement]
    public var summary: FrameSummary
}

/// A frame in a few numbers.
public struct FrameSummary: Sendable, Equatable {
    /// Median sky [e-/px]; NaN when the frame has no usable pixel.
    public var backgroundElectrons: Double
    /// Scatter of sky pixels as seen on the frame [e-].
    public var skyRMSElectrons: Double
    /// Scatter of sky pixels as seen, over what the variance plane says: 1 for honest variances.
    public var noiseRatio: Double
    /// nil when there was no star to measure it from.
    public var seeing: Seeing?
    /// Sources found.
    public var count: Int
    /// Radius of `fluxAperture` [px].
    public var apertureRadiusPixels: Double
    /// Five times the error of an empty aperture [e-].
    public var limitingFlux: Double

    /// The limit as an instrumental magnitude, -2.5 log10(flux per second).
    public func limitingMagnitude(exposureSeconds: Double) -> Double? {
        guard limitingFlux > 0, limitingFlux.isFinite, exposureSeconds > 0 else { return nil }
        return -2.5 * log10(limitingFlux / exposureSeconds)
    }
}
