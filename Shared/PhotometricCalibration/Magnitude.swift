internal import PortableNumbers

/// Fluxes as magnitudes, from portable logarithms.
enum Magnitude {
    /// 2.5 / ln 10: d(magnitude) = 1.0857 d(flux) / flux.
    static let perNeper = 1.085_736_204_758_129_6

    /// -2.5 log10(x) for x > 0.
    static func of(_ x: Double) -> Double { -perNeper * Elementary.log(x) }

    /// 10^(-0.4 m)
    static func flux(_ magnitude: Double) -> Double { Elementary.exp(-magnitude / perNeper) }
}

/// Statistics that a few wild values do not spoil.
enum Robust {
    /// The median; `nil` without values.
    static func median(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        return 0.5 * (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2])
    }

    /// 1.4826 MAD: the standard deviation of a Gaussian; `nil` without values.
    static func sigma(_ values: [Double]) -> Double? {
        guard let centre = median(values) else { return nil }
        return median(values.map { abs($0 - centre) }).map { 1.4826 * $0 }
    }
}
