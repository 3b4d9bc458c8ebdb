internal import Foundation

/// How well a curve of growth knows a star's whole light, by how its stars scatter.
///
///     ln(total / aperture) = ln ratio(outer) - ln m(outer; p) + ln [m(R; p) / m_frame(R; p)]
///
/// p = (width, 1 / beta) are those of the fit. Each star moves the ratios, and with them p, by its influence on them;
/// the squares of what all stars do to the logarithm add up to its variance, times n / (n - 2) for the parameters that
/// were fitted to so few. Ratios at several radii share their stars, which influences know and separate errors do not.
/// Light beyond `outer`, which only the fit tells, is uncertain by as much as the fit misses the ratios, relative to
/// the light beyond the aperture, and by 3 % at least: no star is a Moffat function.
///
/// - Source: Jaeckel 1972 (infinitesimal jackknife); Efron & Tibshirani, An Introduction to the Bootstrap, chapter 21.
struct GrowthCurveError {
    /// Relative standard error of total over aperture flux.
    let correction: Double
    /// That of the light beyond `outer` alone.
    let tail: Double

    private static let leastMisfit = 0.03

    /// - Parameter annulus: of the frame's apertures [px]; nil for a sky without wings.
    init(_ curve: GrowthCurve, annulus: (inner: Double, outer: Double)?) {
        let (reference, outer) = (curve.reference, curve.outer)
        let own = Gradient(curve) { $0.logarithm(outer) }
        let whole = Gradient(curve) { model in
            guard let annulus else { return model.logarithm(outer) }
            let frames = RoundMoffat(fwhm: model.fwhm, beta: model.beta, annulus: annulus)
                .measured(radius: curve.radii[reference])
            return model.logarithm(outer) - model.logarithm(reference) + log(max(1e-9, frames))
        }
        let ratios = curve.radii.indices.map { index in
            Gradient(curve) { exp($0.logarithm(index) - $0.logarithm(reference)) }
        }
        let moves = Self.moves(curve, ratios)
        var (correctionSquare, tailSquare) = (0.0, 0.0)
        for (star, move) in moves.enumerated() {
            let ratio = curve.influences[outer][star] / curve.ratios[outer]
            correctionSquare += pow(ratio - whole.width * move.width - whole.inverse * move.inverse, 2)
            tailSquare += pow(own.width * move.width + own.inverse * move.inverse, 2)
        }
        let few = Double(moves.count) / Double(max(1, moves.count - 2))
        let beyond = Self.misfit(curve) * abs(1 - curve.measured(outer))
        correction = (few * correctionSquare + beyond * beyond).squareRoot()
        tail = (few * tailSquare + beyond * beyond).squareRoot()
    }

    /// How far each star moves width and 1 / beta of the fit.
    private static func moves(_ curve: GrowthCurve, _ ratios: [Gradient]) -> [(width: Double, inverse: Double)] {
        let weights = curve.radii.indices.map { index in
            index == curve.reference ? 0 : 1 / curve.variance(index)
        }
        var (aa, ab, bb) = (0.0, 0.0, 0.0)
        for (weight, ratio) in zip(weights, ratios) {
            aa += weight * ratio.width * ratio.width
            ab += weight * ratio.width * ratio.inverse
            bb += weight * ratio.inverse * ratio.inverse
        }
        let determinant = aa * bb - ab * ab
        // At the end of the search for 1 / beta only the width still moves.
        let isFree = determinant > 1e-9 * aa * bb
        return curve.stars.indices.map { star in
            var (a, b) = (0.0, 0.0)
            for (index, ratio) in ratios.enumerated() {
                let deviation = weights[index] * curve.influences[index][star]
                a += ratio.width * deviation
                b += ratio.inverse * deviation
            }
            guard isFree else { return (aa > 0 ? a / aa : 0, 0) }
            return ((bb * a - ab * b) / determinant, (aa * b - ab * a) / determinant)
        }
    }

    /// What the fit misses beyond the noise of the ratios, over the light beyond the aperture.
    private static func misfit(_ curve: GrowthCurve) -> Double {
        var (excess, count) = (0.0, 0.0)
        let unit = curve.measured(curve.reference)
        for index in curve.radii.indices where index != curve.reference {
            let difference = curve.ratios[index] - curve.measured(index) / unit
            excess += difference * difference - curve.errors[index] * curve.errors[index]
            count += 1
        }
        let missed = (max(0, excess) / max(1, count)).squareRoot()
        return max(leastMisfit, missed / max(missed, abs(1 - unit), 1e-9))
    }
}

/// A star of some width and beta, above the sky of the curve's own annulus.
private struct Model {
    let curve: GrowthCurve
    let fwhm: Double
    let beta: Double
    private let star: RoundMoffat

    init(_ curve: GrowthCurve, fwhm: Double, inverse: Double) {
        (self.curve, self.fwhm) = (curve, fwhm)
        beta = inverse > 1e-3 ? 1 / inverse : .infinity
        star = curve.star(fwhm: fwhm, beta: beta)
    }

    /// Of the light measured within a radius of the curve.
    func logarithm(_ index: Int) -> Double { log(max(1e-9, star.measured(radius: curve.radii[index]))) }
}

/// Derivatives by width and by 1 / beta at the fit.
private struct Gradient {
    let width: Double
    let inverse: Double

    init(_ curve: GrowthCurve, _ function: (Model) -> Double) {
        let (step, tilt) = (1e-3 * curve.fwhm, 1e-3)
        let inverse = max(2 * tilt, curve.beta.isFinite ? 1 / curve.beta : 0)
        func value(_ fwhm: Double, _ inverse: Double) -> Double {
            function(Model(curve, fwhm: fwhm, inverse: inverse))
        }
        width = (value(curve.fwhm + step, inverse) - value(curve.fwhm - step, inverse)) / (2 * step)
        // 1 / beta of 1e-3 and below counts as a Gaussian.
        let low = inverse - 0.9 * tilt
        self.inverse = (value(curve.fwhm, inverse + tilt) - value(curve.fwhm, low)) / (1.9 * tilt)
    }
}
