internal import Detection
internal import Foundation
internal import Imaging

/// How the light of the frame's bright isolated stars grows with radius, and the star image that explains it.
///
/// The share of a star's light within r, 1 - (1 + k r^2 / FWHM^2)^(1 - beta), less what its own wings put into the sky
/// annulus, is fitted to the robust means of flux(r) / flux(R), R being the frame's aperture. The means give the
/// correction out to the radius where noise and the light beyond, which only the fit knows, weigh least.
struct GrowthCurve {
    /// [px], growing; `reference` is the index of the frame's aperture.
    let radii: [Double]
    let reference: Int
    let stars: [GrowthStar]
    /// Mean flux(r) / flux(R) and standard error, per radius.
    private(set) var ratios: [Double] = []
    private(set) var errors: [Double] = []
    /// What each star's deviation does to each mean.
    private(set) var influences: [[Double]] = []
    /// Variance of stars about each mean beyond their noise.
    private var scatters: [Double] = []
    private(set) var gradients: [(u: Double, v: Double)] = []
    /// Width [px] and beta of the fit.
    private(set) var fwhm = Double.nan
    private(set) var beta = Double.infinity
    /// Where the correction was taken.
    private(set) var outer = 0

    /// In units of the seeing.
    static let steps = [0.6, 0.8, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5]
    static let fewestStars = 3
    private static let mostStars = 60
    /// Signal-to-noise ratio within the frame's aperture of a star that counts.
    private static let clearRatio = 60.0
    /// Ratios are not believed to better than this: stars differ, and no star is a Moffat function.
    private static let modelError = 5e-4
    /// How wrong the fit may be on the light beyond a radius, relative, where radii are compared.
    private static let tailError = 0.4

    /// nil when fewer than three stars are bright, clean and alone.
    init?(
        _ detections: Detections, _ planes: FramePlanes, radius: Double, _ parameters: MeasurementParameters
    ) {
        guard let seeing = detections.seeing, radius > 0, radius < 500 else { return nil }
        // The curve must reach beyond the aperture, and may not be far smaller.
        let width = min(max(seeing.fwhmPixels, 1), 40)
        let others = Self.steps.map { $0 * width }.filter { abs($0 / radius - 1) > 0.02 }
        radii = (others + [radius]).sorted()
        reference = radii.firstIndex(of: radius) ?? 0
        stars = Self.stars(detections, planes, radius: radius, radii: radii, parameters)
        guard stars.count >= Self.fewestStars, measureRatios(planes) else { return nil }
        fit(seeing: width)
        chooseOuter()
    }

    // MARK: Stars

    private static func stars(
        _ detections: Detections, _ planes: FramePlanes, radius: Double, radii: [Double],
        _ parameters: MeasurementParameters
    ) -> [GrowthStar] {
        let (candidates, threads) = (candidates(detections), parameters.threads)
        // Some at once on several threads; what is more than enough is forgotten.
        let atOnce = threads > 1 ? 8 * threads : 1
        var stars: [GrowthStar] = []
        for first in stride(from: 0, to: candidates.count, by: atOnce) where stars.count < mostStars {
            let some = parallelMap(min(atOnce, candidates.count - first), threads: threads) {
                star(candidates[first + $0], detections, planes, radii: radii, parameters)
            }
            stars += some.compactMap { $0 }.prefix(mostStars - stars.count)
        }
        // Ratios of noisy fluxes are biased by their relative variance: faint stars count only where all are faint.
        let reference = radii.firstIndex(of: radius) ?? 0
        let clear = stars.filter { $0.signalToNoise(reference) > clearRatio }
        return clear.count >= 5 ? clear : Array(stars.prefix(5))
    }

    /// nil for a star near others, near the edge, or with pixels that carry no measurement.
    private static func star(
        _ index: Int, _ detections: Detections, _ planes: FramePlanes, radii: [Double],
        _ parameters: MeasurementParameters
    ) -> GrowthStar? {
        let (source, reach) = (detections.sources[index], radii.last ?? 0)
        let outlines = radii.map { EllipseOverlap(x: source.x, y: source.y, radius: $0) }
        guard let largest = outlines.last, !largest.isTruncated(width: planes.width, height: planes.height)
        else { return nil }
        let owner = Int32(index + 1)
        var scratch = OrderStatistics()
        let census = planes.census(largest, owner: owner)
        guard census.maskBits == 0, census.excluded == 0, !census.hasNeighbour,
            let sky = Annulus.measure(
                planes, x: source.x, y: source.y, inner: reach, outer: max(1.5 * reach, reach + 6), owner: owner,
                estimator: parameters.estimator, scratch: &scratch)
        else { return nil }
        var sums = [PixelSums](repeating: PixelSums(), count: radii.count)
        planes.sum(outlines, into: &sums)
        let fluxes = sums.map { $0.light - $0.area * sky.level }
        let variances = zip(sums, fluxes).map { sum, flux in
            (parameters.gainKnown ? max(flux, 0) : 0) + sum.variance + sum.area * sum.area * sky.levelVariance
        }
        guard fluxes.allSatisfy({ $0 > 0 }) else { return nil }
        return GrowthStar(
            x: source.x, y: source.y, level: sky.level, fluxes: fluxes, variances: variances, index: index)
    }

