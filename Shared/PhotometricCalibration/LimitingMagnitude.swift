internal import Statistics

/// How faint a frame goes, from the errors of its stars' optimally weighted fluxes.
///
///     e_i^2 = sigma^2 + F_i / g,   sigma^2 = N V,   N = 1 / sum(p^2)
///
/// sigma: noise of an empty place in the matched filter: N the noise-equivalent area of the star image p with sum 1
/// [px], V the variance of the sky, read noise included [e-^2/px]. It is what is left of the errors when the photons of
/// the stars themselves are taken away, and needs no model of the star image beside that of the weights.
///
/// - Source: King 1983, PASP 95, 163 (noise-equivalent area); Naylor 1998, MNRAS 296, 339 (optimal weights).
public struct FrameDepth: Sendable, Equatable {
    /// sigma, of all light of a star [e-]; its error is that of the median over the frame.
    public var noise: Measured
    /// a: share of a star's light that the zero point's kind of flux holds.
    public var fluxFraction: Measured

    public init(noise: Measured, fluxFraction: Measured = Measured(1, error: 0)) {
        self.noise = noise
        self.fluxFraction = fluxFraction
    }

    private static let fewestStars = 5
    /// Of a star that tells the share of light [sigma].
    private static let leastSignalToNoise = 20.0

    /// - Parameters:
    ///   - optimal: all light of clean stars by optimal weights; any may be NaN.
    ///   - fluxes: of the same stars, of the zero point's kind.
    /// - Returns: `nil` for fewer than five stars.
    public init?(optimal: [Measured], fluxes: [Measured]) {
        let pairs = zip(optimal, fluxes).filter { optimal, flux in
            optimal.value > 0 && optimal.value < 1e30 && optimal.error > 0 && optimal.error < 1e30
                && abs(flux.value) < 1e30
        }.sorted { $0.0.value < $1.0.value }
        let perFlux = ExpectedFlux(pairs.map(\.0)).perFlux
        // The fainter half, where least is taken away.
        let faint = pairs.prefix(max(Self.fewestStars, pairs.count / 2)).map { star in
            star.0.error * star.0.error - min(0.9 * star.0.error * star.0.error, perFlux * star.0.value)
        }
        let bright = pairs.filter { $0.0.value > Self.leastSignalToNoise * $0.0.error }.map { $0.1.value / $0.0.value }
        guard pairs.count >= Self.fewestStars, let variance = Self.middle(faint), variance.value > 0,
            let share = Self.middle(bright), share.value > 0
        else { return nil }
        let sigma = variance.value.squareRoot()
        noise = Measured(sigma, error: 0.5 * variance.error / sigma)
        fluxFraction = share
    }

    /// Median and its standard error, 1.2533 sigma / sqrt(n).
    private static func middle(_ values: [Double]) -> Measured? {
        guard let median = RobustStatistics.median(values), let sigma = RobustStatistics.sigma(values) else {
            return nil
        }
        return Measured(median, error: 1.2533 * sigma / Double(values.count).squareRoot())
    }
}

extension ZeroPointSolution {
    /// The magnitude of a star whose flux is so many times the noise of an empty place, in the middle of the frame and
    /// of the pivot colour.
    ///
    ///     m = ZP - 2.5 log10(a n sigma / t)
    ///
    /// Half of the stars of that magnitude have a matched-filter significance above n: that is where completeness is a
    /// half when n is the threshold. The zero point is for fluxes with the share a of a star's light.
    ///
    /// - Returns: `nil` for a noise or a share that is not above zero.
    public func limitingMagnitude(significance: Double, depth: FrameDepth) -> Measured? {
        let (noise, share) = (depth.noise, depth.fluxFraction)
        guard noise.value > 0, noise.value.isFinite, share.value > 0, share.value.isFinite, significance > 0,
            significance.isFinite
        else { return nil }
        let zero = zeroPoint
        let (ofNoise, ofShare) = (
            Magnitude.perNeper * noise.error / noise.value, Magnitude.perNeper * share.error / share.value
        )
        return Measured(
            zero.value + Magnitude.of(significance * noise.value * share.value / exposureSeconds),
            error: (zero.error * zero.error + ofNoise * ofNoise + ofShare * ofShare).squareRoot())
    }
}
