internal import CKernels
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
        frame.residual.withUnsafeBufferPointer { residual in
            frame.variance.withUnsafeBufferPointer { variance in
                measure(
                    WindowPlanes(width: frame.width, height: frame.height, residual: residual, variance: variance),
                    x: x, y: y, windowSigma: windowSigma, sourceNoise: sourceNoise)
            }
        }
    }

    private static func measure(
        _ frame: WindowPlanes, x: Double, y: Double, windowSigma: Double, sourceNoise: Bool
    ) -> WindowedShape {
        var shape = WindowedShape(x: x, y: y)
        let farthest = 2 * 2.3548 * windowSigma
        let weights = WindowWeights(sigma: windowSigma)
        for _ in 0..<32 {
            guard let sums = WindowSums(frame, x: shape.x, y: shape.y, sigma: windowSigma, weights), sums.flux > 0
            else { break }
            let gain = sums.gain(windowSigma: windowSigma)
            let (stepX, stepY) = (gain * sums.x / sums.flux, gain * sums.y / sums.flux)
            if stepX * stepX + stepY * stepY < 1e-8 {
                shape.finish(sums, windowSigma: windowSigma)
                let variances = sums.variances(frame, weights, sourceNoise: sourceNoise)
                shape.xError = gain * variances.x.squareRoot() / sums.flux
                shape.yError = gain * variances.y.squareRoot() / sums.flux
                shape.peakFraction = sums.peakFraction(frame, weights)
                return shape
            }
            shape.x += stepX
            shape.y += stepY
            let (movedX, movedY) = (shape.x - x, shape.y - y)
            guard movedX * movedX + movedY * movedY < farthest * farthest else { break }
        }
        (shape.x, shape.y) = (x, y)
        return shape
    }

    private mutating func finish(_ sums: WindowSums, windowSigma: Double) {
        converged = true
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

/// The planes of a frame, lent.
private struct WindowPlanes {
    let width: Int
    let height: Int
    let residual: UnsafeBufferPointer<Float>
    let variance: UnsafeBufferPointer<Float>
}

/// Sums under a Gaussian window over the pixels within 4 sigma of a position along x and y.
private struct WindowSums {
    var flux = 0.0
    var (x, y) = (0.0, 0.0)
    var (xx, yy, xy) = (0.0, 0.0, 0.0)
    private let reach: Double
    private let (columns, rows): (ClosedRange<Int>, ClosedRange<Int>)

    /// nil when no pixel lies within reach.
    init?(_ frame: WindowPlanes, x: Double, y: Double, sigma: Double, _ weights: borrowing WindowWeights) {
        reach = 4 * sigma
        guard x.isFinite, y.isFinite, x > -reach, y > -reach,
            x < Double(frame.width) + reach, y < Double(frame.height) + reach
        else { return nil }
        let (left, top) = (max(0, Int((x - reach).rounded(.up))), max(0, Int((y - reach).rounded(.up))))
        let right = min(frame.width - 1, Int((x + reach).rounded(.down)))
        let bottom = min(frame.height - 1, Int((y + reach).rounded(.down)))
        guard left <= right, top <= bottom else { return nil }
        (columns, rows) = (left...right, top...bottom)
        weights.fill(columns, rows, x: x, y: y)
        var window = weights.window(frame.residual, frame.width, columns, rows)
        var moments = kernel_window_moments()
        kernel_window_sums(&window, &moments)
        (flux, self.x, self.y) = (moments.sum, moments.x, moments.y)
        (xx, yy, xy) = (moments.xx, moments.yy, moments.xy)
    }

    /// How much further than the windowed mean the star's centre lies, in 1...4.
    func gain(windowSigma: Double) -> Double {
        let share = (xx + yy) / (2 * flux * windowSigma * windowSigma)
        return share < 0.75 ? max(1, 1 / (1 - share)) : 4
    }

    /// Sums of w^2 V X^2 and w^2 V Y^2.
    func variances(
        _ frame: WindowPlanes, _ weights: borrowing WindowWeights, sourceNoise: Bool
    ) -> (x: Double, y: Double) {
        weights.square(columns, rows)
        var moments = kernel_window_moments()
        var window = weights.window(frame.variance, frame.width, columns, rows)
        if sourceNoise, let first = frame.residual.baseAddress {
            kernel_window_noise(
                &window, first + rows.lowerBound * frame.width + columns.lowerBound, first + frame.residual.count,
                &moments)
        } else {
            kernel_window_sums(&window, &moments)
        }
        return (moments.xx, moments.yy)
    }

    /// The largest pixel over the sum of all within the circle.
    func peakFraction(_ frame: WindowPlanes, _ weights: borrowing WindowWeights) -> Double {
        var window = weights.window(frame.residual, frame.width, columns, rows)
        let peak = kernel_window_find_peak(&window, Float(reach * reach))
        return Double(peak.highest) / peak.sum
    }
}

/// The window's weights along x and y: kept between steps, for there are many.
private struct WindowWeights: ~Copyable {
    private let storage: UnsafeMutablePointer<Float>
    private let capacity: Int

    private let falloff: Double
    /// exp(-1 / sigma^2)
    private let bend: Double

    /// - Parameter sigma: of the window [px].
    init(sigma: Double) {
        let reach = 4 * sigma
        falloff = -0.5 / (sigma * sigma)
        bend = exp(2 * falloff)
        capacity = (2 * Int(reach) + 3 + 15) / 16 * 16
        storage = .allocate(capacity: 4 * capacity)
    }

    deinit { storage.deallocate() }

    func fill(_ columns: ClosedRange<Int>, _ rows: ClosedRange<Int>, x: Double, y: Double) {
        fill(storage, storage + capacity, columns, centre: x)
        fill(storage + 2 * capacity, storage + 3 * capacity, rows, centre: y)
    }

    /// exp(-X^2 / 2 sigma^2) from pixel to pixel: each ratio of neighbours is the last one times exp(-1 / sigma^2).
    private func fill(
        _ weights: UnsafeMutablePointer<Float>, _ offsets: UnsafeMutablePointer<Float>, _ pixels: ClosedRange<Int>,
        centre: Double
    ) {
        let first = Double(pixels.lowerBound) - centre
        var weight = exp(falloff * first * first)
        var ratio = exp(falloff * (2 * first + 1))
        for index in 0..<pixels.count {
            weights[index] = Float(weight)
            offsets[index] = Float(first + Double(index))
            weight *= ratio
            ratio *= bend
        }
        var index = pixels.count
        while index % 16 != 0 {
            (weights[index], offsets[index]) = (0, 0)
            index += 1
        }
    }

    func square(_ columns: ClosedRange<Int>, _ rows: ClosedRange<Int>) {
        for index in 0..<columns.count { storage[index] *= storage[index] }
        for index in 0..<rows.count { storage[2 * capacity + index] *= storage[2 * capacity + index] }
    }

    func window(
        _ plane: UnsafeBufferPointer<Float>, _ width: Int, _ columns: ClosedRange<Int>, _ rows: ClosedRange<Int>
    ) -> kernel_window {
        let start = rows.lowerBound * width + columns.lowerBound
        return kernel_window(
            first: plane.baseAddress.map { $0 + start }, end: plane.baseAddress.map { $0 + plane.count },
            stride: width, columns: columns.count, rows: rows.count, columnWeights: storage,
            columnOffsets: storage + capacity, rowWeights: storage + 2 * capacity, rowOffsets: storage + 3 * capacity)
    }
}