    /// Clean stars of the usual width at more than 30 sigma, brightest first.
    private static func candidates(_ detections: Detections) -> [Int] {
        guard let seeing = detections.seeing else { return [] }
        let spoiled: SourceFlags = [
            .saturated, .edge, .masked, .blended, .sharp, .centroidFailed, .shapeFailed, .deblendingIncomplete,
        ]
        let sources = detections.sources
        return sources.indices.filter {
            sources[$0].flags.isDisjoint(with: spoiled) && sources[$0].significance > 30
                && abs(sources[$0].fwhmPixels / seeing.fwhmPixels - 1) < 0.2
        }.sorted {
            let (left, right) = (sources[$0].isophotalFlux, sources[$1].isophotalFlux)
            return left != right ? left > right : $0 < $1
        }.prefix(600).map { $0 }
    }

    // MARK: Ratios

    /// - Returns: false when the stars disagree too much to tell.
    private mutating func measureRatios(_ planes: FramePlanes) -> Bool {
        for index in radii.indices {
            if index == reference {
                ratios.append(1)
                errors.append(0)
                gradients.append((0, 0))
                influences.append([Double](repeating: 0, count: stars.count))
                scatters.append(0)
                continue
            }
            let points = stars.map { star -> (u: Double, v: Double, value: Double, error: Double) in
                let ratio = star.fluxes[index] / star.fluxes[reference]
                // Light common to both apertures has no part in the noise of their ratio.
                let variance = abs(star.variances[index] - star.variances[reference])
                let error = variance.squareRoot() / star.fluxes[reference]
                return (
                    star.x - Double(planes.width - 1) / 2, star.y - Double(planes.height - 1) / 2, ratio,
                    max(error, 1e-5)
                )
            }
            guard let plane = RobustPlane(points, allowsGradient: true), plane.level > 0, plane.levelError.isFinite
            else { return false }
            ratios.append(plane.level)
            errors.append(plane.levelError)
            gradients.append(plane.gradients)
            influences.append(plane.influences)
            scatters.append(plane.intrinsic)
        }
        return true
    }

    // MARK: Fit

    /// The star that a width and beta make above the curve's own sky.
    func star(fwhm: Double, beta: Double) -> RoundMoffat {
        let reach = radii[radii.count - 1]
        return RoundMoffat(fwhm: fwhm, beta: beta, annulus: (reach, max(1.5 * reach, reach + 6)))
    }

    /// Part of a star's light within a radius by the fit.
    func measured(_ index: Int) -> Double { star(fwhm: fwhm, beta: beta).measured(radius: radii[index]) }

    private func chiSquare(fwhm: Double, beta: Double) -> Double {
        let star = star(fwhm: fwhm, beta: beta)
        let unit = star.measured(radius: radii[reference])
        guard unit > 0 else { return .infinity }
        return radii.indices.reduce(0) { sum, index in
            guard index != reference else { return sum }
            let difference = ratios[index] - star.measured(radius: radii[index]) / unit
            return sum + difference * difference / variance(index)
        }
    }

    /// Of a ratio, as the fit counts it.
    func variance(_ index: Int) -> Double { errors[index] * errors[index] + Self.modelError * Self.modelError }

    /// Searches 1 / beta from 0 (a Gaussian) to 0.6 and, within, the width.
    private mutating func fit(seeing: Double) {
        func best(_ inverse: Double) -> (x: Double, value: Double) {
            let beta = inverse > 1e-3 ? 1 / inverse : .infinity
            return goldenMinimum(0.5 * seeing, 1.8 * seeing, rounds: 24) {
                chiSquare(fwhm: $0, beta: beta)
            }
        }
        let grid = (0...12).map { Double($0) * 0.05 }
        let values = grid.map { best($0).value }
        let smallest = values.indices.min { values[$0] < values[$1] } ?? 0
        let refined = goldenMinimum(
            grid[max(0, smallest - 1)], grid[min(grid.count - 1, smallest + 1)], rounds: 16
        ) { best($0).value }
        let inverse = refined.value < values[smallest] ? refined.x : grid[smallest]
        beta = inverse > 1e-3 ? 1 / inverse : .infinity
        fwhm = best(inverse).x
    }

