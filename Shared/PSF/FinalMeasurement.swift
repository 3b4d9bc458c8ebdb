internal import CKernels
internal import Foundation
internal import Imaging
internal import LinearAlgebra

extension PSFMeasurement {
    /// The last step of one unknown, and its error. A place moves by a tenth of a pixel at most.
    fileprivate mutating func take(_ image: Int, step: Double, error: Double, flux: Double) {
        switch image {
        case 0: (self.flux, fluxError) = (flux + step, error)
        case 1: (x, xError) = (x + min(max(step / flux, -0.1), 0.1), error / flux)
        default: (y, yError) = (y + min(max(step / flux, -0.1), 0.1), error / flux)
        }
    }
}

extension CrowdedFit {
    /// Errors, chi^2 and sharpness of all stars about the fit's end.
    func measure(backgroundAt level: (Double, Double) -> Double) -> [PSFMeasurement] {
        var rows = stars.map { PSFMeasurement.failed(x: $0.x, y: $0.y, flags: []) }
        for group in groups {
            let unknowns = load(group)
            let (matrix, right) = solver.equations(stars, group, unknowns)
            let size = unknowns.entries.count
            guard size > 0 else { continue }
            let whole = CholeskyFactor(matrix, order: size)
            guard let factor = whole ?? CholeskyFactor(unknowns.apart(matrix), order: size) else { continue }
            var (last, variances) = (factor.solve(right), factor.inverseDiagonal())
            let companions = weighHidden(group, unknowns, factor, &last, &variances)
            for (slot, index) in group.enumerated() where !stars[index].isDead {
                rows[index] = row(slot, index, group)
                if whole == nil || hasCompanion(index, companions) { rows[index].flags.insert(.psfUncertain) }
                rows[index].background = level(stars[index].x, stars[index].y)
            }
            for (place, entry) in unknowns.entries.enumerated() {
                rows[group[entry.slot]].take(
                    entry.image, step: last[place], error: variances[place].squareRoot(),
                    flux: stars[group[entry.slot]].flux)
            }
            for (slot, index) in group.enumerated() where !stars[index].isDead {
                if stars[index].moves { rows[index].flux -= placeBias(slot, flux: rows[index].flux) }
                carrySky(slot, &rows[index])
            }
        }
        return rows
    }

    /// Takes back from the other stars what a hidden star has given them or taken from them, by the probability that it
    /// is none.
    ///
    /// With it the flux of a star is F_1, without it F_0 = F_1 - f C_1f / C_ff, f being the hidden star's flux and C
    /// the covariance; the mean is p F_1 + (1 - p) F_0, with p (1 - p) (F_1 - F_0)^2 more variance and
    /// (1 - p) C_1f^2 / C_ff less, but never less in all. The odds p / (1 - p) are exp(((f / sigma_f)^2 - t^2) / 2),
    /// even at the threshold t. Places are treated alike.
    ///
    /// - Returns: hidden stars that are there with a probability of 0.99.
    /// - Source: Hoeting et al. 1999, Statistical Science 14, 382 (Bayesian model averaging).
    private func weighHidden(
        _ group: [Int], _ unknowns: GroupSolver.Unknowns, _ factor: CholeskyFactor, _ step: inout [Double],
        _ variances: inout [Double]
    ) -> [Int] {
        guard let threshold = parameters.companionThreshold else { return [] }
        var companions: [Int] = []
        for (place, entry) in unknowns.entries.enumerated() where entry.image == 0 && group[entry.slot] >= givenCount {
            let covariances = factor.inverseColumn(place)
            let (flux, variance) = (stars[group[entry.slot]].flux + step[place], covariances[place])
            let significance = flux * flux / variance
            let probability = 1 / (1 + exp((threshold * threshold - significance) / 2))
            if probability > 0.99 { companions.append(group[entry.slot]) }
            for (other, target) in unknowns.entries.enumerated() where target.slot != entry.slot {
                let lever = covariances[other] / variance
                step[other] -= (1 - probability) * lever * flux
                let gain = (1 - probability) * lever * lever * (probability * flux * flux - variance)
                variances[other] += max(gain, 0)
            }
        }
        return companions
    }

    /// What a flux gains because the place was chosen where it is largest: sigma^2 / F to second order.
    ///
    /// - Source: Box 1971, J. R. Stat. Soc. B 33, 171 (bias of non-linear least squares).
    private func placeBias(_ slot: Int, flux: Double) -> Double {
        let variance = 1 / solver.sums[slot][0]
        return variance / max(flux, 2 * variance.squareRoot())
    }

