public import Detection

/// What an instrument's owner wants of apertures; nil leaves it to the frame.
public struct ApertureChoice: Sendable, Equatable {
    /// [px]
    public var radiusPixels: Double?
    /// In units of the frame's seeing.
    public var radiusFWHM: Double?
    /// Of the sky annulus [px].
    public var annulusInnerPixels: Double?
    public var annulusOuterPixels: Double?

    public init(
        radiusPixels: Double? = nil, radiusFWHM: Double? = nil, annulusInnerPixels: Double? = nil,
        annulusOuterPixels: Double? = nil
    ) {
        self.radiusPixels = radiusPixels
        self.radiusFWHM = radiusFWHM
        self.annulusInnerPixels = annulusInnerPixels
        self.annulusOuterPixels = annulusOuterPixels
    }

    /// The radius in pixels, else in units of the seeing, else 1.5 FWHM [px].
    public func radius(seeing: Seeing?) -> Double {
        if let radiusPixels { return radiusPixels }
        return (radiusFWHM ?? 1.5) * (seeing?.fwhmPixels ?? MeasurementParameters.fallbackFWHMPixels)
    }

    /// Parameters for one frame. An annulus that begins inside the aperture, or ends before it begins, is not used.
    public func parameters(
        _ detection: DetectionParameters, radius: Double, gainKnown: Bool
    ) -> MeasurementParameters {
        var parameters = MeasurementParameters(detection: detection, radius: .pixels(radius), gainKnown: gainKnown)
        parameters.threads = detection.threads
        if let inner = annulusInnerPixels, let outer = annulusOuterPixels, inner >= radius, outer > inner {
            parameters.annulus = (inner / radius, outer / radius)
            parameters.minimumAnnulusWidthPixels = outer - inner
        }
        return parameters
    }
}
