internal import Statistics

/// Fits the zero point of one frame and one kind of flux.
///
///     m_cat = -2.5 log10(flux / t) + ZP + c (colour - pivot) + sum_j b_j B_j(x, y) + noise
///
/// c comes with its error from what is known of the instrument and filter and takes part in the fit with that prior, so
/// that its error is in the covariance. Atmospheric extinction is part of ZP. Noise: flux error at the flux that is
/// expected (`ExpectedFlux`), errors of catalogue magnitude and colour (`ColourPopulation`), an intrinsic scatter that
/// is integrated over (`ScatterPosterior`), and outliers (`OutlierMixture`). The order of the position term is chosen
/// by cross-validation. The result does not depend on the order of the stars.
///
/// - Parameters:
///   - stars: matched to the catalogue; fluxes of one kind. Any may be unfit.
///   - colourTerm: of this instrument and filter at the frame's time (`ColourTermState.predicted`).
///   - holdsColourTerm: the colour term holds this frame's own share already: the fit does not change it, and its error
///     is added to the covariance.
/// - Throws: `NoZeroPoint` with the reason.
public func fitZeroPoint(
    _ stars: [CalibrationStar], frame: CalibrationFrame, colourTerm: ColourTermState, holdsColourTerm: Bool = false,
    options: ZeroPointOptions = ZeroPointOptions()
) throws(NoZeroPoint) -> ZeroPointSolution {
    guard !holdsColourTerm else {
        let held = ColourTermState(value: colourTerm.value, error: 0, pivotColour: colourTerm.pivotColour)
        return try fitZeroPoint(stars, frame: frame, colourTerm: held, options: options)
            .withColourTermError(colourTerm.error)
    }
    guard frame.exposureSeconds > 0, frame.exposureSeconds < 1e9 else {
        throw .exposureUnknown(seconds: frame.exposureSeconds)
    }
    guard !stars.isEmpty else { throw .noStars }
    let usable = UsableStars(stars, frame: frame, colourTerm: colourTerm, options: options)
    guard usable.counts.usable >= max(1, options.fewestStars) else {
        throw .tooFewStars(usable.counts, needed: max(1, options.fewestStars))
    }
    let flat = PositionTerm(order: 0, width: frame.width, height: frame.height)
    var chosen = (term: flat, fit: usable.fit(flat, colourTerm))
    guard var posterior = ScatterPosterior(chosen.fit, prior: options.scatterPrior) else {
        throw .undetermined(usable.counts)
    }
    let term = usable.positionTerm(flat, posterior, colourTerm, highest: options.highestPositionOrder)
    if term.order > 0 {
        chosen = (term, usable.fit(term, colourTerm))
        if let better = ScatterPosterior(chosen.fit, prior: options.scatterPrior) {
            posterior = better
        } else {
            chosen = (flat, usable.fit(flat, colourTerm))
        }
    }
    guard posterior.values.allSatisfy(\.isFinite) else { throw .undetermined(usable.counts) }
    return usable.solution(frame, colourTerm, chosen.term, chosen.fit, posterior)
}

extension UsableStars {
    /// Rows of 1, colour and the position's polynomials; the colour term's prior.
    func fit(_ term: PositionTerm, _ colourTerm: ColourTermState) -> RobustLinearFit {
        let count = 2 + term.count
        var rows: [Double] = []
        rows.reserveCapacity(count * stars.count)
        for (star, colour) in zip(stars, colours) {
            rows += [1, colour]
            rows += term.values(x: star.x, y: star.y)
        }
        let error = max(colourTerm.error, 1e-6)
        let none = Array(repeating: 0.0, count: term.count)
        return RobustLinearFit(
            y: offsets, variances: variances, rows: rows, parameters: count,
            priorMeans: [0, colourTerm.value] + none, priorPrecisions: [0, 1 / (error * error)] + none)
    }

