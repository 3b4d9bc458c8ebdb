internal import LinearAlgebra
internal import PortableNumbers

/// The part of stars that is found, as a function of magnitude m:
///
///     efficiency = exp(-h) Phi(z)
///     z = k (10^(-0.4 (m - mu)) - 1)          a threshold on a signal with Gaussian noise; k: the threshold over it
///     h = exp(a + g (m - limit)), g >= 0      stars hidden by brighter ones, which are the more the fainter the star
///
/// Phi is the integral of the normal distribution. On a frame without crowding and with even noise k is the threshold
/// in sigmas; noise that differs over the frame makes it smaller.
///
/// - Source: Fleming et al. 1995, AJ 109, 1044, and Harris et al. 2016 fit curves of magnitude alone; this one follows
///   from what the detection does.
struct EfficiencyCurve: Equatable {
    /// mu [mag], ln k, a, ln g.
    var parameters: [Double]
    /// [mag]
    let limit: Double

    init(parameters: [Double], limit: Double) {
        (self.parameters, self.limit) = (parameters, limit)
    }

    /// Nothing found for certain is as rare as one in a hundred thousand: logarithms stay finite.
    private static let least = 1e-5

    func efficiency(_ magnitude: Double) -> Double { slopes(magnitude).efficiency }

    /// The efficiency, its derivatives by the parameters, and by magnitude.
    func slopes(_ magnitude: Double) -> (efficiency: Double, byParameters: [Double], byMagnitude: Double) {
        let (k, g) = (Elementary.exp(parameters[1]), Elementary.exp(parameters[3]))
        let offset = magnitude - limit
        let hidden = Elementary.exp(min(parameters[2] + g * offset, 5))
        let ratio = FluxMagnitude.flux(min(max(magnitude - parameters[0], -20), 20))
        let z = min(k * (ratio - 1), 38)
        let (integral, density) = NormalDistribution.integral(z)
        let clear = Elementary.exp(-hidden)
        let steep = clear * density * k
        let byMu = steep * ratio / FluxMagnitude.scale
        let efficiency = clear * integral
        let slopes = [byMu, steep * (ratio - 1), -hidden * efficiency, -hidden * g * offset * efficiency]
        return (
            min(max(efficiency, Self.least), 1 - Self.least), slopes, -byMu - hidden * g * efficiency
        )
    }

    /// Where the efficiency falls to a value, between two magnitudes; nil when it does not.
    func magnitude(at efficiency: Double, in range: ClosedRange<Double>) -> Double? {
        var (bright, faint) = (range.lowerBound, range.upperBound)
        guard self.efficiency(bright) >= efficiency, self.efficiency(faint) <= efficiency else { return nil }
        for _ in 0..<40 {
            let middle = (bright + faint) / 2
            if self.efficiency(middle) > efficiency { bright = middle } else { faint = middle }
        }
        return (bright + faint) / 2
    }
}

/// A curve through trials, with the covariance of its parameters.
struct EfficiencyFit {
    private(set) var curve: EfficiencyCurve
    /// Inverse of the information that trials and expectations have, row by row.
    private(set) var covariance: [Double]

    /// Expected parameters and how far they may be off, which only tell where the trials do not: mu at the limit, k
    /// the threshold, a few per cent of the stars hidden there, half as many a magnitude above.
    private let expected: [Double]
    private static let deviations = [1.0, 0.4, 1.5, 0.3]

    /// Maximum likelihood of Bernoulli trials, by Fisher's scoring with halved steps.
    ///
    /// - Parameters:
    ///   - bins: trials and successes by magnitude; narrow against the width of the fall.
    ///   - limit: magnitude at which a star without its own photon noise has the threshold's ratio.
    init(_ bins: [EfficiencyBin], limit: Double, threshold: Double) {
        expected = [limit, Elementary.log(threshold), -3, Elementary.log(0.7)]
        curve = EfficiencyCurve(parameters: expected, limit: limit)
        covariance = []
        var likelihood = self.likelihood(curve, bins)
        for _ in 0..<30 {
            let (step, inverse) = step(bins)
            covariance = inverse
            // No parameter moves by more than 1 at once; shortened, a step still leads upwards.
            var (scale, gained) = (1 / max(1, step.map { abs($0) }.max() ?? 0), 0.0)
            for _ in 0..<20 {
                var next = curve
                for index in 0..<4 { next.parameters[index] += scale * step[index] }
                let value = self.likelihood(next, bins)
                if value > likelihood {
                    gained = value - likelihood
                    (curve, likelihood) = (next, value)
                    break
                }
                scale /= 2
            }
            if gained < 1e-7 { break }
        }
        covariance = step(bins).inverse
    }

    private func likelihood(_ curve: EfficiencyCurve, _ bins: [EfficiencyBin]) -> Double {
        var sum = 0.0
        for index in 0..<4 {
            let off = (curve.parameters[index] - expected[index]) / Self.deviations[index]
            sum -= off * off / 2
        }
        for bin in bins {
            let efficiency = curve.efficiency(bin.magnitude)
            sum += Double(bin.recovered) * Elementary.log(efficiency)
            sum += Double(bin.injected - bin.recovered) * Elementary.log(1 - efficiency)
        }
        return sum
    }

    private func step(_ bins: [EfficiencyBin]) -> (step: [Double], inverse: [Double]) {
        var information = [Double](repeating: 0, count: 16)
        var gradient = [Double](repeating: 0, count: 4)
        for index in 0..<4 {
            let weight = 1 / (Self.deviations[index] * Self.deviations[index])
            information[index * 5] = weight
            gradient[index] = weight * (expected[index] - curve.parameters[index])
        }
        for bin in bins {
            let (efficiency, slopes, _) = curve.slopes(bin.magnitude)
            let weight = 1 / (efficiency * (1 - efficiency))
            let excess = Double(bin.recovered) - Double(bin.injected) * efficiency
            for row in 0..<4 {
                gradient[row] += weight * excess * slopes[row]
                for column in 0..<4 {
                    information[row * 4 + column] += Double(bin.injected) * weight * slopes[row] * slopes[column]
                }
            }
        }
        // What is expected beforehand keeps it positive definite.
        guard let factor = CholeskyFactor(information, order: 4, leastPivot: 0) else {
            return ([0, 0, 0, 0], [Double](repeating: .nan, count: 16))
        }
        return (factor.solve(gradient), factor.inverse())
    }

    /// Where the efficiency falls to a value, and the standard error of that place; nil outside of `range`.
    func magnitude(at efficiency: Double, in range: ClosedRange<Double>) -> (value: Double, error: Double)? {
        guard let place = curve.magnitude(at: efficiency, in: range) else { return nil }
        let slopes = curve.slopes(place)
        var variance = 0.0
        for row in 0..<4 {
            for column in 0..<4 {
                variance += slopes.byParameters[row] * covariance[row * 4 + column] * slopes.byParameters[column]
            }
        }
        let error = max(variance, 0).squareRoot() / abs(slopes.byMagnitude)
        return error.isFinite ? (place, error) : nil
    }
}

/// The integral of the normal distribution from minus infinity, and its density.
enum NormalDistribution {
    /// Good to 1e-7. Source: Abramowitz & Stegun 1964, 26.2.17.
    static func integral(_ z: Double) -> (integral: Double, density: Double) {
        let density = Elementary.exp(-z * z / 2) * 0.398_942_280_401_432_7
        let t = 1 / (1 + 0.231_641_9 * abs(z))
        let series =
            t * (0.319_381_530 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))))
        return (z >= 0 ? 1 - density * series : density * series, density)
    }
}
