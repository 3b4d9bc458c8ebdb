public import Detection
internal import Imaging
public import PSF
internal import PortableNumbers
internal import Statistics

/// Measures how faint a frame goes by artificial stars: they are put into the frame with the noise of their own
/// photons, the frame is searched again by the same code, with the sky, the star image and the threshold that it was
/// searched with before, and what is found is compared with what was there.
///
/// A star is recovered when a source lies within 0.75 FWHM of its place, and that source is not the nearest one, within
/// the same distance, to a source of at least the star's expected significance that the frame shows without it: a
/// star that a brighter one hides is lost, one that outshines what it falls on is found.
///
/// Stars go in by rounds, each on a jittered grid on which their images (to 2.5 FWHM) do not overlap. The first round
/// covers 4 magnitudes above and 0.8 below the threshold's formula; later ones lie where a curve fitted to the earlier
/// ones falls from 0.97 to 0.15. The last fit gives the magnitudes (`EfficiencyCurve`: binomial maximum likelihood);
/// their errors are those of the trials.
///
/// The same frame and parameters give the same bits: the stars' seed is taken from the frame's pixels.
///
/// - Parameter model: of the frame's star images; nil makes a sketch of one from the frame's stars.
/// - Source: Stetson 1987, PASP 99, 191 and Stetson & Harris 1988, AJ 96, 909 (artificial stars); Zackay & Ofek 2017,
///   ApJ 836, 187 (formula).
public func measureCompleteness(
    _ detections: Detections, _ parameters: CompletenessParameters = CompletenessParameters(),
    model: PointSpreadModel? = nil
) -> Result<FrameCompleteness, CompletenessFailure> {
    let frame = detections.frame
    let usable = frame.marks.count - frame.marks.reduce(0) { $0 + Int($1 & PixelMarks.excluded) }
    guard usable > 0, detections.background.globalLevel.isFinite else { return .failure(.noUsablePixels) }
    let known = model ?? PointSpreadModel.sketch(detections, gainKnown: detections.search.parameters.gainKnown)
    guard let known else { return .failure(.noStarImage) }
    var experiment = Experiment(detections, known, parameters)
    experiment.run(usableShare: Double(usable) / Double(frame.marks.count))
    guard experiment.trials.count >= Experiment.fewest, let fit = experiment.fit else {
        return .failure(.tooFewPlaces)
    }
    guard experiment.trials.contains(where: \.isRecovered) else { return .failure(.noneFound) }
    return .success(
        FrameCompleteness(
            experiment.trials, fit, usableShare: Double(usable) / Double(frame.marks.count),
            isStarImageMeasured: known.starCount > 0))
}

/// The rounds on one frame.
private struct Experiment {
    private(set) var trials: [StarTrial] = []
    private(set) var fit: EfficiencyFit?
    private let injection: StarInjection
    private var random: SplitMix64
    private let wanted: Int
    private let threshold: Double
    private let width: Int
    private let height: Int

    /// Trials that a curve needs.
    static let fewest = 40
    private static let mostRounds = 12
    /// Of trials for the curve [mag].
    private static let binWidth = 0.05

    init(_ detections: Detections, _ model: PointSpreadModel, _ parameters: CompletenessParameters) {
        let frame = detections.frame
        injection = StarInjection(detections, model)
        random = SplitMix64(pixels: frame.residual, width: frame.width, stream: parameters.stream)
        wanted = max(parameters.starCount, Self.fewest)
        threshold = detections.search.parameters.threshold
        (width, height) = (frame.width, frame.height)
    }

    mutating func run(usableShare: Double) {
        for _ in 0..<Self.mostRounds where trials.count < wanted {
            let missing = min((wanted + 3) / 4, wanted - trials.count)
            let count = min(Double(missing) / max(usableShare, 0.01), Double(10 * wanted))
            let grid = JitteredGrid(count: Int(count.rounded(.up)), width: width, height: height)
            var stars = injection.trials(at: grid.places(&random))
            guard !stars.isEmpty else { continue }
            let limit = fit?.curve.limit ?? FluxMagnitude.magnitude(threshold * middle(stars.map(\.fluxError)))
            let range = MagnitudeRange(limit, fit)
            let start = random.uniform()
            for index in stars.indices {
                // Fills its range evenly from any of its parts, so that magnitudes do not follow the grid.
                var share = start + Double(index) * 0.618_033_988_749_894_9
                share -= share.rounded(.down)
                stars[index].magnitude = range.magnitude(share)
                stars[index].flux = FluxMagnitude.flux(stars[index].magnitude)
                injection.run(&stars[index], &random)
            }
            trials += stars
            fit = EfficiencyFit([EfficiencyBin](trials, width: Self.binWidth), limit: limit, threshold: threshold)
        }
    }
}

/// Which magnitudes to try: before anything is known most near the limit, later half of them where the efficiency is
/// between 0.75 and 0.15 and half where it is above.
private struct MagnitudeRange {
    private let faint: Double
    private let middle: Double
    private let bright: Double
    private let isKnown: Bool

    /// Tried at most [mag].
    private static let brighter = 4.0
    private static let fainter = 0.8

    init(_ limit: Double, _ fit: EfficiencyFit?) {
        let all = (limit - Self.brighter)...(limit + Self.fainter)
        isKnown = fit != nil
        faint = fit?.curve.magnitude(at: 0.15, in: all) ?? all.upperBound
        middle = fit?.curve.magnitude(at: 0.75, in: all) ?? (all.lowerBound + faint) / 2
        bright = min(fit?.curve.magnitude(at: 0.97, in: all) ?? all.lowerBound, middle)
    }

    /// - Parameter share: from 0 to 1.
    func magnitude(_ share: Double) -> Double {
        guard isKnown else { return faint - (faint - bright) * share * share.squareRoot() }
        return share < 0.5 ? faint + 2 * share * (middle - faint) : middle + (2 * share - 1) * (bright - middle)
    }
}

extension FrameCompleteness {
    fileprivate init(_ trials: [StarTrial], _ fit: EfficiencyFit, usableShare: Double, isStarImageMeasured: Bool) {
        let found = trials.filter(\.isRecovered)
        let magnitudes = trials.map(\.magnitude)
        let range = (magnitudes.min() ?? 0)...(magnitudes.max() ?? 0)
        injected = trials.count
        recovered = found.count
        self.usableShare = usableShare
        let (half, nineTenths) = (fit.magnitude(at: 0.5, in: range), fit.magnitude(at: 0.9, in: range))
        (magnitude50, magnitude50Error) = (half?.value, half?.error)
        (magnitude90, magnitude90Error) = (nineTenths?.value, nineTenths?.error)
        efficiency = [EfficiencyBin](trials, width: EfficiencyBin.width).pooled()
        fluxError = middle(trials.map(\.fluxError))
        limitingMagnitude3Sigma = FluxMagnitude.magnitude(3 * fluxError)
        limitingMagnitude5Sigma = FluxMagnitude.magnitude(5 * fluxError)
        fluxBias = RobustStatistics.median(found.map { $0.measuredFlux / $0.flux - 1 }.filter(\.isFinite))
        let pulls = trials.map { ($0.measuredFlux - $0.flux) / $0.measuredFluxError }.filter(\.isFinite)
        pullMedian = RobustStatistics.median(pulls)
        pullWidth = RobustStatistics.sigma(pulls)
        self.isStarImageMeasured = isStarImageMeasured
    }
}

/// The median of values of which there is one at least.
private func middle(_ values: [Double]) -> Double { RobustStatistics.median(values) ?? .nan }
