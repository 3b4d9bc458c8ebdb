internal import PortableNumbers

/// Magnitudes of fluxes, -2.5 log10(flux): flux in electrons, so that 1 e- has magnitude 0.
enum FluxMagnitude {
    /// Magnitudes per unit of ln flux.
    static let scale = 1.085_736_204_758_129_5

    static func magnitude(_ flux: Double) -> Double { -scale * Elementary.log(flux) }
    static func flux(_ magnitude: Double) -> Double { Elementary.exp(-magnitude / scale) }
}
