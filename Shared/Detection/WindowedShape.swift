internal import Foundation

/// Position and shape of a star from moments under a circular Gaussian window, with the position's error.
///
///     x <- x + k sum w D (u - x) / sum w D             until the step is below 1e-4 px
///     var(x) = k^2 sum w^2 V (u - x)^2 / (sum w D)^2   V: variance of sky and star
///     k = 1 / (1 - M / W) = 1 + S / W                  2 for a star as wide as the window, 1 for a point
///     S^-1 = M^-1 - W^-1                               M: windowed second moments, W: window, S: the star's own
///
/// The last two lines are exact for Gaussian stars, and S is free of the window's width.
///
/// - Source: Bertin & Arnouts, SExtractor's XWIN_IMAGE and ERRX2WIN_IMAGE (with k = 2 for all); k and S follow from the
///   product of two Gaussians.
package struct WindowedShape: Sendable {
    package var x: Double
    package var y: Double
    /// Standard errors [px]; NaN when the centroid failed.
    package var xError = Double.nan
    package var yError = Double.nan
    /// Second moments of the star [px^2]; NaN when they cannot be had.
    package var xx = Double.nan
    package var yy = Double.nan
    package var xy = Double.nan
    /// Largest pixel over the sum of pixels inside the window; 1 for a single hot pixel.
    package var peakFraction = Double.nan
    package var converged = false

    /// Full width at half maximum of the Gaussian with these moments [px].
    package var fwhmPixels: Double {
        let determinant = xx * yy - xy * xy
        return determinant > 0 ? 2.3548200450309493 * sqrt(sqrt(determinant)) : .nan
    }

    /// - Parameters:
    ///   - x, y: where to start [px].
    ///   - windowSigma: of the Gaussian window [px]; near the star's own sigma it loses least.
    ///   - sourceNoise: whether the star's own photon noise, its flux in electrons, is part of the error.
    package static func measure(
        _ frame: MeasurableFrame, x: Double, y: Double, windowSigma: Double, sourceNoise: Bool
    ) -> WindowedShape {
        var shape = WindowedShape(x: x, y: y)
        let farthest = 2 * 2.3548 * windowSigma
        for _ in 0..<32 {
            let sums = WindowSums(frame, x: shape.x, y: shape.y, sigma: windowSigma, sourceNoise: sourceNoise)
            guard sums.flux > 0 else { break }
            let gain = sums.gain(windowSigma: windowSigma)
            let (stepX, stepY) = (gain * sums.x / sums.flux, gain * sums.y / sums.flux)
            if hypot(stepX, stepY) < 1e-4 {
                shape.finish(sums, windowSigma: windowSigma)
                return shape
            }
            shape.x += stepX
            shape.y += stepY
            guard hypot(shape.x - x, shape.y - y) < farthest else { break }
        }
        (shape.x, shape.y) = (x, y)
        return shape
    }

    private mutating func finish(_ sums: WindowSums, windowSigma: Double) {
        converged = true
        let gain = sums.gain(windowSigma: windowSigma)
        xError = gain * sums.xVariance.squareRoot() / sums.flux
        yError = gain * sums.yVariance.squareRoot() / sums.flux
        peakFraction = sums.peak / sums.plainFlux
        let (mxx, myy, mxy) = (sums.xx / sums.flux, sums.yy / sums.flux, sums.xy / sums.flux)
        let determinant = mxx * myy - mxy * mxy
        guard mxx > 0, myy > 0, determinant > 0 else { return }
        let window = 1 / (windowSigma * windowSigma)
        let (ixx, iyy, ixy) = (myy / determinant - window, mxx / determinant - window, -mxy / determinant)
        let inverse = ixx * iyy - ixy * ixy
        guard ixx > 0, iyy > 0, inverse > 0 else { return }
        (xx, yy, xy) = (iyy / inverse, ixx / inverse, -ixy / inverse)
    }
}

/// Sums over the pixels within 4 sigma of a position, under a Gaussian window.
private struct WindowSums {
    var flux = 0.0
    var (x, y) = (0.0, 0.0)
    var (xx, yy, xy) = (0.0, 0.0, 0.0)
    var (xVariance, yVariance) = (0.0, 0.0)
    var peak = 0.0
    var plainFlux = 0.0

    init(_ frame: MeasurableFrame, x: Double, y: Double, sigma: Double, sourceNoise: Bool) {
        let reach = 4 * sigma
        guard x.isFinite, y.isFinite, x > -reach, y > -reach,
            x < Double(frame.width) + reach, y < Double(frame.height) + reach
        else { return }
        let columns = max(0, Int((x - reach).rounded(.up)))...max(0, min(frame.width - 1, Int(x + reach)))
        let (firstRow, lastRow) = (max(0, Int((y - reach).rounded(.up))), min(frame.height - 1, Int(y + reach)))
        guard firstRow <= lastRow, columns.upperBound < frame.width else { return }
        let falloff = -0.5 / (sigma * sigma)
        let columnWeights = columns.map { exp(falloff * (Double($0) - x) * (Double($0) - x)) }
        for row in firstRow...lastRow {
            let dy = Double(row) - y
            let rowWeight = exp(falloff * dy * dy)
            for column in columns {
                let dx = Double(column) - x
                guard dx * dx + dy * dy <= reach * reach else { continue }
                let index = row * frame.width + column
                guard frame.excluded[index] == 0 else { continue }
                let weight = rowWeight * columnWeights[column - columns.lowerBound]
                let value = Double(frame.residual[index])
                add(weight, value, dx, dy)
                let variance = Double(frame.variance[index]) + (sourceNoise ? max(0, value) : 0)
                xVariance += weight * weight * variance * dx * dx
                yVariance += weight * weight * variance * dy * dy
            }
        }
    }

    /// How much further than the windowed mean the star's centre lies, in 1...4.
    func gain(windowSigma: Double) -> Double {
        let share = (xx + yy) / (2 * flux * windowSigma * windowSigma)
        return share < 0.75 ? max(1, 1 / (1 - share)) : 4
    }

    private mutating func add(_ weight: Double, _ value: Double, _ dx: Double, _ dy: Double) {
        let weighted = weight * value
        flux += weighted
        x += weighted * dx
        y += weighted * dy
        xx += weighted * dx * dx
        yy += weighted * dy * dy
        xy += weighted * dx * dy
        peak = max(peak, value)
        plainFlux += value
    }
}
