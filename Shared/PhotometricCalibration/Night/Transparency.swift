internal import Statistics

/// How much light an instrument lets through in its best nights: the level that a frame's transparency is against.
///
/// Each night has a level: the third quartile of its frames' zero points reduced to airmass 1, so that passing clouds
/// do not lower it and a few wild frames do not raise it. The reference is the median level of the best quarter of
/// nights, after nights that are above the median of all by more than five scatters of the upper half (a wrong gain,
/// another mirror) are left out. It follows an instrument that grows dusty by looking back only so far.
public struct TransparencyReference: Sendable, Equatable, Codable {
    /// One night.
    public struct NightLevel: Sendable, Equatable, Codable {
        /// Number of the night: its local noon's day [MJD].
        public var night: Int
        /// [mag at airmass 1]
        public var level: Measured
        public var frames: Int

        public init(night: Int, level: Measured, frames: Int) {
            self.night = night
            self.level = level
            self.frames = frames
        }
    }

    /// By night, each once.
    public private(set) var nights: [NightLevel]
    /// Nights further back than this are forgotten [d].
    public let memoryDays: Int
    /// Extinction that frames are reduced by [mag/airmass].
    public let extinction: Measured

    public init(extinction: Measured, memoryDays: Int = 180) {
        self.extinction = extinction
        self.memoryDays = memoryDays
        nights = []
    }

    /// The level of a night; `nil` below three usable frames.
    public func level(of frames: [AirmassZeroPoint], night: Int) -> NightLevel? {
        let values = frames.map { reduced($0.zeroPoint, airmass: $0.airmass) }
            .filter { $0.value.isFinite && $0.error.isFinite }.map(\.value).sorted()
        guard values.count >= 3, let level = RobustStatistics.percentile(75, ofSorted: values),
            let median = RobustStatistics.median(values)
        else { return nil }
        // The third quartile of a Gaussian: 1.36 sigma / sqrt(n); the upper half's width gives sigma.
        let sigma = (level - median) / 0.6745
        return NightLevel(
            night: night, level: Measured(level, error: 1.363 * sigma / Double(values.count).squareRoot()),
            frames: values.count)
    }

    /// With one more night, or a night's new level.
    public func updated(with night: NightLevel) -> TransparencyReference {
        guard night.level.value.isFinite, night.level.error.isFinite else { return self }
        var next = self
        next.nights = (nights.filter { $0.night != night.night } + [night]).sorted { $0.night < $1.night }
        let newest = next.nights.last?.night ?? night.night
        next.nights.removeAll { newest - $0.night > memoryDays }
        return next
    }

    /// The zero point at airmass 1 in the best nights [mag]; `nil` before the first night.
    public var best: Measured? {
        var levels = nights.map(\.level).sorted { $0.value > $1.value }
        guard let middle = RobustStatistics.median(levels.map(\.value)) else { return nil }
        let upper = levels.prefix((levels.count + 1) / 2).map(\.value)
        let scatter = max(0.02, RobustStatistics.sigma(upper, about: middle) ?? 0)
        levels.removeAll { $0.value > middle + 5 * scatter }
        let quarter = levels.prefix(max(1, (levels.count + 3) / 4)).map { $0 }
        guard let value = RobustStatistics.median(quarter.map(\.value)) else { return nil }
        let count = Double(quarter.count)
        let own = (quarter.reduce(0) { $0 + $1.error * $1.error }).squareRoot() / count
        let spread = (RobustStatistics.sigma(quarter.map(\.value)) ?? 0) / count.squareRoot()
        return Measured(value, error: 1.253 * max(own, spread))
    }

    /// ZP + k (X - 1), with the error of k.
    func reduced(_ zeroPoint: Measured, airmass: Double) -> Measured {
        let lever = airmass - 1
        let error = lever * extinction.error
        return Measured(
            zeroPoint.value + extinction.value * lever,
            error: (zeroPoint.error * zeroPoint.error + error * error).squareRoot())
    }

    /// Light that came through, against the best nights at the same airmass: 1 is clear, 0.5 is 0.75 mag of cloud.
    ///
    ///     T = 10^(0.4 (ZP + k (X - 1) - best)),   e_T = T * 0.921 sqrt(e_ZP^2 + ((X - 1) e_k)^2 + e_best^2)
    ///
    /// - Returns: `nil` before the first night, or for numbers that are none.
    public func transparency(zeroPoint: Measured, airmass: Double) -> Measured? {
        guard let best, zeroPoint.value.isFinite, airmass.isFinite else { return nil }
        let now = reduced(zeroPoint, airmass: airmass)
        let value = Magnitude.flux(best.value - now.value)
        let error = (now.error * now.error + best.error * best.error).squareRoot() / Magnitude.perNeper
        return Measured(value, error: value * error)
    }
}
