internal import Glibc

/// 2.5 / ln 10: a relative flux error of one part in a thousand is 0.0010857 mag.
let magnitudesPerRelativeFlux = 2.5 / 2.302585092994046

/// Scintillation noise of one exposure [mag], Young's approximation.
///
///     sigma = 1.0857 * 0.09 * D^(-2/3) * X^1.75 * (2 t)^(-1/2) * exp(-h / 8000 m)      D in cm, t in s
///
/// An average site and night; real ones differ by a factor of up to two (Osborn et al. 2015, MNRAS 452, 1707).
/// - Parameters:
///   - apertureMeters: diameter of the telescope [m], > 0.
///   - exposureSeconds: exposure [s], > 0.
///   - airmass: X, >= 1.
///   - elevationMeters: height of the site above sea level [m].
/// - Returns: standard deviation [mag], independent from star to star; 0 when a parameter is not usable.
/// - Source: Young 1967, AJ 72, 747.
public func scintillationMagnitudes(
    apertureMeters: Double, exposureSeconds: Double, airmass: Double, elevationMeters: Double
) -> Double {
    guard apertureMeters > 0, exposureSeconds > 0, airmass >= 1, elevationMeters.isFinite else { return 0 }
    let sigma =
        0.09 * pow(apertureMeters * 100, -2.0 / 3) * pow(airmass, 1.75) * pow(2 * exposureSeconds, -0.5)
        * exp(-elevationMeters / 8000)
    return sigma.isFinite ? magnitudesPerRelativeFlux * sigma : 0
}
