/// The magnitude of a star whose flux is so many times the noise of an empty place.
///
///     sigma = sqrt(N V),   m = ZP - 2.5 log10(a n sigma / t),   N = 1 / sum(p^2)
///
/// N: noise-equivalent area of the PSF p with sum 1 [px]; V: variance of the sky, read noise included [e-^2/px];
/// a: share of a star's light that the zero point's kind of flux holds. Half of the stars of that magnitude have a
/// matched-filter significance above n: that is where completeness is a half when n is the threshold.
///
/// - Source: King 1983, PASP 95, 163 (noise-equivalent area).
public struct DepthInput: Sendable, Equatable {
    /// N, with the relative error that its spread over the frame gives.
    public var noiseEquivalentArea: Measured
    /// V, with its error or its spread over the frame.
    public var skyVariance: Measured
    /// a, 1 for PSF and matched-filter fluxes.
    public var fluxFraction: Double

    public init(noiseEquivalentArea: Measured, skyVariance: Measured, fluxFraction: Double = 1) {
        self.noiseEquivalentArea = noiseEquivalentArea
        self.skyVariance = skyVariance
        self.fluxFraction = fluxFraction
    }
}

extension ZeroPointSolution {
    /// The limiting magnitude at `significance` sigma in the middle of the frame, for stars of the pivot colour.
    ///
    /// A zero point that was fitted to fluxes with the share a of a star's light is for such fluxes: a star at the
    /// limit would have a n sigma in them.
    ///
    /// - Returns: `nil` for an area, a variance or a share that is not above zero.
    public func limitingMagnitude(significance: Double, depth: DepthInput) -> Measured? {
        let area = depth.noiseEquivalentArea
        let sky = depth.skyVariance
        guard area.value > 0, sky.value > 0, depth.fluxFraction > 0, significance > 0, area.value.isFinite,
            sky.value.isFinite, depth.fluxFraction <= 1, significance.isFinite
        else { return nil }
        let noise = (area.value * sky.value).squareRoot()
        let zero = zeroPoint
        let relative = 0.5 * Magnitude.perNeper
        let (ofArea, ofSky) = (relative * area.error / area.value, relative * sky.error / sky.value)
        return Measured(
            zero.value + Magnitude.of(significance * noise * depth.fluxFraction / exposureSeconds),
            error: (zero.error * zero.error + ofArea * ofArea + ofSky * ofSky).squareRoot())
    }
}
