/// The error of a star's flux relative to the flux that is to be expected of it, from measurement and catalogue both.
///
///     m^ = m_measured + k r,   k = e_f^2 / (e_f^2 + e_cat^2 + s^2),   r = catalogue - measured
///
/// A weight from the measured flux alone is larger for stars whose noise went up, one from the catalogue alone for
/// those that it has too bright: both move the zero point, by more than its error where a thousand stars are used. The
/// mean of the two by their weights has an error that is independent of their difference r, so that weights made from
/// it do not go with the residuals.
struct ExpectedFlux {
    /// Squares of flux errors per flux: 1 for electrons, 1 / gain for ADU, 0 where they do not depend on it.
    let perFlux: Double

    /// - Parameter fluxes: of the frame's stars, above zero, with errors above zero.
    init(_ fluxes: [Measured]) {
        // variance = b + perFlux * flux, stars weighted so that the bright do not outvote the faint.
        var (total, x, y, xx, xy) = (0.0, 0.0, 0.0, 0.0, 0.0)
        for flux in fluxes {
            let variance = flux.error * flux.error
            let weight = 1 / (variance * variance)
            total += weight
            x += weight * flux.value
            y += weight * variance
            xx += weight * flux.value * flux.value
            xy += weight * flux.value * variance
        }
        let spread = total * xx - x * x
        let slope = spread > 1e-9 * total * xx ? (total * xy - x * y) / spread : 0
        perFlux = slope.isFinite ? max(0, slope) : 0
    }

    /// Flux error over expected flux.
    ///
    /// - Parameters:
    ///   - difference: r [mag]; held to a factor of 16: what is further off is an outlier, whatever its error.
    ///   - catalogueVariance: e_cat^2 + s^2 [mag^2].
    func relativeError(of flux: Measured, difference: Double, catalogueVariance: Double) -> Double {
        let held = min(max(difference, -3), 3)
        let variance = flux.error * flux.error
        var relative = flux.error / flux.value
        for _ in 0..<3 {
            let own = Magnitude.perNeper * relative * Magnitude.perNeper * relative
            let share = own / (own + catalogueVariance)
            let expected = flux.value * Magnitude.flux(share * held)
            let error = max(0.25 * variance, variance + perFlux * (expected - flux.value)).squareRoot()
            relative = error / expected
        }
        return relative
    }
}