    private mutating func chooseOuter() {
        let candidates = (reference..<radii.count).map { (index: $0, error: correctionError($0)) }
        outer = candidates.min { $0.error < $1.error }?.index ?? reference
    }

    /// Relative error of total over aperture flux at worst, when the fit is used beyond a radius only.
    private func correctionError(_ index: Int) -> Double {
        let tail = Self.tailError * abs(1 - measured(index))
        return (pow(errors[index] / ratios[index], 2) + tail * tail).squareRoot()
    }

    // MARK: Results

    /// Total over aperture flux for fluxes above the sky of the given annulus (nil: the mesh, which holds no wings).
    func correction(
        _ planes: FramePlanes, annulus: (inner: Double, outer: Double)?
    ) -> ApertureCorrection {
        var factor = ratios[outer] / measured(outer)
        if let annulus {
            // The ratios compare apertures above the curve's own sky; the frame's annulus lies elsewhere.
            let own = measured(reference)
            let frames = RoundMoffat(fwhm: fwhm, beta: beta, annulus: annulus).measured(radius: radii[reference])
            if own > 0, frames > 0 { factor *= own / frames }
        }
        let magnitudes = -2.5 / log(10)
        return ApertureCorrection(
            magnitude: magnitudes * log(factor),
            error: -magnitudes * GrowthCurveError(self, annulus: annulus).correction,
            relativeScatter: scatters[outer].squareRoot() / ratios[outer],
            xGradient: magnitudes * gradients[outer].u / ratios[outer],
            yGradient: magnitudes * gradients[outer].v / ratios[outer], xCentre: Double(planes.width - 1) / 2,
            yCentre: Double(planes.height - 1) / 2, starCount: stars.count)
    }

    /// Total flux of one of the curve's stars [e-].
    func total(_ star: GrowthStar) -> Double {
        star.fluxes[outer] / measured(outer)
    }

    /// The star image of the fit, with the mean shape of the curve's stars.
    ///
    /// Sums within apertures are those of light averaged over a pixel twice, by the detector and by the partial
    /// pixels of the rim; pixel values only once. A pixel's second moment is 1/12.
    func starImage(_ detections: Detections) -> MoffatStarImage {
        let pixel = 8 * log(2.0) / 12
        let width = max(0.5 * fwhm, max(0.25, fwhm * fwhm - pixel).squareRoot())
        var (count, cosines, sines) = (0.0, 0.0, 0.0)
        for star in stars {
            let source = detections.sources[star.index]
            guard source.ellipticity.isFinite, source.thetaDegrees.isFinite else { continue }
            count += 1
            cosines += source.ellipticity * cos(source.thetaDegrees * .pi / 90)
            sines += source.ellipticity * sin(source.thetaDegrees * .pi / 90)
        }
        let ellipticity = count > 0 ? min(0.8, hypot(cosines, sines) / count) : 0
        return MoffatStarImage(
            fwhmPixels: width, beta: beta, ellipticity: ellipticity, thetaDegrees: atan2(sines, cosines) * 90 / .pi)
    }

    /// The radius where flux over error is largest for a faint star [px]: the largest share of light per radius.
    func bestRadius() -> Double {
        let star = RoundMoffat(fwhm: fwhm, beta: beta)
        return goldenMinimum(0.3 * fwhm, 2 * fwhm, rounds: 40) {
            -star.measured(radius: $0) / $0
        }.x
    }
}

/// Where a function of one valley is smallest between two limits, by golden sections.
func goldenMinimum(
    _ low: Double, _ high: Double, rounds: Int, _ function: (Double) -> Double
) -> (x: Double, value: Double) {
    let ratio = (5.0.squareRoot() - 1) / 2
    var (low, high) = (low, high)
    var (left, right) = (high - ratio * (high - low), low + ratio * (high - low))
    var (leftValue, rightValue) = (function(left), function(right))
    for _ in 0..<rounds {
        if leftValue <= rightValue {
            (high, right, rightValue) = (right, left, leftValue)
            left = high - ratio * (high - low)
            leftValue = function(left)
        } else {
            (low, left, leftValue) = (left, right, rightValue)
            right = low + ratio * (high - low)
            rightValue = function(right)
        }
    }
    return leftValue <= rightValue ? (left, leftValue) : (right, rightValue)
}
