/// How one calibration star enters a frame's zero point.
public struct StarInfluence: Sendable, Equatable {
    public var id: String
    /// d(zero point) / d(catalogue magnitude - instrumental magnitude).
    public var weight: Double
    /// Catalogue magnitude less the calibrated one [mag].
    public var residual: Double
    /// Variance of the residual from the flux's noise, another on each frame [mag^2].
    public var fluxVariance: Double
    /// From the catalogue's errors, the same on each frame [mag^2].
    public var catalogueVariance: Double
    /// Colour less the pivot [mag]; `nil` where it is not known.
    public var colour: Double?
    /// Probability to be no outlier, 0 ... 1.
    public var expected: Double

    public init(
        id: String, weight: Double, residual: Double, fluxVariance: Double, catalogueVariance: Double,
        colour: Double? = nil, expected: Double = 1
    ) {
        self.id = id
        self.weight = weight
        self.residual = residual
        self.fluxVariance = fluxVariance
        self.catalogueVariance = catalogueVariance
        self.colour = colour
        self.expected = expected
    }
}

extension ZeroPointSolution {
    /// The share of each star that was used, from the weighted least squares that the fit comes to.
    ///
    ///     weight_i = w_i sum_j C_0j X_ij,   w_i = p_i / (e_i^2 + s^2), scaled so that all together are 1
    ///
    /// p: probability to be no outlier; C: covariance; X: row of the model (1, colour, polynomials in the position).
    ///
    /// - Parameter stars: those that the zero point was fitted to.
    public func influences(of stars: [CalibrationStar]) -> [StarInfluence] {
        let known = Dictionary(stars.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let size = parameters.count
        let scatter = intrinsicScatter.value * intrinsicScatter.value + intrinsicScatter.error * intrinsicScatter.error
        var found: [StarInfluence] = []
        found.reserveCapacity(residuals.count)
        for residual in residuals {
            guard let star = known[residual.id], star.flux.value > 0 else { continue }
            let colour = star.colour.map { $0.value - pivotColour }
            let row = [1, colour ?? 0] + position.values(x: star.x, y: star.y)
            let variance = residual.error * residual.error
            let lever = row.indices.reduce(0) { $0 + covariance[min($1, size - 1)] * row[$1] }
            // Relative to the flux that is expected of the star, as in the fit.
            let expectedFlux = star.flux.value * Magnitude.flux(-min(max(residual.magnitudes, -3), 3))
            let relative = Magnitude.perNeper * star.flux.error / expectedFlux
            let flux = min(relative * relative, variance)
            found.append(
                StarInfluence(
                    id: residual.id, weight: residual.expected / max(variance + scatter, 1e-8) * lever,
                    residual: residual.magnitudes, fluxVariance: flux, catalogueVariance: variance - flux,
                    colour: colour, expected: residual.expected))
        }
        let total = found.reduce(0) { $0 + $1.weight }
        guard total > 0, total.isFinite else { return [] }
        for index in found.indices { found[index].weight /= total }
        return found
    }
}
