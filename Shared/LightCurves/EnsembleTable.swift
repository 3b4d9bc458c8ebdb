internal import Glibc

/// The measurements as a table of frames by stars, missing ones marked.
struct EnsembleTable {
    let starCount: Int
    let frameCount: Int
    /// Instrumental magnitude -2.5 log10(flux); `cell(frame, star)` indexes.
    private(set) var magnitude: [Double]
    /// Variance from photons, sky, read noise and scintillation [mag^2].
    private(set) var variance: [Double]
    /// Whether there is a measurement of use.
    private(set) var isPresent: [Bool]

    /// A flux below this many sigma has no honest magnitude.
    private static let lowestSignalToNoise = 5.0

    /// - Parameter input: sorted.
    init(_ input: EnsembleInput) {
        starCount = input.stars.count
        frameCount = input.frames.count
        magnitude = [Double](repeating: 0, count: starCount * frameCount)
        variance = magnitude
        isPresent = [Bool](repeating: false, count: starCount * frameCount)
        let column = Dictionary(uniqueKeysWithValues: input.stars.enumerated().map { ($1.id, $0) })
        for (row, frame) in input.frames.enumerated() {
            let scintillation = frame.scintillationMagnitudes.isFinite ? frame.scintillationMagnitudes : 0
            for flux in frame.fluxes {
                guard let star = column[flux.starID], flux.flux.isFinite, flux.fluxError.isFinite, flux.fluxError > 0,
                    flux.flux >= Self.lowestSignalToNoise * flux.fluxError
                else { continue }
                let index = row * starCount + star
                guard !isPresent[index] else { continue }
                let photon = magnitudesPerRelativeFlux * flux.fluxError / flux.flux
                magnitude[index] = -2.5 * log10(flux.flux)
                variance[index] = photon * photon + scintillation * scintillation
                isPresent[index] = true
            }
        }
    }

    func measurements(of star: Int) -> Int {
        (0..<frameCount).count { isPresent[$0 * starCount + star] }
    }
}
