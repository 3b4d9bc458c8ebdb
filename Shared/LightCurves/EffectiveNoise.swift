internal import Statistics

/// A noise model learnt from the comparison stars, for frames whose gain nobody knows.
///
/// With the gain unknown a flux error holds only what can be measured: the scatter of the sky. What the comparison
/// stars scatter beyond that, as a function of their flux F [ADU], is source noise and a floor (flat field, drift):
///
///     s(i)^2 = 1.0857^2 / (gain F) + floor^2
public struct EffectiveNoise: Sendable, Equatable {
    /// 1 / gain [ADU/e-]; 0 where the scatter does not grow towards faint stars.
    public var inverseGain: Double
    /// Scatter that does not depend on flux [mag].
    public var floorMagnitudes: Double
    /// Comparison stars in the fit.
    public var stars: Int

    /// Effective gain [e-/ADU]; `nil` where the stars do not tell.
    public var gain: Double? { inverseGain > 0 ? 1 / inverseGain : nil }

    /// Flux error with source noise and floor [ADU].
    ///
    ///     error^2 = sky^2 + F / gain + (floor F / 1.0857)^2
    public func fluxError(flux: Double, skyError: Double) -> Double {
        let floor = floorMagnitudes * flux / magnitudesPerRelativeFlux
        return (skyError * skyError + max(flux, 0) * inverseGain + floor * floor).squareRoot()
    }

    /// Fits gain and floor to a solution whose flux errors held the sky noise alone.
    ///
    /// Weighted least squares, neither term below zero; the variance of an estimated variance v from n frames is
    /// 2 v^2 / n. Fewer than three stars, or stars of nearly one brightness, give a floor and no gain.
    /// - Returns: `nil` without a used star.
    public init?(_ input: EnsembleInput, _ solution: EnsembleSolution) {
        let rows = solution.stars.compactMap { NoiseRow($0, input) }
        guard !rows.isEmpty else { return nil }
        stars = rows.count
        let fluxes = rows.map(\.flux)
        let spansBrightness = (fluxes.max() ?? 0) >= 3 * (fluxes.min() ?? 0)
        (inverseGain, floorMagnitudes) = (0, 0)
        for _ in 0..<30 {
            let weights = rows.map { row -> Double in
                let model = row.skyVariance + row.sourceVariance(inverseGain) + floorMagnitudes * floorMagnitudes
                return Double(row.frames) / (2 * model * model)
            }
            let (slope, constant) = Self.solve(rows, weights, withSlope: rows.count >= 3 && spansBrightness)
            (inverseGain, floorMagnitudes) = (slope, constant.squareRoot())
        }
    }

    private static func solve(_ rows: [NoiseRow], _ weights: [Double], withSlope: Bool) -> (Double, Double) {
        var (ww, wx, wxx, wy, wxy) = (0.0, 0.0, 0.0, 0.0, 0.0)
        for (row, weight) in zip(rows, weights) {
            let x = row.sourceVariance(1)
            ww += weight
            wx += weight * x
            wxx += weight * x * x
            wy += weight * row.excess
            wxy += weight * x * row.excess
        }
        let constantOnly = (0.0, max(0, wy / ww))
        let area = ww * wxx - wx * wx
        guard withSlope, area > 1e-12 * ww * wxx else { return constantOnly }
        let slope = (ww * wxy - wx * wy) / area
        let constant = (wxx * wy - wx * wxy) / area
        if slope < 0 { return constantOnly }
        return constant < 0 ? (max(0, wxy / wxx), 0) : (slope, constant)
    }
}

/// One star's flux and scatter.
private struct NoiseRow {
    let flux: Double
    let excess: Double
    let skyVariance: Double
    let frames: Int

    init?(_ star: EnsembleStar, _ input: EnsembleInput) {
        guard star.role == .used, let scatter = star.intrinsicScatterMagnitudes else { return nil }
        let measured = input.frames.flatMap(\.fluxes).filter { $0.starID == star.id && $0.flux > 0 && $0.fluxError > 0 }
        guard let flux = RobustStatistics.median(measured.map(\.flux)), flux > 0,
            let error = RobustStatistics.median(measured.map { magnitudesPerRelativeFlux * $0.fluxError / $0.flux })
        else { return nil }
        self.flux = flux
        excess = scatter * scatter
        skyVariance = error * error
        frames = star.measurements
    }

    func sourceVariance(_ inverseGain: Double) -> Double {
        magnitudesPerRelativeFlux * magnitudesPerRelativeFlux * inverseGain / flux
    }
}
