internal import Statistics

/// The colours of a frame's stars as they truly are, told from what a catalogue with errors says.
///
///     true colour X ~ (mean, t^2),   catalogue colour x = X + e_x,   magnitude's error e_m,   k = cov(e_m, e_x)
///     E[X | x] = mean + t^2 / T (x - mean),   E[e_m | x] = k / T (x - mean),   T = t^2 + e_x^2
///     Var(c X + e_m | x) = c^2 t^2 e_x^2 / T + e_m^2 - k^2 / T - 2 c k t^2 / T
///
/// Errors of the colour make a fitted colour term too small, and where the magnitude is part of the colour (V in B - V)
/// its error goes with the colour's: with 0.1 mag each and colours that spread by 0.4 mag the term would be off by
/// 0.06. With these expectations in place of what the catalogue says it is not.
///
/// - Source: Carroll et al. 2006, Measurement Error in Nonlinear Models, 2nd ed., chapter 4 (regression calibration).
struct ColourPopulation {
    let mean: Double
    /// t^2 [mag^2]
    let variance: Double
    /// Spread of stars whose colour is not known [mag].
    let unknownSpread: Double

    /// - Parameter pivot: the mean where no colour is known.
    init(_ colours: [Measured], pivot: Double, unknownSpread: Double) {
        let values = colours.map(\.value)
        let median = RobustStatistics.median(values)
        let limit = 5 * (RobustStatistics.sigma(values) ?? 0)
        let near = colours.filter { limit == 0 || abs($0.value - (median ?? pivot)) <= limit }
        let count = Double(near.count)
        guard near.count > 2 else {
            mean = median ?? pivot
            (variance, self.unknownSpread) = (unknownSpread * unknownSpread, unknownSpread)
            return
        }
        let mean = near.reduce(0) { $0 + $1.value } / count
        let all = near.reduce(0) { $0 + ($1.value - mean) * ($1.value - mean) } / (count - 1)
        let errors = near.reduce(0) { $0 + $1.error * $1.error } / count
        self.mean = mean
        variance = max(all - errors, 0.1 * all)
        self.unknownSpread = max(unknownSpread, variance.squareRoot())
    }

    /// Mean and spread, for a star of the field whose colour is not known [mag].
    var unknown: Measured { Measured(mean, error: unknownSpread) }

    /// E[X | x], E[e_m | x] and Var(c X + e_m | x).
    func expected(
        of star: CalibrationStar, magnitudeError: Double, slope: Double
    ) -> (colour: Double, shift: Double, variance: Double) {
        let own = magnitudeError * magnitudeError
        guard let colour = star.colour else {
            return (mean, 0, own + slope * slope * unknownSpread * unknownSpread)
        }
        let all = variance + colour.error * colour.error
        guard all > 0 else { return (colour.value, 0, own) }
        let share = variance / all
        let away = colour.value - mean
        // An error of the magnitude cannot explain more than the magnitude's error.
        let limit = magnitudeError * all.squareRoot()
        let covariance = min(max(star.colourCovariance, -limit), limit)
        let left =
            slope * slope * share * colour.error * colour.error + own - covariance * covariance / all
            - 2 * slope * covariance * share
        return (mean + share * away, covariance / all * away, max(0, left))
    }
}
