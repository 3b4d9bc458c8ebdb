/// The least standard errors that any unbiased measurement of one star can have, given the noise of each pixel.
///
///     I_ab = sum over pixels (d mu/da) (d mu/db) / V,   mu = flux * share,   a, b of flux, x, y
///     error = sqrt((I^-1)_aa);  flux with the place known: 1 / sqrt(I_FF)
///
/// V is the true variance of the pixel: photons of all stars and of the sky, dark current, read noise and rounding.
/// - Source: Kay, Fundamentals of Statistical Signal Processing: Estimation Theory, 1993, chapter 3; for stars
///   Mendez et al. 2013, PASP 125, 580.
public struct CramerRaoBounds: Sendable, Equatable {
    /// Flux divided by its error where only background, dark and read noise count: what a matched filter gives.
    public var matchedFilterSignalToNoise: Double
    /// [e-]
    public var fluxErrorPlaceKnown: Double
    /// [e-]
    public var fluxError: Double
    /// [px]
    public var xError: Double
    public var yError: Double

    /// - Parameters:
    ///   - variance: of each pixel of the frame [e-^2], row-major.
    ///   - background: the same without the photons of stars [e-^2].
    init(_ stamp: StarStamp, flux: Double, variance: [Double], background: [Double], width: Int) {
        var (ff, fx, fy, xx, xy, yy, matched) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        var index = 0
        for row in stamp.rows {
            for column in stamp.columns {
                let (share, byX, byY) = (stamp.share[index], flux * stamp.byX[index], flux * stamp.byY[index])
                index += 1
                let weight = 1 / variance[row * width + column]
                matched += share * share / background[row * width + column]
                ff += share * share * weight
                fx += share * byX * weight
                fy += share * byY * weight
                xx += byX * byX * weight
                xy += byX * byY * weight
                yy += byY * byY * weight
            }
        }
        let determinant = ff * (xx * yy - xy * xy) - fx * (fx * yy - xy * fy) + fy * (fx * xy - xx * fy)
        matchedFilterSignalToNoise = flux * matched.squareRoot()
        fluxErrorPlaceKnown = 1 / ff.squareRoot()
        fluxError = ((xx * yy - xy * xy) / determinant).squareRoot()
        xError = ((ff * yy - fy * fy) / determinant).squareRoot()
        yError = ((ff * xx - fx * fx) / determinant).squareRoot()
    }
}
