internal import Foundation
internal import LinearAlgebra

/// The Moffat shape as a function of place: polynomials for the width and the two ellipticities, one tail for all.
struct ShapeField {
    var order: Int
    let width: Int
    let height: Int
    /// ln FWHM, e1, e2: one coefficient per term.
    var terms: [[Double]]
    var tail: Double

    init(_ shape: MoffatShape, width: Int, height: Int) {
        order = 0
        (self.width, self.height) = (width, height)
        terms = shape.parameters.prefix(3).map { [$0] }
        tail = shape.parameters[3]
    }

    func monomials(_ x: Double, _ y: Double) -> [Double] {
        PointSpreadModel.monomials(x: x, y: y, width: width, height: height, order: order)
    }

    func shape(x: Double, y: Double) -> MoffatShape {
        let monomials = monomials(x, y)
        let values = terms.map { coefficients in zip(coefficients, monomials).reduce(0) { $0 + $1.0 * $1.1 } }
        return MoffatShape(parameters: values + [tail])
    }

    /// The shape about which derivatives are taken.
    var middle: MoffatShape {
        shape(x: Double(width - 1) / 2, y: Double(height - 1) / 2)
    }

    /// A field with more terms that says the same.
    func raised(to order: Int) -> ShapeField {
        var raised = self
        raised.order = order
        let count = PointSpreadModel.terms(order)
        raised.terms = terms.map { $0 + [Double](repeating: 0, count: max(0, count - $0.count)) }
        return raised
    }

    /// Number of free coefficients.
    var freedom: Int { 3 * PointSpreadModel.terms(order) + 1 }

    /// Coefficients that change each of a star's four shape parameters, with their weights.
    private func design(_ star: ModelStar) -> [[(index: Int, weight: Double)]] {
        let monomials = monomials(star.x, star.y)
        let count = monomials.count
        let polynomial = (0..<3).map { parameter in
            monomials.enumerated().map { (index: parameter * count + $0.offset, weight: $0.element) }
        }
        return polynomial + [[(index: 3 * count, weight: 1)]]
    }

    /// The step of all coefficients that lowers the stars' summed chi^2 most; nil when they do not determine it.
    ///
    ///     (sum_i B_i^T H_i B_i) a = sum_i B_i^T g_i
    func step(_ stars: [ModelStar]) -> [Double]? {
        let size = freedom
        var matrix = [Double](repeating: 0, count: size * size)
        var right = [Double](repeating: 0, count: size)
        for star in stars {
            let design = design(star)
            for p in 0..<MoffatShape.count {
                for (row, rowWeight) in design[p] {
                    right[row] += rowWeight * star.gradient[p]
                    for q in 0..<MoffatShape.count {
                        let curvature = star.curvature[p * MoffatShape.count + q] * rowWeight
                        for (column, weight) in design[q] { matrix[row * size + column] += curvature * weight }
                    }
                }
            }
        }
        // A touch of damping keeps undetermined directions still.
        for index in 0..<size { matrix[index * size + index] *= 1 + 1e-9 }
        return CholeskyFactor(matrix, order: size)?.solve(right)
    }

    /// The change of one star's shape by a step of the coefficients.
    func change(of star: ModelStar, by step: [Double]) -> [Double] {
        design(star).map { row in row.reduce(0) { $0 + $1.weight * step[$1.index] } }
    }

    mutating func move(by step: [Double]) {
        let count = PointSpreadModel.terms(order)
        let largest =
            zip(step.indices, step).map { index, value in
                abs(value) / MoffatShape.reach[min(index / count, 3)]
            }.max() ?? 0
        let scale = largest > 1 ? 1 / largest : 1
        for parameter in 0..<3 {
            for term in 0..<count { terms[parameter][term] += scale * step[parameter * count + term] }
        }
        tail = min(max(tail + scale * step[3 * count], 0), 0.55)
    }

    /// The order, at least the present one, that predicts best what stars left out of the fit want: five-fold
    /// cross-validation of the stars' quadratic chi^2, a higher order only where it gains 10 and the stars are four
    /// times as many as terms.
    func bestOrder(_ stars: [ModelStar]) -> Int {
        var (best, bestScore) = (order, Double.infinity)
        for order in order...2 where order == best || stars.count >= 4 * PointSpreadModel.terms(order) {
            let field = raised(to: order)
            var score = 0.0
            for fold in 0..<5 {
                let others = stars.enumerated().filter { $0.offset % 5 != fold }.map(\.element)
                guard let step = field.step(others) else { return best }
                for (index, star) in stars.enumerated() where index % 5 == fold {
                    score += Self.excess(star, field.change(of: star, by: step))
                }
            }
            if score < bestScore - 10 { (best, bestScore) = (order, score) }
        }
        return best
    }

    /// Change of a star's chi^2 with a change of its shape, cut where a single odd star would decide.
    private static func excess(_ star: ModelStar, _ change: [Double]) -> Double {
        var value = 0.0
        for p in 0..<MoffatShape.count {
            value -= 2 * star.gradient[p] * change[p]
            for q in 0..<MoffatShape.count {
                value += change[p] * star.curvature[p * MoffatShape.count + q] * change[q]
            }
        }
        return min(max(value, -200), 200)
    }

    /// The model of this field: its images at 4 x 4 places, fitted by a polynomial in each coefficient.
    func model(on table: SplineTable, starCount: Int, chiSquaredPerDegree: Double) -> PointSpreadModel {
        let planeOrder = order == 0 ? 0 : 2
        let count = PointSpreadModel.terms(planeOrder)
        var planes = [[Double]](repeating: [Double](repeating: 0, count: table.count), count: count)
        let places = order == 0 ? [0.0] : [-0.924, -0.383, 0.383, 0.924]
        var designs: [[Double]] = []
        var images: [[Double]] = []
        for v in places {
            for u in places {
                let (x, y) = ((u + 1) / 2 * Double(width - 1), (v + 1) / 2 * Double(height - 1))
                designs.append(
                    PointSpreadModel.monomials(x: x, y: y, width: width, height: height, order: planeOrder))
                images.append(shape(x: x, y: y).coefficients(on: table))
            }
        }
        let projection = Self.projection(designs, count)
        for (image, weights) in zip(images, projection) {
            for plane in 0..<count {
                let weight = weights[plane]
                for index in 0..<table.count { planes[plane][index] += weight * image[index] }
            }
        }
        return PointSpreadModel(
            table: table, coefficients: planes.flatMap { table.stored($0) }, polynomialOrder: planeOrder,
            frameWidth: width, frameHeight: height, starCount: starCount, chiSquaredPerDegree: chiSquaredPerDegree)
    }

    /// (A^T A)^-1 A^T, by place.
    private static func projection(_ designs: [[Double]], _ count: Int) -> [[Double]] {
        var normal = [Double](repeating: 0, count: count * count)
        for design in designs {
            for p in 0..<count { for q in 0..<count { normal[p * count + q] += design[p] * design[q] } }
        }
        guard let solver = CholeskyFactor(normal, order: count) else { return designs }
        return designs.map { solver.solve($0) }
    }
}

extension SplineTable {
    /// From rows of nodes to the order in which tables are stored.
    func stored(_ rows: [Double]) -> [Float] {
        var stored = [Float](repeating: 0, count: count)
        for row in 0..<side {
            for column in 0..<side { stored[index(column, row)] = Float(rows[row * side + column]) }
        }
        return stored
    }
}
