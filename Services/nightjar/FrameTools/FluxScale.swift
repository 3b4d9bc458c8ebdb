internal import Detection
internal import Imaging
internal import Photometry
internal import Statistics

/// Light of the stars on one frame over that on another: clouds, airmass, exposure time.
struct FluxScale: Encodable {
    let ratio: Double
    /// Standard error of `ratio`.
    let error: Double
    let starCount: Int

    /// Of the frame itself.
    static let one = FluxScale(ratio: 1, error: 0, starCount: 0)

    init(ratio: Double, error: Double, starCount: Int) {
        (self.ratio, self.error, self.starCount) = (ratio, error, starCount)
    }

    /// A star's flux on the frame, its flux on the reference, and the error of `flux - ratio * reference` over that of
    /// `reference`, for a ratio near the true one.
    typealias Star = (ratio: Double, error: Double)

    /// Weighted median, weights 1 / error.
    ///
    ///     error^2 = pi / 2 / sum(1 / error_i^2)
    ///
    /// times the scatter of the stars about it in units of their errors, where that is above 1 (variable stars, changed
    /// seeing). The median of ratios of noisy numbers is the ratio, where their mean is not.
    /// - Returns: nil for fewer than three stars, or where the ratio is not known to a twentieth.
    init?(_ stars: [Star]) {
        let sorted = stars.filter { $0.ratio.isFinite && $0.error > 0 && $0.error.isFinite }
            .sorted { ($0.ratio, $0.error) < ($1.ratio, $1.error) }
        guard sorted.count >= 3 else { return nil }
        let half = sorted.reduce(0) { $0 + 1 / $1.error } / 2
        var (sum, ratio) = (0.0, 0.0)
        for star in sorted {
            (sum, ratio) = (sum + 1 / star.error, star.ratio)
            if sum >= half { break }
        }
        let scatter = RobustStatistics.sigma(sorted.map { ($0.ratio - ratio) / $0.error }, about: 0) ?? 0
        let weights = sorted.reduce(0) { $0 + 1 / ($1.error * $1.error) }
        let error = max(scatter, 1) * (Double.pi / 2 / weights).squareRoot()
        guard ratio > 0, error < 0.05 * ratio else { return nil }
        self.init(ratio: ratio, error: error, starCount: sorted.count)
    }
}

/// Measures how much light of a reference frame's stars other frames on its grid have.
struct TransparencyMeter {
    private let detections: Detections
    private let positions: [(x: Double, y: Double)]
    private let parameters: DetectionParameters
    private static let spoiled: SourceFlags = [
        .saturated, .edge, .masked, .noData, .apertureTruncated, .sharp, .cosmicRay, .trail, .nonLinear,
    ]

    /// - Parameter starCount: the brightest stars of the reference that are compared, at most.
    /// - Returns: nil where the reference's own stars are too few or too faint to say a ratio to a twentieth.
    init?(_ reference: CalibratedFrame, gainKnown: Bool, starCount: Int = 300) {
        parameters = DetectionParameters(threshold: 5, gainKnown: gainKnown)
        let found = detect(reference, parameters)
        detections = found
        positions = found.sources.enumerated()
            .filter { $1.significance >= 7 && $1.flags.isDisjoint(with: Self.spoiled) }
            .sorted { ($1.element.isophotalFlux, $0.offset) < ($0.element.isophotalFlux, $1.offset) }
            .prefix(starCount).map { ($1.x, $1.y) }
        let twin = fluxes(detections, radius: 1.5 * (found.seeing?.fwhmPixels ?? 4))
        guard FluxScale(stars(twin, twin, noise: 1)) != nil else { return nil }
    }

    private func fluxes(_ detections: Detections, radius: Double) -> [Measurement] {
        let measuring = MeasurementParameters(
            detection: parameters, radius: .pixels(min(radius, 40)), gainKnown: parameters.gainKnown)
        return forcedPhotometry(detections, at: positions, measuring)
    }

    /// Chosen by the reference alone: faint stars chosen by the frame would be those that noise made bright there.
    private func stars(_ ours: [Measurement], _ theirs: [Measurement], noise factor: Double) -> [FluxScale.Star] {
        zip(ours, theirs).compactMap { ours, theirs in
            guard ours.flags.union(theirs.flags).isDisjoint(with: Self.spoiled), theirs.signalToNoise >= 7,
                ours.fluxAperture.isFinite
            else { return nil }
            let ratio = ours.fluxAperture / theirs.fluxAperture
            let (error, other) = (factor * ours.fluxApertureError, max(ratio, 0) * theirs.fluxApertureError)
            return (ratio, (error * error + other * other).squareRoot() / theirs.fluxAperture)
        }
    }

    /// By apertures of 2.5 FWHM of the wider star images, in which both frames have all but a hundredth of the light;
    /// of 1.5 FWHM where that is too noisy.
    ///
    /// - Parameters:
    ///   - noise: what errors on the frame are multiplied by (`ResampledNoise.correlationFactor`).
    /// - Returns: nil where too few stars are seen on both.
    func scale(of frame: CalibratedFrame, noise: Double) -> FluxScale? {
        let own = detect(frame, parameters)
        let seeing = [own.seeing, detections.seeing].compactMap { $0?.fwhmPixels }.max()
        for factor in [2.5, 1.5] {
            let radius = factor * (seeing ?? MeasurementParameters.fallbackFWHMPixels)
            let pairs = stars(
                fluxes(own, radius: radius), fluxes(detections, radius: radius),
                noise: noise.isFinite ? max(noise, 1) : 1)
            if let scale = FluxScale(pairs) { return scale }
        }
        return nil
    }
}
