internal import Glibc

/// What the power on a grid needs that does not depend on the magnitudes: made once for a light curve and all its
/// shuffled copies.
struct PeriodogramPlan {
    private let transform: NonuniformTransform
    private let bands: [BandPlan]
    private let count: Int

    /// Coordinates and window sums of one filter.
    private struct BandPlan {
        let weights: [Double]
        /// sum(1 / e^2)
        let totalWeight: Double
        /// Times in cycles per grid step.
        let cycles: [Double]
        /// e^(2 pi i f t) at the grid's middle frequency.
        let carriers: ComplexValues
        /// Sums of w e^(2 pi i f t) at f and at 2 f.
        let window: ComplexValues
        let doubled: ComplexValues
    }

    init(_ periodogram: LombScargle, _ grid: FrequencyGrid) {
        count = grid.count
        let transform = NonuniformTransform(modeCount: grid.count)
        self.transform = transform
        let middle = grid.first + Double(transform.modeCount / 2) * grid.step
        bands = periodogram.bands.map { band in
            func sums(_ factor: Double, _ carriers: ComplexValues) -> ComplexValues {
                transform.sums(
                    cycles: band.times.map { factor * grid.step * $0 },
                    coefficients: carriers.scaled(by: band.weights))
            }
            let carriers = ComplexValues(cycles: band.times.map { middle * $0 })
            let twice = ComplexValues(cycles: band.times.map { 2 * middle * $0 })
            return BandPlan(
                weights: band.weights, totalWeight: band.totalWeight, cycles: band.times.map { grid.step * $0 },
                carriers: carriers,
                window: sums(1, carriers), doubled: sums(2, twice))
        }
    }

    /// - Parameter values: for each filter, magnitudes minus their weighted mean.
    func power(of values: [[Double]]) -> [Double] {
        var explained = [Double](repeating: 0, count: count)
        var total = 0.0
        for (index, band) in bands.enumerated() {
            let weighted = zip(band.weights, values[index]).map { $0 * $1 }
            let variance = zip(weighted, values[index]).reduce(0) { $0 + $1.0 * $1.1 }
            let share = band.totalWeight * variance
            let sums = transform.sums(cycles: band.cycles, coefficients: band.carriers.scaled(by: weighted))
            for k in 0..<count {
                let point = PeriodogramSums(
                    c: band.window.real[k], s: band.window.imaginary[k], yc: sums.real[k], ys: sums.imaginary[k],
                    cc: 0.5 * (1 + band.doubled.real[k]), cs: 0.5 * band.doubled.imaginary[k])
                explained[k] += share * point.power(variance: variance)
            }
            total += share
        }
        return explained.map { $0 / total }
    }
}

extension ComplexValues {
    /// e^(2 pi i x)
    init(cycles: [Double]) {
        self.init(zeros: cycles.count)
        for (index, cycle) in cycles.enumerated() {
            let angle = 2 * .pi * (cycle - cycle.rounded())
            (real[index], imaginary[index]) = (cos(angle), sin(angle))
        }
    }

    func scaled(by factors: [Double]) -> ComplexValues {
        var result = self
        for (index, factor) in factors.enumerated() {
            result.real[index] *= factor
            result.imaginary[index] *= factor
        }
        return result
    }
}