    /// Adds the uncertainty of the sky: dF = -(sum w P / sum w P^2) dS.
    private func carrySky(_ slot: Int, _ row: inout PSFMeasurement) {
        guard let sky else { return }
        let local = sky.at(x: row.x, y: row.y)
        row.background += local.level
        let lever = solver.sums[slot][10] / solver.sums[slot][0]
        row.fluxError = (row.fluxError * row.fluxError + lever * lever * local.variance).squareRoot()
    }

    private func row(_ slot: Int, _ index: Int, _ group: [Int]) -> PSFMeasurement {
        let star = stars[index]
        let sums = solver.sums[slot]
        let degrees = sums[11] - (star.moves ? 3 : 1)
        let chiSquared = degrees > 0 ? sums[9] / degrees : .nan
        var flags: SourceFlags = []
        if chiSquared > 2 { flags.insert(.psfPoorFit) }
        if star.isHeld || star.coverage < 0.5 { flags.insert(.psfUncertain) }
        if star.coverage < 1 { flags.insert(.masked) }
        return PSFMeasurement(
            x: star.x, y: star.y, xError: .nan, yError: .nan, flux: star.flux, fluxError: .nan,
            chiSquaredPerDegree: chiSquared, sharpness: sharpness(slot, index, group), background: .nan,
            pixelCount: Int(sums[11]), flags: flags)
    }

    /// From the residual along the image's Laplacian, the part along the image itself left out: blurring by a Gaussian
    /// of variance s per axis adds F s / 2 times the Laplacian. The light of hidden stars found near counts as the
    /// source's own: what is taken apart into several stars is wide.
    private func sharpness(_ slot: Int, _ index: Int, _ group: [Int]) -> Double {
        let layout = solver.layouts[slot]
        let (value, weight) = (solver.value(slot), solver.weight(slot))
        let (side, stride) = (layout.side, layout.stride)
        var laplacian = [Float](repeating: 0, count: layout.count)
        for line in 1..<(side - 1) {
            for i in (line * stride + 1)..<(line * stride + side - 1) {
                laplacian[i] = (value[i - 1] + value[i + 1]) + (value[i - stride] + value[i + stride]) - 4 * value[i]
            }
        }
        let square = solver.sums[slot][0]
        let along = kernel_psf_dot(laplacian, value, weight, layout.count)
        let curved = kernel_psf_dot(laplacian, laplacian, weight, layout.count) - along * along / square
        let residual = residualWithHidden(slot, index, group)
        let light =
            kernel_psf_dot(laplacian, residual, weight, layout.count)
            - along * kernel_psf_dot(value, residual, weight, layout.count) / square
        let flux = stars[index].flux
        return flux > 0 && curved > 0 ? 2 * light / (curved * flux) : .nan
    }

    /// The stamp's residual, hidden stars within 1.5 FWHM put back. Takes the place of the image's derivative.
    private func residualWithHidden(_ slot: Int, _ index: Int, _ group: [Int]) -> UnsafePointer<Float> {
        let star = stars[index]
        let reach = 1.5 * model.fwhmPixels
        let hidden = group.filter { other in
            let (dx, dy) = (stars[other].x - star.x, stars[other].y - star.y)
            return other >= givenCount && dx * dx + dy * dy < reach * reach
        }
        guard index < givenCount, !hidden.isEmpty else { return UnsafePointer(solver.residual(slot)) }
        let (layout, stamp) = (solver.layouts[slot], solver.byX(slot))
        stamp.update(from: solver.residual(slot), count: layout.count)
        for other in hidden { add(stars[other], to: stamp, around: star, layout) }
        return UnsafePointer(stamp)
    }

    /// Adds a star's light to the stamp of another.
    private func add(
        _ other: FittedStar, to stamp: UnsafeMutablePointer<Float>, around star: FittedStar, _ layout: StampLayout
    ) {
        let from = other.layout
        sampler.image(x: other.x, y: other.y, half: from.half, stride: from.stride, into: scratch)
        let (left, top) = (
            other.column - from.half - star.column + layout.half, other.row - from.half - star.row + layout.half
        )
        let columns = max(0, left)..<max(max(0, left), min(layout.side, left + from.side))
        let rows = max(0, top)..<max(max(0, top), min(layout.side, top + from.side))
        for row in rows {
            kernel_row_add(
                stamp + row * layout.stride + columns.lowerBound,
                scratch + (row - top) * from.stride + columns.lowerBound - left, Float(other.flux), columns.count)
        }
    }
}
