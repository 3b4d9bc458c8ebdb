internal import CKernels

/// What star images have that the Moffat profile lacks, as a table of spline coefficients per term in position.
///
/// Minimises, over the coefficients d of all planes,
///
///     sum_i sum_u w (r_i(u) - F_i sum_m T_m(x_i) S_i d_m)^2 + sum_mj (d_mj / sigma_mj)^2
///
/// r: the stars' residuals from the profile, S_i: the splines at the star's sub-pixel phase, sigma: a fifth of the
/// profile's own coefficient and 0.3 % of its largest for the first plane, a quarter of that for the others. Solved by
/// conjugate gradients. Used only if stars that were left out of the fit are described better with it.
///
/// - Source: Stetson 1987, PASP 99, 191, section III.B (profile and table); Bertin 2011, ADASS XX, 435 (regularised
///   pixel basis).
final class ResidualTable {
    struct Star {
        let taps: kernel_psf_taps
        let terms: [Float]
        let flux: Float
    }

    private let model: PointSpreadModel
    private let layout: StampLayout
    private let stars: [Star]
    /// Residual and weight of each star's core, `layout.count` values each.
    private let pixels: [Float]
    private let sigma: [Float]
    private static let iterations = 10

    init(_ model: PointSpreadModel, layout: StampLayout, stars: [Star], pixels: [Float]) {
        self.model = model
        self.layout = layout
        self.stars = stars
        self.pixels = pixels
        let size = model.table.count
        let first = model.coefficients.prefix(size).map { abs($0) }
        let floor = 0.003 * (first.max() ?? 0)
        let plane = first.map { 0.2 * $0 + floor }
        sigma = (0..<model.planeCount).flatMap { index in plane.map { index == 0 ? $0 : 0.25 * $0 } }
    }

    /// The model with its table, or as it was when the table does not help.
    func improved() -> PointSpreadModel {
        guard stars.count >= 8 else { return model }
        var gain = 0.0
        for fold in 0..<2 {
            let table = solve { $0 % 2 != fold }
            for index in stars.indices where index % 2 == fold { gain += change(index, table) }
            guard gain < -10 else { return model }
        }
        let table = solve { _ in true }
        return model.adding(table)
    }

    /// Change of a left-out star's chi^2, its flux taken anew, cut where a single odd star would decide.
    private func change(_ index: Int, _ table: [Float]) -> Double {
        var image = [Float](repeating: 0, count: layout.count)
        predict(index, table, &image)
        return pixels.withUnsafeBufferPointer { pixels in
            let residual = pixels.baseAddress! + 2 * index * layout.count
            let weight = residual + layout.count
            let square = kernel_psf_dot(image, image, weight, layout.count)
            let product = kernel_psf_dot(image, residual, weight, layout.count)
            return min(max(square - 2 * product, -500), 500)
        }
    }

    /// F_i sum_m T_m S_i d_m.
    private func predict(_ index: Int, _ table: [Float], _ image: inout [Float]) {
        let star = stars[index]
        var taps = star.taps
        let grid = model.table
        let combined = Self.combined(table, star.terms, grid.count) + [Float](repeating: 0, count: 16)
        let side = layout.side
        kernel_psf_image(combined, grid.oversampling, grid.run, &taps, side, side, layout.stride, &image)
        for i in image.indices { image[i] *= star.flux }
    }

    private static func combined(_ planes: [Float], _ terms: [Float], _ size: Int) -> [Float] {
        guard terms.count > 1 else { return planes }
        var sum = Array(planes.prefix(size))
        planes.withUnsafeBufferPointer { planes in
            for plane in 1..<terms.count {
                kernel_row_add(&sum, planes.baseAddress! + plane * size, terms[plane], size)
            }
        }
        return sum
    }

