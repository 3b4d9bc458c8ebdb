internal import Glibc

/// The generalised Lomb-Scargle periodogram: least-squares sinusoids with a floating mean and weights.
///
///     power(f) = (chi0^2 - chi^2(f)) / chi0^2,   0 to 1
///
/// chi0^2 is against the weighted mean, chi^2(f) against the best c + a cos(2 pi f t) + b sin(2 pi f t). With several
/// filters each has its own c, a and b, and the powers add with weights chi0^2.
///
/// On a grid the six sums over points come from three non-uniform fast Fourier transforms, exact to about 1e-10 in
/// power; at single frequencies they are summed directly.
///
/// - Source: Zechmeister & Kuerster 2009, A&A 496, 577; several filters: VanderPlas & Ivezic 2015, ApJ 812, 18, their
///   "multi-phase model".
public struct LombScargle: Sendable {
    let bands: [Band]
    /// Times are counted from here [d].
    let originDays: Double

    /// One filter: times from the origin [d], weights that add up to 1, magnitudes minus their weighted mean.
    struct Band: Sendable {
        var times: [Double]
        var weights: [Double]
        var values: [Double]
        /// W = sum(1 / e^2)
        var totalWeight: Double
        /// YY = sum(w y^2) of normalised weights; chi0^2 = W YY.
        var variance: Double
        var chiSquared: Double { totalWeight * variance }
    }

    /// Points a filter needs at least: more than a sinusoid and a mean have parameters.
    public static let fewestPoints = 5

    /// - Parameter series: one per filter; those with too few points or without any scatter are left out.
    /// - Returns: nil when none is left.
    public init?(_ series: [LightCurveSeries]) {
        let usable = series.filter { $0.count >= Self.fewestPoints && $0.baselineDays > 0 }
        let ends = usable.flatMap { [$0.points[0].timeDays, $0.points[$0.count - 1].timeDays] }
        guard let first = ends.min(), let last = ends.max() else { return nil }
        let origin = 0.5 * (first + last)
        originDays = origin
        bands = usable.map { Band($0, origin: origin) }.filter { $0.variance > 0 }
        if bands.isEmpty { return nil }
    }

    public init?(_ series: LightCurveSeries) { self.init([series]) }

    /// Points used, in all filters.
    public var pointCount: Int { bands.reduce(0) { $0 + $1.times.count } }

    /// From the first point to the last [d].
    public var baselineDays: Double {
        let times = bands.flatMap { [$0.times[0], $0.times[$0.times.count - 1]] }
        return (times.max() ?? 0) - (times.min() ?? 0)
    }

    /// The grid that suits the points; see `FrequencyGrid`.
    public func grid(shortestPeriodDays: Double? = nil, longestPeriodDays: Double? = nil) -> FrequencyGrid? {
        FrequencyGrid(
            timesDays: bands.flatMap(\.times), shortestPeriodDays: shortestPeriodDays,
            longestPeriodDays: longestPeriodDays)
    }

    /// Power at one frequency [1/d], summed directly.
    public func power(at frequency: Double) -> Double {
        var (explained, total) = (0.0, 0.0)
        for band in bands {
            explained += band.chiSquared * band.sums(at: frequency).power(variance: band.variance)
            total += band.chiSquared
        }
        return explained / total
    }

    /// Power at each frequency of a grid.
    public func power(on grid: FrequencyGrid) -> [Double] {
        PeriodogramPlan(self, grid).power(of: bands.map(\.values))
    }
}

extension LombScargle.Band {
    init(_ series: LightCurveSeries, origin: Double) {
        times = series.points.map { $0.timeDays - origin }
        totalWeight = series.points.reduce(0) { $0 + $1.weight }
        let total = totalWeight
        weights = series.points.map { $0.weight / total }
        let reference = series.points[0].magnitude
        values = series.points.map { $0.magnitude - reference }
        variance = 0
        centre()
    }

    /// Takes the weighted mean out of the values, and finds their variance.
    mutating func centre() {
        let mean = zip(weights, values).reduce(0) { $0 + $1.0 * $1.1 }
        for index in values.indices { values[index] -= mean }
        variance = zip(weights, values).reduce(0) { $0 + $1.0 * $1.1 * $1.1 }
        // What rounding leaves of equal magnitudes is no scatter.
        if variance < 1e-24 { variance = 0 }
    }

    func sums(at frequency: Double) -> PeriodogramSums {
        var sums = PeriodogramSums()
        for index in times.indices {
            let cycles = frequency * times[index]
            let angle = 2 * .pi * (cycles - cycles.rounded())
            let (c, s, w) = (cos(angle), sin(angle), weights[index])
            sums.c += w * c
            sums.s += w * s
            sums.yc += w * values[index] * c
            sums.ys += w * values[index] * s
            sums.cc += w * c * c
            sums.cs += w * c * s
        }
        return sums
    }
}

/// The sums over points at one frequency, of normalised weights and centred values.
struct PeriodogramSums {
    var (c, s, yc, ys, cc, cs) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)

    /// Equations 5 to 15 of Zechmeister & Kuerster. 0 where sine and cosine cannot be told apart at these times, such
    /// as at multiples of an even sampling.
    func power(variance: Double) -> Double {
        let cosines = cc - c * c
        let sines = 1 - cc - s * s
        let mixed = cs - c * s
        let determinant = cosines * sines - mixed * mixed
        guard determinant > 1e-9 else { return 0 }
        let power = (sines * yc * yc + cosines * ys * ys - 2 * mixed * yc * ys) / (variance * determinant)
        return min(1, max(0, power))
    }
}
