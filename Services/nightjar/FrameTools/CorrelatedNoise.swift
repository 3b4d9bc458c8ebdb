internal import Imaging
internal import Photometry

/// Noise that neighbouring pixels share, as in aligned and stacked frames.
///
/// The variance plane of such a frame is that of each pixel by itself. A sum over an aperture has more noise than it
/// says, by the factor NJCORREL that `nightjar align` writes (see `ResampledNoise.correlationFactor`), exact for
/// apertures that are wide compared with the kernel of the resampling.
struct CorrelatedNoise {
    /// 1 where nothing was resampled.
    let factor: Double

    init(_ header: Header) {
        let stated = header.number("NJCORREL") ?? 1
        factor = stated.isFinite && stated > 0 ? stated : 1
    }

    /// What the user should know; nil when there is nothing to say.
    var note: String? {
        factor == 1
            ? nil
            : "neighbouring pixels are correlated: errors are multiplied by NJCORREL = \(factor), but for the stars' "
                + "own photon noise"
    }

    /// Multiplies the errors of fluxes and places; what is not known stays so.
    ///
    ///     error^2 = factor^2 (error^2 - photons) + photons        photons: the star's own, flux [e-^2]
    ///
    /// The star's photons are not in the variance plane but come from its light, which resampling does not smooth.
    /// - Parameter gainKnown: false where the errors are without the star's photons.
    func widen(_ rows: inout [Measurement], gainKnown: Bool) {
        guard factor != 1 else { return }
        func widened(_ error: Double, _ flux: Double) -> Double {
            let photons = gainKnown && flux > 0 ? min(flux, error * error) : 0
            return (factor * factor * (error * error - photons) + photons).squareRoot()
        }
        for index in rows.indices {
            let row = rows[index]
            rows[index].xError *= factor
            rows[index].yError *= factor
            rows[index].fluxApertureError = widened(row.fluxApertureError, row.fluxAperture)
            rows[index].fluxTotalError = widened(row.fluxTotalError, row.fluxTotal)
            rows[index].fluxOptimalError = widened(row.fluxOptimalError, row.fluxOptimal)
            rows[index].fluxPSFError = widened(row.fluxPSFError, row.fluxPSF)
            rows[index].fluxAutoError = widened(row.fluxAutoError, row.fluxAuto)
            for extra in row.extraFluxes.indices {
                let flux = row.extraFluxes[extra]
                rows[index].extraFluxes[extra].fluxError = widened(flux.fluxError, flux.flux)
            }
        }
    }
}
