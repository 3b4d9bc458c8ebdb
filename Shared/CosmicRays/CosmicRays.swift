public import Imaging

/// Finds the pixels that cosmic rays have hit, by L.A.Cosmic.
///
///     S  = L+ / (2 N)          L+: positive Laplacian of the frame split in 2 x 2, N: noise of the smoothed frame
///     S' = S - M5(S)           Mn: true median of n x n pixels
///     hit where  S' > sigmaLimit  and  S' > contrastLimit * F / N            F = M3 - M7(M3)
///     or where this is so in three pixels in a row with trackFraction * sigmaLimit, and their S' add up to
///     trackSum * sigmaLimit: faint tracks that no pixel gives away by itself
///     or beside a hit where S' > sigmaLimit, and beside those where S' > neighbourFraction * sigmaLimit
///
/// With a point spread P there is a second fine structure, G = C - M7(C) of the frame convolved with it, C = P * I.
/// With r the greatest ratio of L+ / 2, and b that of the light, to F (or G) that a star of this point spread has
/// anywhere within its pixel, a pixel is hit where S' > sigmaLimit and, for F or for G,
///
///     S' > contrastLimit * r * F / N   and   S' - r * F / N > sigmaLimit * sqrt(1 + b * F / N^2)
///
/// the root being the noise of the star that F would be, in units of N: so neither the brightest nor the faintest star
/// is taken for a cosmic ray, however it is sampled. F / N and G / N are at least 0.01. Hit pixels are then replaced by
/// the median of the good ones around them, and the frame is searched again; only what the replaced pixels reach can
/// have changed, and only that is looked at.
///
/// - Parameter frame: its variance is that of background, read noise and masters [e-^2]; the photon noise of stars is
///   added here, from the 5 x 5 median above the sky. Pixels marked `noData`, `bad` or `lowFlat`, not finite or of no
///   positive variance are neither hit nor used. Saturated stars and their halos are left alone.
/// - Returns: the hit pixels; the frame is not changed.
/// - Source: van Dokkum 2001, PASP 113, 1420; the comparison with the point spread in the way of the same test.
public func cosmicRays(
    in frame: CalibratedFrame, parameters: CosmicRayParameters = CosmicRayParameters()
) -> CosmicRayHits {
    var search = CosmicRaySearch(frame, FrameSurvey(frame), parameters)
    return search.run()
}
