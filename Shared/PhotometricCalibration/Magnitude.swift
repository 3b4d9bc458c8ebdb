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
