/// How faint a frame goes: what became of artificial stars.
///
/// Magnitudes are -2.5 log10 of all of a star's light in electrons (in the frame's own unit where its gain is not
/// known) until `instrumental` makes them those of a flux per second.
///
/// What is counted: the stars' centres are spread evenly over the frame's pixels that carry a measurement
/// (`PixelFlags.withoutMeasurement`, NaN and infinite variance are left out; `usableShare` is the rest). Stars beside
/// such pixels, at the frame's edge, on saturated pixels, on trails and on or beside real stars and galaxies are
/// counted, so that all of these are losses.
public struct FrameCompleteness: Sendable, Equatable, Encodable {
    /// Stars injected, and how many of them were found.
    public var injected: Int
    public var recovered: Int
    /// Where the fitted efficiency falls to a half and to nine tenths [mag], with standard errors; nil when it does
    /// not within the magnitudes that were tried.
    public var magnitude50: Double?
    public var magnitude50Error: Double?
    public var magnitude90: Double?
    public var magnitude90Error: Double?
    /// Of stars of three and five times `fluxError`, by formula [mag].
    ///
    /// On a frame without crowding whose threshold is T sigmas half of the stars are found at
    /// `limitingMagnitude5Sigma` + 2.5 log10(5 / T).
    public var limitingMagnitude3Sigma: Double
    public var limitingMagnitude5Sigma: Double
    /// Standard error of the optimally weighted flux of a star too faint for photons of its own to count [e-]: median
    /// over the stars' places. 1 / sqrt(sum P^2 / V), and more where the sky scatters more than the variance says.
    public var fluxError: Double
    /// Part of the frame's pixels that carry a measurement.
    public var usableShare: Double
    /// Measured over injected flux of the stars found, less 1: median. Above 0 near the limit, where a star is found
    /// because its noise was kind.
    public var fluxBias: Double?
    /// (measured - injected) / error of all stars' optimally weighted fluxes at their true places, found or not:
    /// median, and 1.4826 times the median deviation from it. 0 and 1 where variance and sky are honest and no
    /// neighbours shine in.
    public var pullMedian: Double?
    public var pullWidth: Double?
    /// False when the frame had no star clean enough to say what stars look like, and a round Moffat of the seeing's
    /// width was taken.
    public var isStarImageMeasured: Bool
    /// Trials in bins of `EfficiencyBin.width`, brightest first.
    public var efficiency: [EfficiencyBin]

    /// The same in instrumental magnitudes, -2.5 log10(flux per second).
    public func instrumental(exposureSeconds: Double) -> Result<FrameCompleteness, CompletenessFailure> {
        guard exposureSeconds > 0, exposureSeconds.isFinite else { return .failure(.noExposureTime) }
        let shift = -FluxMagnitude.magnitude(exposureSeconds)
        var shifted = self
        shifted.magnitude50 = magnitude50.map { $0 + shift }
        shifted.magnitude90 = magnitude90.map { $0 + shift }
        shifted.limitingMagnitude3Sigma += shift
        shifted.limitingMagnitude5Sigma += shift
        for index in efficiency.indices { shifted.efficiency[index].magnitude += shift }
        return .success(shifted)
    }
}

/// Artificial stars of about one magnitude.
public struct EfficiencyBin: Sendable, Equatable, Encodable {
    /// Mean over the bin's stars [mag].
    public var magnitude: Double
    public var injected: Int
    public var recovered: Int
    /// The efficiency that never rises towards fainter bins and is nearest to all bins' shares, each weighted by its
    /// stars: the maximum-likelihood curve that assumes nothing but its falling.
    ///
    /// - Source: Ayer et al. 1955, Annals of Mathematical Statistics 26, 641 (pool adjacent violators).
    public var isotonic: Double

    /// [mag]
    public static let width = 0.2

    init(magnitude: Double, injected: Int, recovered: Int) {
        (self.magnitude, self.injected, self.recovered) = (magnitude, injected, recovered)
        isotonic = Double(recovered) / Double(max(injected, 1))
    }
}

/// How many artificial stars are tried.
public struct CompletenessParameters: Sendable, Equatable {
    /// About this many.
    public var starCount: Int
    /// Another number gives other stars on the same frame.
    public var stream: UInt64

    public init(starCount: Int = 400, stream: UInt64 = 0) {
        precondition(starCount > 0, "there are stars to try")
        self.starCount = starCount
        self.stream = stream
    }
}

/// Why a frame's completeness is not known.
public enum CompletenessFailure: String, Error, Sendable, CaseIterable {
    /// No pixel carries a measurement.
    case noUsablePixels
    /// No star that says what stars look like.
    case noStarImage
    /// Too few places for stars between pixels without measurement.
    case tooFewPlaces
    /// None of the artificial stars was found.
    case noneFound
    /// Without it there are no instrumental magnitudes.
    case noExposureTime
}

extension [EfficiencyBin] {
    /// Bins of a width that hold these trials, brightest first.
    init(_ trials: [StarTrial], width: Double) {
        var sums: [Int: (magnitude: Double, injected: Int, recovered: Int)] = [:]
        for trial in trials {
            let bin = Int((trial.magnitude / width).rounded(.down))
            var sum = sums[bin] ?? (0, 0, 0)
            sum.magnitude += trial.magnitude
            sum.injected += 1
            sum.recovered += trial.isRecovered ? 1 : 0
            sums[bin] = sum
        }
        self = sums.sorted { $0.key < $1.key }.map { _, sum in
            EfficiencyBin(
                magnitude: sum.magnitude / Double(sum.injected), injected: sum.injected, recovered: sum.recovered)
        }
    }

    /// The same with `isotonic` filled in.
    func pooled() -> [EfficiencyBin] {
        var blocks: [(injected: Int, recovered: Int, bins: Int)] = []
        for bin in self {
            var block = (injected: bin.injected, recovered: bin.recovered, bins: 1)
            while let last = blocks.last, last.recovered * block.injected <= block.recovered * last.injected {
                block = (block.injected + last.injected, block.recovered + last.recovered, block.bins + last.bins)
                blocks.removeLast()
            }
            blocks.append(block)
        }
        let shares = blocks.flatMap { block in
            [Double](repeating: Double(block.recovered) / Double(block.injected), count: block.bins)
        }
        return zip(self, shares).map { bin, share in
            var bin = bin
            bin.isotonic = share
            return bin
        }
    }
}
