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
        factor == 1 ? nil : "neighbouring pixels are correlated: errors are multiplied by NJCORREL = \(factor)"
    }

    /// Multiplies the errors of fluxes and places; what is not known stays so.
    func widen(_ rows: inout [Measurement]) {
        guard factor != 1 else { return }
        for index in rows.indices {
            rows[index].xError *= factor
            rows[index].yError *= factor
            rows[index].fluxApertureError *= factor
            rows[index].fluxTotalError *= factor
            rows[index].fluxOptimalError *= factor
            rows[index].fluxPSFError *= factor
            rows[index].fluxAutoError *= factor
            for extra in rows[index].extraFluxes.indices { rows[index].extraFluxes[extra].fluxError *= factor }
        }
    }
}
