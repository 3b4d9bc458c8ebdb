/// Exponential and logarithm from sums and products alone, so that every machine gets the same bits: C libraries choose
/// fused products where the machine has them. Good to 1e-15.
public enum Elementary {
    @usableFromInline static let log2High = 0x1.62e42feep-1
    @usableFromInline static let log2Low = 0x1.a39ef35793c76p-33
    @usableFromInline static let log2 = 0.693_147_180_559_945_3
    /// 1 / n!
    @usableFromInline static let factorials = (0...14).map { n in n == 0 ? 1 : (1...n).reduce(1.0) { $0 / Double($1) } }
    /// 1 / (2 n + 1)
    @usableFromInline static let odd = (0...11).map { 1 / Double(2 * $0 + 1) }

    /// e^x; 0 below -700, x at most 700.
    @inlinable
    public static func exp(_ x: Double) -> Double {
        guard x > -700 else { return 0 }
        let power = (min(x, 700) / log2).rounded()
        let rest = (min(x, 700) - power * log2High) - power * log2Low
        // Taylor's series, |rest| <= 0.35.
        var sum = factorials[14]
        for term in stride(from: 13, through: 0, by: -1) { sum = sum * rest + factorials[term] }
        return Double(sign: .plus, exponent: Int(power), significand: sum)
    }

    /// ln x for a positive normal x.
    @inlinable
    public static func log(_ x: Double) -> Double {
        var (exponent, significand) = (Double(x.exponent), x.significand)
        if significand > 1.414_213_562_373_095 {
            exponent += 1
            significand /= 2
        }
        // ln m = 2 artanh((m - 1) / (m + 1)), argument at most 0.172.
        let s = (significand - 1) / (significand + 1)
        let square = s * s
        var sum = 0.0
        for term in stride(from: 11, through: 0, by: -1) { sum = sum * square + odd[term] }
        return exponent * log2High + (2 * s * sum + exponent * log2Low)
    }
}
