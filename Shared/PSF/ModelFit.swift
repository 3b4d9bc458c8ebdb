internal import CKernels
internal import Foundation
internal import Imaging
internal import LinearAlgebra
internal import Statistics

/// Stars' pixels and the scratch in which each star's normal equations are made.
final class ModelFit {
    let planes: PixelPlanes
    let table: SplineTable
    let layout: StampLayout
    var stars: [ModelStar]
    var field: ShapeField
    var model: PointSpreadModel
    /// Derivatives of the image by the four parameters of its shape, and the shape at which they were taken.
    private var tangents: [PointSpreadSampler] = []
    private var tangentShape: MoffatShape?
    /// Part of a pixel's starlight that is allowed for as error of the model.
    static let modelError: Float = 0.003
    /// Of `scratch`, `layout.count` values each: value, by x, by y, constant, four by shape, data, residual, variance,
    /// weight.
    private let scratch: UnsafeMutablePointer<Float>
    private static let buffers = 12

    /// Data and variance of each star's stamp, `layout.count` values each.
    private let pixels: UnsafeMutablePointer<Float>
    /// 1 when a star's own photons count as noise.
    private let photonNoise: Float

    /// - Parameters:
    ///   - radius: of the stamps [px].
    ///   - removed: a fit whose stars have been taken out of the planes; each of ours is put back in its own stamp.
    init(
        _ planes: PixelPlanes, table: SplineTable, stars: [ModelStar], field: ShapeField, radius: Double,
        removed: CrowdedFit? = nil
    ) {
        self.planes = planes
        self.table = table
        self.stars = stars
        self.field = field
        photonNoise = planes.photonNoise
        model = field.model(on: table, starCount: stars.count, chiSquaredPerDegree: .nan)
        layout = StampLayout(radius: radius, table: table)
        pixels = .allocate(capacity: max(2 * layout.count * stars.count, 1))
        pixels.initialize(repeating: 0, count: max(2 * layout.count * stars.count, 1))
        scratch = .allocate(capacity: Self.buffers * layout.count)
        scratch.initialize(repeating: 0, count: Self.buffers * layout.count)
        for line in 0..<layout.side {
            for i in 0..<layout.side { buffer(3)[line * layout.stride + i] = 1 }
        }
        for index in stars.indices { fill(index, removed) }
    }

    deinit {
        scratch.deallocate()
        pixels.deallocate()
    }

    /// Copies a star's pixels, without its neighbours where they have been fitted; their photons stay in the variance.
    private func fill(_ index: Int, _ removed: CrowdedFit?) {
        let star = stars[index]
        let (data, variance) = (pixels + 2 * index * layout.count, pixels + (2 * index + 1) * layout.count)
        if let fitted = star.fitted { removed?.restore(fitted) }
        planes.gather(
            column: star.column, row: star.row, layout, data: buffer(8), residual: data, variance: variance)
        if let fitted = star.fitted { removed?.remove(fitted) }
        for i in 0..<layout.count where variance[i] > 0 {
            variance[i] += photonNoise * max(buffer(8)[i] - data[i], 0)
        }
    }

    private func buffer(_ index: Int) -> UnsafeMutablePointer<Float> { scratch + index * layout.count }

    /// One Gauss-Newton step of the stars' fluxes, places and skies and of the shape they share.
    ///
    func iterate() {
        linearise()
        guard let step = field.step(stars.filter(\.isUsed)) else { return }
        for index in stars.indices where stars[index].isUsed {
            stars[index].follow(field.change(of: stars[index], by: step))
        }
        field.move(by: step)
        model = field.model(on: table, starCount: stars.filter(\.isUsed).count, chiSquaredPerDegree: chiSquared)
    }