    /// Adds S^T W v, times flux and terms, to the planes.
    private func scatter(_ index: Int, _ image: [Float], into planes: inout [Float]) {
        let star = stars[index]
        var taps = star.taps
        let grid = model.table
        var weighted = image
        let start = (2 * index + 1) * layout.count
        for i in weighted.indices { weighted[i] *= pixels[start + i] * star.flux }
        let side = layout.side
        guard star.terms.count > 1 else {
            kernel_psf_scatter(weighted, layout.stride, grid.oversampling, grid.run, &taps, side, side, &planes)
            return
        }
        var single = [Float](repeating: 0, count: grid.count)
        kernel_psf_scatter(weighted, layout.stride, grid.oversampling, grid.run, &taps, side, side, &single)
        planes.withUnsafeMutableBufferPointer { planes in
            for plane in star.terms.indices {
                kernel_row_add(planes.baseAddress! + plane * grid.count, single, star.terms[plane], grid.count)
            }
        }
    }

    /// Conjugate gradients in units of sigma.
    private func solve(using isUsed: (Int) -> Bool) -> [Float] {
        let used = stars.indices.filter(isUsed)
        var right = [Float](repeating: 0, count: sigma.count)
        for index in used {
            let start = 2 * index * layout.count
            scatter(index, Array(pixels[start..<(start + layout.count)]), into: &right)
        }
        for i in right.indices { right[i] *= sigma[i] }
        var solution = [Float](repeating: 0, count: sigma.count)
        var residual = right
        var direction = right
        var square = Self.dot(residual, residual)
        let target = 1e-6 * square
        for _ in 0..<Self.iterations where square > target {
            let image = normal(direction, used)
            let curvature = Self.dot(direction, image)
            guard curvature > 0 else { break }
            let step = Float(square / curvature)
            for i in solution.indices {
                solution[i] += step * direction[i]
                residual[i] -= step * image[i]
            }
            let next = Self.dot(residual, residual)
            let ratio = Float(next / square)
            for i in direction.indices { direction[i] = residual[i] + ratio * direction[i] }
            square = next
        }
        return zip(solution, sigma).map { $0 * $1 }
    }

    private func normal(_ vector: [Float], _ used: [Int]) -> [Float] {
        var scaled = vector
        for i in scaled.indices { scaled[i] *= sigma[i] }
        var result = [Float](repeating: 0, count: vector.count)
        var image = [Float](repeating: 0, count: layout.count)
        for index in used {
            predict(index, scaled, &image)
            scatter(index, image, into: &result)
        }
        for i in result.indices { result[i] = result[i] * sigma[i] + vector[i] }
        return result
    }

    private static func dot(_ a: [Float], _ b: [Float]) -> Double {
        var sum = 0.0
        for i in a.indices { sum += Double(a[i]) * Double(b[i]) }
        return sum
    }
}

extension PointSpreadModel {
    /// With a table added, and all of a star's light 1 again: what the table adds to the light is taken from all.
    func adding(_ correction: [Float]) -> PointSpreadModel {
        let size = table.count
        let area = Double(table.oversampling * table.oversampling)
        func light(_ values: [Float], _ plane: Int) -> Double {
            values[(plane * size)..<((plane + 1) * size)].reduce(0) { $0 + Double($1) } / area
        }
        var sums = [Float](repeating: 0, count: coefficients.count)
        for i in sums.indices { sums[i] = coefficients[i] + correction[i] }
        let whole = 1 + light(correction, 0)
        guard whole > 0.5 else { return self }
        for plane in 0..<planeCount {
            // The other planes' light goes to first order into the scale of the first.
            let excess = plane == 0 ? 0 : light(correction, plane) / whole
            for i in 0..<size {
                let index = plane * size + i
                sums[index] = Float((Double(sums[index]) - excess * Double(coefficients[i])) / whole)
            }
        }
        return PointSpreadModel(
            table: table, coefficients: sums, polynomialOrder: polynomialOrder, frameWidth: frameWidth,
            frameHeight: frameHeight, starCount: starCount, chiSquaredPerDegree: chiSquaredPerDegree)
    }
}
