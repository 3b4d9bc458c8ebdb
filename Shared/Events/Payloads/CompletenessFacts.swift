/// How faint a frame goes: what became of artificial stars that were put into it, and what the noise says.
///
/// Magnitudes are instrumental, -2.5 log10(all of a star's light per second) [mag]. Stars are spread over the pixels
/// that carry a measurement; real stars, edges, masked and saturated pixels beside them cost what they cost.
public struct CompletenessFacts: Codable, Sendable, Equatable {
    /// Artificial stars of about one magnitude.
    public struct Efficiency: Codable, Sendable, Equatable {
        /// Mean [mag].
        public var magnitude: Double
        public var injected: Int
        public var recovered: Int
        /// Share of stars found, made never to rise towards fainter stars.
        public var isotonic: Double

        public init(magnitude: Double, injected: Int, recovered: Int, isotonic: Double) {
            self.magnitude = magnitude
            self.injected = injected
            self.recovered = recovered
            self.isotonic = isotonic
        }
    }

    public var injected: Int
    public var recovered: Int
    /// Where half and nine tenths of the stars are found [mag], with standard errors; absent where no magnitude that
    /// was tried shows it.
    public var magnitude50: Double?
    public var magnitude50Error: Double?
    public var magnitude90: Double?
    public var magnitude90Error: Double?
    /// Of stars of three and five times the error of an optimally weighted flux, by formula [mag].
    public var limitingMagnitude3Sigma: Double?
    public var limitingMagnitude5Sigma: Double?
    /// Part of the frame's pixels that carry a measurement.
    public var usableShare: Double?
    /// Measured over injected flux of the stars found, less 1: median.
    public var fluxBias: Double?
    /// (measured - injected) / error of all stars at their true places: median and robust width.
    public var pullMedian: Double?
    public var pullWidth: Double?
    /// False when a round star image of the seeing's width was taken, for want of clean stars.
    public var isStarImageMeasured: Bool?
    /// Brightest first.
    public var efficiency: [Efficiency]
    /// Why nothing is known: noUsablePixels, noStarImage, tooFewPlaces, noneFound, noExposureTime.
    public var reason: String?

    public init(
        injected: Int, recovered: Int, usableShare: Double, limitingMagnitude3Sigma: Double,
        limitingMagnitude5Sigma: Double
    ) {
        self.injected = injected
        self.recovered = recovered
        self.usableShare = usableShare
        self.limitingMagnitude3Sigma = limitingMagnitude3Sigma
        self.limitingMagnitude5Sigma = limitingMagnitude5Sigma
        efficiency = []
    }

    public init(reason: String) {
        (injected, recovered, efficiency) = (0, 0, [])
        self.reason = reason
    }
}