    /// Leaves out stars that the model does not describe as well as the others: galaxies, blends, bad pixels. Half of
    /// the stars stay in any case.
    func reject() {
        let used = stars.indices.filter { stars[$0].isUsed }
        let misfits = used.map { stars[$0].misfit }
        let ratios = used.map { stars[$0].chiSquared / max(stars[$0].degrees, 1) }
        guard let misfit = RobustStatistics.median(misfits), let ratio = RobustStatistics.median(ratios)
        else { return }
        let bad = used.indices.filter { misfits[$0] > 16 + 9 * misfit || ratios[$0] > 0.5 + 2 * ratio }
        let ranked = bad.sorted { (misfits[$1], $0) < (misfits[$0], $1) }
        for index in ranked.prefix(used.count / 2) { stars[used[index]].isUsed = false }
    }

    /// Gives the shape the order in position that the stars ask for.
    func raiseOrder() {
        let used = stars.filter(\.isUsed)
        field = field.raised(to: field.bestOrder(used))
    }

    /// chi^2 per degree of freedom of the stars in use.
    var chiSquared: Double {
        let used = stars.filter(\.isUsed)
        return used.reduce(0) { $0 + $1.chiSquared } / max(used.reduce(0) { $0 + $1.degrees }, 1)
    }

    /// Makes each star's normal equations about the present model, with flux, place and sky eliminated.
    func linearise() {
        renewTangents()
        let sampler = PointSpreadSampler(model)
        for index in stars.indices where stars[index].isUsed {
            load(index)
            linearise(&stars[index], sampler)
        }
    }

    /// Derivatives are taken again when the shape has moved by more than a step of theirs.
    private func renewTangents() {
        let shape = field.middle
        if let tangentShape {
            let moves = zip(shape.parameters, tangentShape.parameters).map { abs($0 - $1) }
            if zip(moves, MoffatShape.steps).allSatisfy({ $0 < 2 * $1 }) { return }
        }
        tangentShape = shape
        tangents = shape.tangent(on: table).map { slope in
            PointSpreadSampler(
                PointSpreadModel(
                    table: table, coefficients: table.stored(slope), polynomialOrder: 0, frameWidth: planes.width,
                    frameHeight: planes.height, starCount: 0, chiSquaredPerDegree: .nan))
        }
    }

    /// The present model and what the stars have beyond it within a radius [px].
    func residualTable(radius: Double) -> ResidualTable {
        let core = StampLayout(radius: min(radius, Double(layout.half)), table: table)
        let inset = layout.half - core.half
        let sampler = PointSpreadSampler(model)
        var kept: [ResidualTable.Star] = []
        var values: [Float] = []
        for index in stars.indices where stars[index].isUsed {
            let star = stars[index]
            load(index)
            sampler.image(x: star.x, y: star.y, half: layout.half, stride: layout.stride, into: buffer(0))
            weigh(star)
            for source in [9, 11] {
                for line in 0..<core.side {
                    let start = (line + inset) * layout.stride + inset
                    for i in 0..<core.stride { values.append(i < core.side ? buffer(source)[start + i] : 0) }
                }
            }
            kept.append(
                ResidualTable.Star(
                    taps: table.taps(dx: star.x - star.x.rounded(), dy: star.y - star.y.rounded(), half: core.half),
                    terms: model.weights(x: star.x, y: star.y), flux: Float(star.flux)))
        }
        return ResidualTable(model, layout: core, stars: kept, pixels: values)
    }

    private func load(_ index: Int) {
        let data = pixels + 2 * index * layout.count
        buffer(9).update(from: data, count: layout.count)
        buffer(10).update(from: data + layout.count, count: layout.count)
    }

    private func linearise(_ star: inout ModelStar, _ sampler: PointSpreadSampler) {
        // The place may wander off the central pixel a little; the table has no room for more.
        let x = min(max(star.x, Double(star.column) - 0.5), Double(star.column) + 0.49)
        let y = min(max(star.y, Double(star.row) - 0.5), Double(star.row) + 0.49)
        (star.x, star.y) = (x, y)
        sampler.stamp(
            x: x, y: y, half: layout.half, stride: layout.stride,
            into: StampPlanes(value: buffer(0), byX: buffer(1), byY: buffer(2)))
        for (k, tangent) in tangents.enumerated() {
            tangent.image(x: x, y: y, half: layout.half, stride: layout.stride, into: buffer(4 + k))
        }
        if star.flux.isNaN { star.flux = firstFlux() }
        weigh(star)
        reduce(&star)
    }

