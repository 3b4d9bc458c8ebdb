public import Detection
internal import Foundation

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
    /// Total over aperture flux; nil when too few stars were bright, clean and alone.
    public var apertureCorrection: ApertureCorrection?
    /// Radius with the best signal-to-noise ratio of faint stars [px]; nil like `apertureCorrection`.
    public var bestRadiusPixels: Double?
    /// Five times the error of an empty aperture [e-].
    public var limitingFlux: Double

    /// The limit as an instrumental magnitude, -2.5 log10(flux per second).
    public func limitingMagnitude(exposureSeconds: Double) -> Double? {
        guard limitingFlux > 0, limitingFlux.isFinite, exposureSeconds > 0 else { return nil }
        return -2.5 * log10(limitingFlux / exposureSeconds)
    }
}
