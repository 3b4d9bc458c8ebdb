/// The best period of a light curve, and what else it might be.
public struct PeriodSearch: Sendable {
    /// A peak of the periodogram, refined between the grid's frequencies.
    public struct Peak: Sendable, Equatable {
        /// [1/d]
        public let frequency: Double
        /// 0 to 1
        public let power: Double
        /// nil for a rival that is nothing to the best peak.
        public let relation: PeriodRelation?

        public var periodDays: Double { 1 / frequency }
    }

    public let best: Peak
    /// The next peaks in order of power, each more than 2 / T from every higher one: nearer ones are its side lobes.
    public let rivals: [Peak]
    /// The highest power within 1/2T of twice and half the best frequency and of its aliases by a cycle per day, where
    /// the grid has them and the light curve is long enough to tell: to be looked at whether they are peaks or not.
    public let relatives: [Peak]
    public let grid: FrequencyGrid
    /// Power at each frequency of the grid.
    public let powers: [Double]
    public let periodogram: LombScargle

    /// - Parameters:
    ///   - grid: `periodogram.grid()` where nil.
    ///   - rivalCount: how many other peaks to name.
    /// - Returns: nil where there is no grid, or no power on it.
    public init?(_ periodogram: LombScargle, grid: FrequencyGrid? = nil, rivalCount: Int = 5) {
        guard let grid = grid ?? periodogram.grid() else { return nil }
        let powers = periodogram.power(on: grid)
        let resolution = 1 / periodogram.baselineDays
        let places = Self.peakPlaces(powers, grid, distance: 2 * resolution, count: rivalCount + 1)
        var found = places.map { Self.refined(at: $0, grid, powers, periodogram) }
        guard let highest = found.indices.max(by: { found[$0].power < found[$1].power }),
            found[highest].power > 0
        else { return nil }
        let first = found.remove(at: highest)
        best = Peak(frequency: first.frequency, power: first.power, relation: nil)
        rivals = found.sorted { $0.power > $1.power }.map { peak in
            Peak(
                frequency: peak.frequency, power: peak.power,
                relation: PeriodRelation(of: peak.frequency, to: first.frequency, resolution: resolution))
        }
        relatives = Self.relatives(of: first.frequency, grid, powers, periodogram, resolution: resolution)
        self.grid = grid
        self.powers = powers
        self.periodogram = periodogram
    }

    /// FAP of the best peak by Baluev's formula; nil with several filters.
    public var falseAlarmProbability: Double? {
        FalseAlarm.baluev(power: best.power, periodogram: periodogram, bandwidth: grid.last - grid.first)
    }

    /// FAP of the best peak from shuffled light curves.
    public func bootstrapProbability(trials: Int, seed: UInt64 = 1) -> Double {
        FalseAlarm.bootstrap(power: best.power, periodogram: periodogram, grid: grid, trials: trials, seed: seed)
    }

    /// Local maxima of the grid, its ends included, highest first, each more than `distance` from those before it.
    private static func peakPlaces(
        _ powers: [Double], _ grid: FrequencyGrid, distance: Double, count: Int
    ) -> [Int] {
        let maxima = powers.indices.filter { index in
            powers[index] > 0 && (index == 0 || powers[index] > powers[index - 1])
                && (index == powers.count - 1 || powers[index] >= powers[index + 1])
        }.sorted { (-powers[$0], $0) < (-powers[$1], $1) }
        var places: [Int] = []
        for index in maxima {
            if places.count == count { break }
            let isOwn = places.allSatisfy { abs(Double($0 - index)) * grid.step > distance }
            if isOwn { places.append(index) }
        }
        return places
    }

    private static func relatives(
        of best: Double, _ grid: FrequencyGrid, _ powers: [Double], _ periodogram: LombScargle, resolution: Double
    ) -> [Peak] {
        [best / 2, 2 * best, best + 1, abs(best - 1)].compactMap { frequency -> Peak? in
            let low = ((frequency - 0.5 * resolution - grid.first) / grid.step).rounded(.up)
            let high = ((frequency + 0.5 * resolution - grid.first) / grid.step).rounded(.down)
            guard low < Double(grid.count), high >= 0 else { return nil }
            let places = max(0, Int(low))..<max(max(0, Int(low)), min(grid.count, Int(high) + 1))
            guard let place = places.max(by: { powers[$0] < powers[$1] }) else { return nil }
            let (own, power) = refined(at: place, grid, powers, periodogram)
            return PeriodRelation(of: own, to: best, resolution: resolution).map {
                Peak(frequency: own, power: power, relation: $0)
            }
        }
    }

    /// Golden-section search for the top between the neighbours on the grid.
    private static func refined(
        at index: Int, _ grid: FrequencyGrid, _ powers: [Double], _ periodogram: LombScargle
    ) -> (frequency: Double, power: Double) {
        let ratio = (5.0.squareRoot() - 1) / 2
        var low = grid.frequency(max(0, index - 1))
        var high = grid.frequency(min(grid.count - 1, index + 1))
        var (left, right) = (high - ratio * (high - low), low + ratio * (high - low))
        var (leftPower, rightPower) = (periodogram.power(at: left), periodogram.power(at: right))
        while high - low > 1e-6 * grid.step {
            if leftPower >= rightPower {
                (high, right, rightPower) = (right, left, leftPower)
                left = high - ratio * (high - low)
                leftPower = periodogram.power(at: left)
            } else {
                (low, left, leftPower) = (left, right, rightPower)
                right = low + ratio * (high - low)
                rightPower = periodogram.power(at: right)
            }
        }
        let top = 0.5 * (low + high)
        let (own, onGrid) = (periodogram.power(at: top), periodogram.power(at: grid.frequency(index)))
        return own >= onGrid ? (top, own) : (grid.frequency(index), onGrid)
    }
}