    /// The flux that fits under the weights of the sky alone.
    private func firstFlux() -> Double {
        kernel_psf_weights(buffer(9), buffer(9), buffer(10), 0, layout.count, buffer(11))
        let square = kernel_psf_dot(buffer(0), buffer(0), buffer(11), layout.count)
        return square > 0 ? kernel_psf_dot(buffer(0), buffer(9), buffer(11), layout.count) / square : 0
    }

    /// Residual and weights of the star's stamp, 1 / (V + F P + (0.003 F P)^2).
    private func weigh(_ star: ModelStar) {
        kernel_psf_model_weights(
            buffer(0), buffer(10), Float(star.flux), Float(star.sky), photonNoise, Self.modelError, layout.count,
            buffer(9), buffer(11))
    }

    /// The star's normal equations for flux, x, y, sky, then the shape.
    private func reduce(_ star: inout ModelStar) {
        let (size, nuisance) = (8, 4)
        let scales = [1, star.flux, star.flux, 1, star.flux, star.flux, star.flux, star.flux]
        var matrix = [Double](repeating: 0, count: size * size)
        var right = [Double](repeating: 0, count: size)
        var triangle = [Double](repeating: 0, count: size * (size + 1) / 2)
        kernel_psf_normal(buffer(0), layout.count, size, buffer(11), buffer(9), layout.count, &triangle, &right)
        for p in 0..<size {
            right[p] *= scales[p]
            for q in 0...p {
                let value = scales[p] * scales[q] * triangle[p * (p + 1) / 2 + q]
                (matrix[p * size + q], matrix[q * size + p]) = (value, value)
            }
        }
        var used = 0.0
        for i in 0..<layout.count where buffer(11)[i] > 0 { used += 1 }
        star.degrees = used - Double(nuisance)
        star.chiSquared = kernel_psf_dot(buffer(9), buffer(9), buffer(11), layout.count)
        star.eliminate(matrix, right, size: size, nuisance: nuisance)
    }
}

extension ModelStar {
    /// Keeps what the shape sees once flux, place and sky have followed it: H = S - M^T N^-1 M, g = s - M^T N^-1 n.
    mutating func eliminate(_ matrix: [Double], _ right: [Double], size: Int, nuisance: Int) {
        let count = MoffatShape.count
        var inner = [Double](repeating: 0, count: nuisance * nuisance)
        for p in 0..<nuisance { for q in 0..<nuisance { inner[p * nuisance + q] = matrix[p * size + q] } }
        guard degrees > 20, flux > 0, let solver = CholeskyFactor(inner, order: nuisance) else {
            isUsed = false
            return
        }
        let settled = solver.solve(Array(right[0..<nuisance]))
        var mixed = [Double](repeating: 0, count: nuisance * count)
        for k in 0..<count {
            let column = (0..<nuisance).map { matrix[$0 * size + nuisance + k] }
            gradient[k] = right[nuisance + k] - zip(column, settled).reduce(0) { $0 + $1.0 * $1.1 }
            let followed = solver.solve(column)
            for p in 0..<nuisance { mixed[p * count + k] = column[p] }
            for j in 0..<count {
                let other = (0..<nuisance).reduce(0) { $0 + matrix[$1 * size + nuisance + j] * followed[$1] }
                curvature[j * count + k] = matrix[(nuisance + j) * size + nuisance + k] - other
            }
        }
        pending = (solver, Array(right[0..<nuisance]), mixed)
    }

    /// Moves flux, place and sky with a change of the shape.
    mutating func follow(_ change: [Double]) {
        guard let pending else { return }
        let count = MoffatShape.count
        let right = pending.right.indices.map { p in
            pending.right[p] - (0..<count).reduce(0) { $0 + pending.mixed[p * count + $1] * change[$1] }
        }
        let step = pending.matrix.solve(right)
        flux += step[0]
        x += min(max(step[1], -0.3), 0.3)
        y += min(max(step[2], -0.3), 0.3)
        if step.count > 3 { sky += step[3] }
    }
}
