internal import CKernels
internal import Foundation
internal import Imaging

/// Fluxes with pixels weighted by what they tell about a star of the frame's image m:
///
///     flux = c sum (m D / V) / sum (m^2 / V),   V = variance plane + max(F, 0) m       F: flux from the aperture [e-]
///
/// Faint stars are weighted as the sky demands, bright ones count all light alike. c makes the fluxes of bright stars
/// those of the curve of growth, for each ratio of star light to sky in turn, because an image that is not quite the
/// true one errs by another factor where weights are others. Pixels without a measurement have no weight.
///
/// - Source: Naylor 1998, MNRAS 296, 339 (weights; normalisation by bright stars).
struct OptimalWeights {
    let image: any StarImage
    /// Pixels farther from the centre have no weight [px].
    let reach: Double
    let sourceNoise: Bool
    /// What the frame's annulus holds of a star's light beyond what the curve's holds [1/px]: bright stars gave c above
    /// the sky of the curve.
    private let excessWings: Double
    /// c and its relative error for each of `contrasts`.
    private var factors: [Double] = []
    private var factorErrors: [Double] = []

    /// Light of the star over variance of the sky in the pixel with most light.
    private static let contrasts = [0, 0.1, 0.3, 1, 3, 10, 30, 100, 1000]

    /// nil when too few bright stars agree.
    ///
    /// - Parameters:
    ///   - annulus: of the frame's apertures [px]; nil for a sky without wings.
    ///   - tailError: relative error of the bright stars' light beyond the curve of growth.
    init?(
        _ planes: FramePlanes, _ curve: GrowthCurve, image: any StarImage, annulus: (inner: Double, outer: Double)?,
        tailError: Double, sourceNoise: Bool, threads: Int
    ) {
        self.image = image
        self.sourceNoise = sourceNoise
        let frame = RoundMoffat(fwhm: curve.fwhm, beta: curve.beta, annulus: annulus)
        excessWings = frame.sharePerPixel - curve.star(fwhm: curve.fwhm, beta: curve.beta).sharePerPixel
        reach = min(2 * curve.fwhm, curve.radii[curve.radii.count - 1])
        guard reach > 0 else { return nil }
        let ratios = parallelMap(curve.stars.count, threads: threads) { [reach] index -> [Double] in
            let star = curve.stars[index]
            var stamp = StarStamp()
            stamp.load(image, planes, x: star.x, y: star.y, reach: reach)
            return Self.contrasts.map { contrast in
                let sums = WeightedSums(
                    planes, stamp, x: star.x, y: star.y, reach: reach, level: star.level, flux: .relative(contrast))
                return sums.flux / curve.total(star)
            }
        }
        let errors = curve.stars.map { 1 / $0.signalToNoise(curve.outer) }
        for index in Self.contrasts.indices {
            let points = zip(ratios.map { $0[index] }, errors).filter { $0.0.isFinite }
                .map { (u: 0.0, v: 0.0, value: $0, error: max($1, 1e-4)) }
            guard let mean = RobustPlane(points, allowsGradient: false), mean.level > 0.2, mean.level < 5
            else { return nil }
            factors.append(1 / mean.level)
            factorErrors.append(hypot(mean.scatterError / mean.level, tailError))
        }
    }

    /// - Parameters:
    ///   - aperture: flux of the star from an aperture, made total [e-]; sets the weights and what its wings put
    ///     into the annulus.
    /// - Returns: total flux and error [e-]; nil where no pixel has weight.
    func measure(
        _ planes: FramePlanes, x: Double, y: Double, sky: LocalSky, aperture: Double, stamp: inout StarStamp
    ) -> (flux: Double, error: Double)? {
        guard planes.isNear(x: x, y: y, reach: reach) else { return nil }
        stamp.load(image, planes, x: x, y: y, reach: reach)
        let light = sourceNoise && aperture.isFinite ? max(0, aperture) : 0
        let wings = aperture.isFinite ? excessWings * aperture : 0
        let sums = WeightedSums(
            planes, stamp, x: x, y: y, reach: reach, level: sky.residualLevel - wings, flux: .electrons(light))
        guard sums.square > 0, sums.flux.isFinite else { return nil }
        let (factor, factorError) = self.factor(contrast: sums.contrast)
        let perLevel = sums.levelWeight / sums.square
        let variance = 1 / sums.square + perLevel * perLevel * sky.levelVariance
        let flux = factor * sums.flux
        return (flux, (factor * factor * variance + pow(flux * factorError, 2)).squareRoot())
    }

    /// Between the nearest contrasts, linear in log(contrast + 0.1).
    private func factor(contrast: Double) -> (Double, Double) {
        let contrasts = Self.contrasts
        guard let upper = contrasts.firstIndex(where: { $0 > contrast }) else {
            return (factors[factors.count - 1], factorErrors[factors.count - 1])
        }
        let lower = max(0, upper - 1)
        let (low, high) = (log(contrasts[lower] + 0.1), log(contrasts[upper] + 0.1))
        let share = min(1, max(0, (log(contrast + 0.1) - low) / (high - low)))
        return (
            factors[lower] + share * (factors[upper] - factors[lower]),
            factorErrors[lower] + share * (factorErrors[upper] - factorErrors[lower])
        )
    }
}

/// The sums of `OptimalWeights` for one star.
private struct WeightedSums {
    enum Light {
        case electrons(Double)
        /// Light over sky variance in the pixel with most light.
        case relative(Double)
    }

    /// sum m (D - level) / V, sum m^2 / V, sum m / V.
    var product = 0.0
    var square = 0.0
    var levelWeight = 0.0
    var contrast = 0.0

    var flux: Double { product / square }

    init(
        _ planes: FramePlanes, _ stamp: StarStamp, x: Double, y: Double, reach: Double, level: Double, flux: Light
    ) {
        let (light, ratio) = Self.light(flux, planes, stamp, x: x, y: y)
        contrast = ratio
        let circle = EllipseOverlap(x: x, y: y, radius: reach)
        let (stampColumns, left, low) = (stamp.columns.count, stamp.columns.lowerBound, stamp.rows.lowerBound)
        var lanes = kernel_lanes()
        stamp.shares.withUnsafeBufferPointer { shares in
            guard let shares = shares.baseAddress else { return }
            circle.forEachCentreSpan(width: planes.width, height: planes.height) { columns, row in
                var span = planes.span(columns, row: row)
                let place = (row - low) * stampColumns + columns.lowerBound - left
                kernel_span_weigh(&lanes, &span, shares + place, level, light)
            }
        }
        (product, square, levelWeight) = (lanes.firstSum, lanes.secondSum, lanes.thirdSum)
    }

    /// The star's light [e-] and its contrast, each from the other.
    private static func light(
        _ flux: Light, _ planes: FramePlanes, _ stamp: StarStamp, x: Double, y: Double
    ) -> (Double, Double) {
        let (column, row) = (Int(x.rounded()), Int(y.rounded()))
        let share = stamp.share(column: column, row: row)
        guard planes.contains(column: column, row: row), share > 0 else { return (0, 0) }
        let variance = Double(planes.variance[row * planes.width + column])
        switch flux {
        case .electrons(let electrons): return (electrons, variance > 0 ? electrons * share / variance : 0)
        case .relative(let contrast): return (contrast * max(variance, 1e-12) / share, contrast)
        }
    }
}
