/// The stars of a frame that a fit uses, in an order that does not depend on how they came, as numbers for it.
struct UsableStars {
    var stars: [CalibrationStar] = []
    var counts = StarCounts()
    /// catalogue magnitude + 2.5 log10(flux / exposure), without the bias of the logarithm [mag].
    var offsets: [Double] = []
    /// Known variances of `offsets` [mag^2].
    var variances: [Double] = []
    /// Colours less the pivot [mag]; 0 at the usual colour where it is not known.
    var colours: [Double] = []

    /// Flux errors are taken relative to the flux that is expected of the star: relative to the measured one, stars
    /// whose noise went up would weigh more.
    ///
    ///     offset = m_cat - m_inst + 0.5 * 1.0857 (e_f / f)^2,   E[m_inst] = m + 0.5 * 1.0857 (e_f / f)^2
    ///     e^2 = (1.0857 e_f / f)^2 + e_cat^2 + c^2 e_colour^2 - 2 c cov(m_cat, colour)
    init(
        _ given: [CalibrationStar], frame: CalibrationFrame, colourTerm: ColourTermState, options: ZeroPointOptions
    ) {
        counts.given = given.count
        let sound = given.filter { isSound($0, options) }.sorted(by: Self.precedes)
        let slope = colourTerm.value
        let known = sound.compactMap { $0.colour.map { $0.value } }
        let usual = Robust.median(known) ?? colourTerm.pivotColour
        let raw = sound.map { star in
            let colour = star.colour?.value ?? usual
            return star.magnitude.value - Magnitude.of(star.flux.value / frame.exposureSeconds)
                - slope * (colour - colourTerm.pivotColour)
        }
        let bright = sound.indices.filter { sound[$0].flux.value > 20 * sound[$0].flux.error }
        guard let level = Robust.median(bright.isEmpty ? raw : bright.map { raw[$0] }) else { return }
        let spread = max(options.unknownColourSpread, Robust.sigma(known) ?? 0)
        for (star, offset) in zip(sound, raw) {
            // Held to a factor of 16: what is further off is an outlier, whatever its error.
            let fainter = Magnitude.flux(min(max(offset - level, -3), 3))
            let expected = star.flux.value * fainter
            let relative = star.flux.error / expected
            guard relative * options.leastSignalToNoise <= 1 else {
                counts.tooFaint += 1
                continue
            }
            let colour = star.colour ?? Measured(usual, error: spread)
            let error = star.magnitude.error.isFinite ? star.magnitude.error : 0
            let flux = Magnitude.perNeper * relative
            let cross = star.colour == nil ? 0 : 2 * slope * star.colourCovariance
            stars.append(star)
            colours.append(colour.value - colourTerm.pivotColour)
            offsets.append(
                star.magnitude.value - Magnitude.of(star.flux.value / frame.exposureSeconds)
                    + 0.5 * Magnitude.perNeper * relative * relative)
            variances.append(max(0, flux * flux + error * error + slope * slope * colour.error * colour.error - cross))
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