    /// The position term that cross-validation chooses, among those that there are stars enough for.
    func positionTerm(
        _ flat: PositionTerm, _ posterior: ScatterPosterior, _ colourTerm: ColourTermState, highest: Int
    ) -> PositionTerm {
        var terms = [flat]
        var fits = [(fit: fit(flat, colourTerm), best: posterior.best)]
        for order in stride(from: 1, through: min(2, highest), by: 1) {
            let term = PositionTerm(order: order, width: flat.width, height: flat.height)
            guard stars.count >= (2 + term.count) * PositionTerm.starsForEachParameter else { break }
            let wider = fit(term, colourTerm)
            guard let best = wider.mostProbable(simpler: posterior.best.scatter) else { break }
            terms.append(term)
            fits.append((wider, best))
        }
        return terms.count == 1 ? flat : terms[CrossValidation.chosen(fits)]
    }

    func solution(
        _ frame: CalibrationFrame, _ colourTerm: ColourTermState, _ term: PositionTerm, _ fit: RobustLinearFit,
        _ posterior: ScatterPosterior
    ) -> ZeroPointSolution {
        let weights = fit.influences(posterior.best)
        let residuals = stars.indices.map { star in
            StarResidual(
                id: stars[star].id, magnitudes: fit.y[star] - fit.model(star, posterior.values),
                error: fit.variances[star].squareRoot(), fluxError: fluxVariances[star].squareRoot(),
                weight: weights[star], colour: colours[star], expected: posterior.expected[star])
        }
        let effective = posterior.expected.reduce(0, +)
        let solution = ZeroPointSolution(
            frameID: frame.id, fluxKind: frame.fluxKind, exposureSeconds: frame.exposureSeconds,
            pivotColour: colourTerm.pivotColour, position: term, parameters: posterior.values,
            covariance: posterior.covariance.elements,
            intrinsicScatter: Measured(posterior.scatter, error: posterior.scatterError),
            robustScatterMagnitudes: RobustStatistics.sigma(residuals.map(\.magnitudes)) ?? 0,
            effectiveStars: effective,
            outlierFraction: 1 - effective / Double(stars.count), counts: counts, residuals: residuals,
            stellarColour: population.unknown, scatterLikelihood: posterior.likelihood,
            colourEstimate: Self.withoutPrior(
                Measured(posterior.values[1], error: max(0, posterior.covariance[1, 1]).squareRoot()), colourTerm))
        return separateErrors([solution])[0]
    }

    /// The frame's own part of a colour term, by taking the prior's information out of it.
    ///
    ///     1 / e^2 = 1 / e_both^2 - 1 / e_prior^2,   c = e^2 (c_both / e_both^2 - c_prior / e_prior^2)
    ///
    /// - Returns: `nil` when the frame adds less than a hundredth to the prior's information.
    static func withoutPrior(_ both: Measured, _ prior: ColourTermState) -> Measured? {
        guard both.error > 0, prior.error > 0 else { return nil }
        let all = 1 / (both.error * both.error)
        let before = 1 / (prior.error * prior.error)
        let own = all - before
        guard own > 0.01 * before else { return nil }
        return Measured((both.value * all - prior.value * before) / own, error: (1 / own).squareRoot())
    }
}

extension ZeroPointSolution {
    /// The covariance with the error of a colour term that was held in the fit.
    ///
    ///     dZP / dc = -sum_i a_i (colour_i - pivot),   a_i: weights of the stars
    fileprivate func withColourTermError(_ error: Double) -> ZeroPointSolution {
        let lever = -residuals.reduce(0) { $0 + $1.weight * $1.colour }
        var solution = self
        let size = parameters.count
        solution.covariance[0] += lever * lever * error * error
        solution.covariance[1] += lever * error * error
        solution.covariance[size] += lever * error * error
        solution.covariance[size + 1] += error * error
        return separateErrors([solution], colourTermError: error)[0]
    }
}
