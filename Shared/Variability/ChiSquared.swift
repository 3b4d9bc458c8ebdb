internal import Glibc

/// The chi^2 distribution.
public enum ChiSquared {
    /// Q(nu / 2, chi^2 / 2): the probability of a chi^2 of at least this value.
    ///
    /// - Returns: 1 for a value that is not positive; 0 below the smallest number that can be written.
    /// - Source: series and continued fraction of the incomplete gamma function, Abramowitz & Stegun 6.5.29, 6.5.31,
    ///   the latter by Lentz's method.
    public static func probability(of chiSquared: Double, degreesOfFreedom: Int) -> Double {
        guard chiSquared > 0, degreesOfFreedom > 0 else { return 1 }
        guard chiSquared.isFinite else { return 0 }
        let a = Double(degreesOfFreedom) / 2
        let x = chiSquared / 2
        return x < a + 1 ? 1 - lowerSeries(a, x) : upperFraction(a, x)
    }

    /// x^a e^-x / Gamma(a)
    private static func factor(_ a: Double, _ x: Double) -> Double { exp(a * log(x) - x - logGamma(a)) }

    private static func lowerSeries(_ a: Double, _ x: Double) -> Double {
        var term = 1 / a
        var sum = term
        var k = a
        while term > sum * 1e-17 {
            k += 1
            term *= x / k
            sum += term
        }
        return min(1, sum * factor(a, x))
    }

    private static func upperFraction(_ a: Double, _ x: Double) -> Double {
        var b = x + 1 - a
        var c = 1e300
        var d = 1 / b
        var product = d
        var k = 1.0
        while k < 1e6 {
            let numerator = -k * (k - a)
            b += 2
            d = numerator * d + b
            d = 1 / (abs(d) < 1e-300 ? 1e-300 : d)
            c = b + numerator / c
            if abs(c) < 1e-300 { c = 1e-300 }
            let change = c * d
            product *= change
            if abs(change - 1) < 1e-15 { break }
            k += 1
        }
        return product * factor(a, x)
    }
}

/// ln Gamma(x) for x > 0: Stirling's series (Abramowitz & Stegun 6.1.41) above 12, the recurrence below.
func logGamma(_ x: Double) -> Double {
    var argument = x
    var product = 1.0
    while argument < 12 {
        product *= argument
        argument += 1
    }
    let inverse = 1 / argument
    let square = inverse * inverse
    let terms = [1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188, -691.0 / 360_360, 1.0 / 156]
    var series = 0.0
    for term in terms.reversed() { series = series * square + term }
    return (argument - 0.5) * log(argument) - argument + 0.918_938_533_204_672_742 + series * inverse - log(product)
}
