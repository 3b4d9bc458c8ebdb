internal import Glibc
internal import Statistics

extension EffectiveNoise {
    /// The noise of a camera without a known gain, from many stars of the field.
    ///
    /// Each star j of flux F [ADU] that scatters by s (robustly, so that hot pixels and cosmic rays on single frames do
    /// not count) where the sky explains sigma_sky implies a gain:
    ///
    ///     1 / gain(j) = (s^2 - sigma_sky^2) F / 1.0857^2
    ///
    /// Variable, blended and badly flat-fielded stars imply too much, none too little but by chance: the median over
    /// the stars stands, unmoved while fewer than half of them are bad. There is no floor: what comparison stars
    /// scatter beyond this model is found by the solution made with it.
    /// - Parameters:
    ///   - input: field stars with errors that hold the sky's noise alone, ten frames or more.
    ///   - solution: of `input`.
    /// - Returns: `nil` below five stars with ten measurements.
    public init?(fieldStars input: EnsembleInput, _ solution: EnsembleSolution) {
        var zeroPoints: [String: Double] = [:]
        for point in solution.zeroPoints { zeroPoints[point.frameID] = point.magnitudes }
        var implied: [Double] = []
        for star in input.stars {
            var (magnitudes, fluxes, errors): ([Double], [Double], [Double]) = ([], [], [])
            for frame in input.frames {
                guard let zeroPoint = zeroPoints[frame.frameID] else { continue }
                for flux in frame.fluxes where flux.starID == star.id && flux.flux > 0 && flux.fluxError > 0 {
                    magnitudes.append(zeroPoint - 2.5 * log10(flux.flux))
                    fluxes.append(flux.flux)
                    errors.append(magnitudesPerRelativeFlux * flux.fluxError / flux.flux)
                }
            }
            guard magnitudes.count >= 10, let scatter = RobustStatistics.sigma(magnitudes),
                let flux = RobustStatistics.median(fluxes), let sky = RobustStatistics.median(errors)
            else { continue }
            let excess = max(0, scatter * scatter - sky * sky)
            implied.append(excess * flux / (magnitudesPerRelativeFlux * magnitudesPerRelativeFlux))
        }
        guard implied.count >= 5, let typical = RobustStatistics.median(implied) else { return nil }
        inverseGain = typical
        floorMagnitudes = 0
        stars = implied.count
    }
}
