internal import CSEP
internal import Detection
internal import Foundation
internal import Imaging

/// A background-subtracted sum within an aperture.
///
///     flux   = sum D - area * level
///     error^2 = max(flux, 0) + sum V + area^2 * var(level)
///
/// The first term is the source's own photon noise and is left out when the gain is not known.
struct ApertureSum {
    var flux = Double.nan
    var fluxError = Double.nan
    var flags: SourceFlags = []
}

/// A frame opened for sums within apertures, exact to the overlap of circle or ellipse with each square pixel.
struct ApertureSums {
    /// Without the map of sources: a circular aperture counts all light in it.
    let image: sep_image
    /// With it: a Kron ellipse leaves out pixels of other sources.
    let mappedImage: sep_image
    let gainKnown: Bool

    /// Runs `body` while the frame's pixels are lent to libsep.
    static func open<Result>(_ detections: Detections, gainKnown: Bool, _ body: (ApertureSums) -> Result) -> Result {
        let frame = detections.frame
        return withSEPImage(
            frame.residual, variance: frame.variance, excluded: frame.excluded, segments: detections.segments,
            width: frame.width, height: frame.height
        ) { mapped in
            var plain = mapped
            plain.segmap = nil
            return body(ApertureSums(image: plain, mappedImage: mapped, gainKnown: gainKnown))
        }
    }

    func circle(x: Double, y: Double, radius: Double, sky: LocalSky) -> ApertureSum {
        var image = image
        var (sum, sumError, area): (Double, Double, Double) = (0, 0, 0)
        var flag: Int16 = 0
        guard isSane(x, y, radius) else { return ApertureSum(flags: [.noData, .apertureTruncated]) }
        let status = sep_sum_circle(&image, x, y, radius, 0, 0, 0, &sum, &sumError, &area, &flag)
        return result(status, sum, sumError, area, flag, sky)
    }

    /// The Kron ellipse: 2.5 first-moment radii within 6 half axes, at least 3.5 half axes.
    ///
    /// - Source: Kron 1980, ApJS 43, 305; factors as SExtractor's PHOT_AUTOPARAMS 2.5,3.5.
    func kron(_ source: Source, owner: Int32, sky: LocalSky) -> ApertureSum {
        var image = mappedImage
        let (a, b) = (max(source.a, 0.5), max(source.b, 0.5))
        guard isSane(source.x, source.y, 6 * a), a.isFinite, b.isFinite, source.theta.isFinite else {
            return ApertureSum(flags: .kronFailed)
        }
        var (cxx, cyy, cxy): (Double, Double, Double) = (0, 0, 0)
        sep_ellipse_coeffs(a, b, source.theta, &cxx, &cyy, &cxy)
        var radius = 0.0
        var flag: Int16 = 0
        let found = sep_kron_radius(&image, source.x, source.y, cxx, cyy, cxy, 6, owner, &radius, &flag)
        let isGood = found == 0 && Int32(flag) & (SEP_APER_NONPOSITIVE | SEP_APER_ALLMASKED) == 0 && radius.isFinite
        let factor = min(max(isGood ? 2.5 * radius : 0, 3.5), 15)
        var (sum, sumError, area): (Double, Double, Double) = (0, 0, 0)
        let status = sep_sum_ellipse(
            &image, source.x, source.y, a, b, source.theta, factor, owner, 0, 0, &sum, &sumError, &area, &flag)
        var total = result(status, sum, sumError, area, flag, sky)
        // Only the aperture proper reports on masks and edges.
        total.flags = isGood ? [] : .kronFailed
        return total
    }

    private func isSane(_ x: Double, _ y: Double, _ radius: Double) -> Bool {
        x.isFinite && y.isFinite && radius > 0 && x > -radius && y > -radius
            && x < Double(image.w) + radius && y < Double(image.h) + radius
    }

    private func result(
        _ status: Int32, _ sum: Double, _ sumError: Double, _ area: Double, _ flag: Int16, _ sky: LocalSky
    ) -> ApertureSum {
        let flag = Int32(flag)
        guard status == 0, area > 0, sum.isFinite, sumError.isFinite, flag & SEP_APER_ALLMASKED == 0 else {
            return ApertureSum(flags: .noData)
        }
        let flux = sum - area * sky.residualLevel
        let own = gainKnown ? max(flux, 0) : 0
        let variance = own + sumError * sumError + area * area * sky.levelVariance
        var result = ApertureSum(flux: flux, fluxError: variance.squareRoot())
        if flag & SEP_APER_TRUNC != 0 { result.flags.insert(.apertureTruncated) }
        if flag & SEP_APER_HASMASKED != 0 { result.flags.insert(.masked) }
        if flux <= 0 { result.flags.insert(.negative) }
        return result
    }
}

/// The sky under one source.
struct LocalSky {
    /// Mesh and annulus together [e-/px].
    var level: Double
    /// What the annulus adds to the mesh [e-/px].
    var residualLevel: Double
    /// Variance of the level [e-^2].
    var levelVariance: Double
    var isPoor: Bool

    init(
        _ detections: Detections, x: Double, y: Double, owner: Int32, radius: Double,
        _ parameters: MeasurementParameters
    ) {
        let frame = detections.frame
        let background = detections.background
        let column = x.isFinite ? Int(min(max(x.rounded(), 0), Double(frame.width - 1))) : 0
        let row = y.isFinite ? Int(min(max(y.rounded(), 0), Double(frame.height - 1))) : 0
        let mesh = Double(background.level[column, row])
        // A tile's mode, median-filtered with its neighbours, is about as exact as the mean of one whole tile.
        let meshVariance =
            pow(Double(background.rms[column, row]), 2) / Double(background.tileSize * background.tileSize)
        level = background.globalLevel.isFinite ? mesh : .nan
        (residualLevel, levelVariance, isPoor) = (0, meshVariance, false)
        guard let annulus = parameters.annulus else { return }
        let inner = annulus.inner * radius
        let outer = max(annulus.outer * radius, inner + parameters.minimumAnnulusWidthPixels)
        let measured = Annulus.measure(
            detections, x: x, y: y, inner: inner, outer: outer, owner: owner, estimator: parameters.estimator)
        guard let measured else {
            isPoor = true
            return
        }
        level += measured.level
        (residualLevel, levelVariance) = (measured.level, measured.levelVariance)
    }
}
