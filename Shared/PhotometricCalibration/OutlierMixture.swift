internal import PortableNumbers

/// What a residual may come from: the star as expected, or one of three kinds of trouble.
///
///     p(r) = sum_k f_k N(r; 0, v_k)
///
///     expected   v = e^2 + s^2            e known error, s intrinsic scatter
///     near       v = 16 (e^2 + s^2)       errors that are too small, faint blends
///     far        v = e^2 + s^2 + 0.5^2    variable stars, blends [mag]
///     gross      v = e^2 + s^2 + 4^2      wrong matches [mag]
///
/// All have the same centre; the weights of a broad one are so small that it moves the answer little even when its
/// stars lie on one side.
///
/// - Source: mixture in place of rejection: Hogg, Bovy & Lang 2010, arXiv:1008.4686, section 3.
struct OutlierMixture: Sendable {
    static let kinds = 4
    /// Fractions before any star is seen: nine tenths and more as expected. Hardly any near, whose stars are so like
    /// those as expected that a hundred stars do not tell them apart: the fraction would stay what it is said to be
    /// here, and with a twentieth the scatter of well-behaved stars comes out a tenth too small in its square.
    static let pseudoStars = SIMD4(9.46, 0.04, 0.4, 0.1)

    var fractions = pseudoStars / 10

    /// One star: its share in each kind turned into what least squares needs.
    struct Weight {
        /// sum_k share_k / v_k: the weight of the star.
        var weight = 0.0
        /// -d^2 ln p / dr^2: what the star adds to the information.
        var curvature = 0.0
        /// ln p(r)
        var logDensity = 0.0
    }

    /// - Parameters:
    ///   - residual: r [mag].
    ///   - variance: e^2 + s^2 [mag^2], > 0.
    ///   - shares: gets the probabilities of the four kinds.
    @inline(__always)
    func weight(residual: Double, variance: Double, shares: inout SIMD4<Double>, needsLogarithm: Bool) -> Weight {
        let inverse = 1 / SIMD4(variance, 16 * variance, variance + 0.25, variance + 16)
        let exponent = -0.5 * residual * residual * inverse
        let density = inverse.squareRoot() * fractions * exponential(exponent)
        let total = max(density.sum(), 1e-290)
        shares = density / total
        var result = Weight()
        result.weight = (shares * inverse).sum()
        let slope = residual * result.weight
        let squares = (shares * inverse * inverse).sum() * residual * residual
        result.curvature = result.weight - (squares - slope * slope)
        if needsLogarithm { result.logDensity = Elementary.log(total) - 0.918_938_533_204_672_7 }
        return result
    }

    /// Fractions from the sums of the shares, with the pseudo-stars added.
    mutating func update(sums: SIMD4<Double>) {
        let all = sums + Self.pseudoStars
        fractions = all / all.sum()
    }

    /// ln of the fractions' prior, up to a constant.
    var logPrior: Double {
        (0..<Self.kinds).reduce(0) { $0 + Self.pseudoStars[$1] * Elementary.log(max(fractions[$1], 1e-290)) }
    }
}

/// e^x of four numbers, x <= 0, from the operations of `Elementary.exp`.
@inline(__always)
func exponential(_ x: SIMD4<Double>) -> SIMD4<Double> {
    let held = x.clamped(lowerBound: SIMD4(repeating: -690), upperBound: SIMD4(repeating: 0))
    let power = (held * 1.442_695_040_888_963_4).rounded(.toNearestOrAwayFromZero)
    let rest = (held - power * 0x1.62e42feep-1) - power * 0x1.a39ef35793c76p-33
    // Taylor's series, |rest| <= 0.35.
    var sum = SIMD4(repeating: 1.0 / 6_227_020_800)
    sum = sum * rest + 1.0 / 479_001_600
    sum = sum * rest + 1.0 / 39_916_800
    sum = sum * rest + 1.0 / 3_628_800
    sum = sum * rest + 1.0 / 362_880
    sum = sum * rest + 1.0 / 40_320
    sum = sum * rest + 1.0 / 5040
    sum = sum * rest + 1.0 / 720
    sum = sum * rest + 1.0 / 120
    sum = sum * rest + 1.0 / 24
    sum = sum * rest + 1.0 / 6
    sum = sum * rest + 0.5
    sum = sum * rest + 1
    sum = sum * rest + 1
    let bits = SIMD4<Int64>(Int64(power[0]), Int64(power[1]), Int64(power[2]), Int64(power[3])) &+ 1023
    let scale = SIMD4(
        Double(bitPattern: UInt64(bitPattern: bits[0]) << 52), Double(bitPattern: UInt64(bitPattern: bits[1]) << 52),
        Double(bitPattern: UInt64(bitPattern: bits[2]) << 52), Double(bitPattern: UInt64(bitPattern: bits[3]) << 52))
    return sum * scale
}
