internal import Statistics

/// The stars of a frame that a fit uses, in an order that does not depend on how they came, as numbers for it.
struct UsableStars {
    var stars: [CalibrationStar] = []
    var counts = StarCounts()
    /// catalogue magnitude + 2.5 log10(flux / exposure), without the bias of the logarithm [mag].
    var offsets: [Double] = []
    /// Known variances of `offsets`, and the part of them that is the fluxes' [mag^2].
    var variances: [Double] = []
    var fluxVariances: [Double] = []
    /// Colours less the pivot [mag], as they are expected to be (`ColourPopulation`).
    var colours: [Double] = []
    private(set) var population: ColourPopulation

    /// Flux errors are taken relative to the flux that is expected of the star (`ExpectedFlux`).
    ///
    ///     offset = m_cat - E[e_m] - m_inst + 0.5 * 1.0857 (e_f / f)^2,   E[m_inst] = m + 0.5 * 1.0857 (e_f / f)^2
    ///     e^2 = (1.0857 e_f / f)^2 + Var(c colour + e_cat)
    init(
        _ given: [CalibrationStar], frame: CalibrationFrame, colourTerm: ColourTermState, options: ZeroPointOptions
    ) {
        counts.given = given.count
        let pivot = colourTerm.pivotColour
        population = ColourPopulation([], pivot: pivot, unknownSpread: options.unknownColourSpread)
        let sound = given.filter { isSound($0, options) }.sorted(by: Self.precedes)
        let population = ColourPopulation(
            sound.compactMap(\.colour), pivot: pivot, unknownSpread: options.unknownColourSpread)
        self.population = population
        let expected = sound.map { star in
            let error = star.magnitude.error.isFinite ? star.magnitude.error : 0
            return population.expected(of: star, magnitudeError: error, slope: colourTerm.value)
        }
        let raw = zip(sound, expected).map { star, known in
            star.magnitude.value - known.shift - Magnitude.of(star.flux.value / frame.exposureSeconds)
        }
        let flat = zip(raw, expected).map { $0 - colourTerm.value * ($1.colour - pivot) }
        let bright = sound.indices.filter { sound[$0].flux.value > 20 * sound[$0].flux.error }
        guard let level = RobustStatistics.median(bright.isEmpty ? flat : bright.map { flat[$0] }) else { return }
        let fluxes = ExpectedFlux(sound.map(\.flux))
        let scatter = options.scatterPrior.median
        for (index, star) in sound.enumerated() {
            let relative = fluxes.relativeError(
                of: star.flux, difference: flat[index] - level,
                catalogueVariance: expected[index].variance + scatter * scatter)
            guard relative * options.leastSignalToNoise <= 1 else {
                counts.tooFaint += 1
                continue
            }
            let flux = Magnitude.perNeper * relative
            stars.append(star)
            colours.append(expected[index].colour - pivot)
            offsets.append(raw[index] + 0.5 * Magnitude.perNeper * relative * relative)
            fluxVariances.append(flux * flux)
            variances.append(flux * flux + expected[index].variance)
        }
        counts.usable = stars.count
    }

    private mutating func isSound(_ star: CalibrationStar, _ options: ZeroPointOptions) -> Bool {
        let colour = star.colour ?? Measured(0, error: 0)
        if star.isExcluded {
            counts.excluded += 1
        } else if star.isSaturated {
            counts.saturated += 1
        } else if !(abs(star.magnitude.value) < 60) || star.magnitude.error > options.largestCatalogueError
            || star.magnitude.error < 0
        {
            counts.withoutMagnitude += 1
        } else if !(star.flux.value > 0 && star.flux.value < 1e30 && star.flux.error > 0 && star.flux.error < 1e30)
            || !(abs(star.x) < 1e6 && abs(star.y) < 1e6)
        {
            counts.withoutFlux += 1
        } else if !(abs(colour.value) < 20 && colour.error >= 0 && colour.error < 20)
            || !star.colourCovariance.isFinite
        {
            counts.withoutMagnitude += 1
        } else {
            return true
        }
        return false
    }

    private static func precedes(_ one: CalibrationStar, _ other: CalibrationStar) -> Bool {
        let keys = { (star: CalibrationStar) in (star.magnitude.value, star.flux.value, star.x, star.y) }
        return one.id == other.id ? keys(one) < keys(other) : one.id < other.id
    }
}
