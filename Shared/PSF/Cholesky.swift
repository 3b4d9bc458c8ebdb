/// Solves small symmetric systems in place, and inverts them.
struct Cholesky {
    let order: Int
    /// Lower triangle, row-major.
    private(set) var factor: [Double]

    /// nil when the matrix is not positive definite to 1e-12 of its diagonal.
    ///
    /// - Parameter matrix: row-major, order * order; only the lower triangle is read.
    init?(_ matrix: [Double], order: Int) {
        self.order = order
        factor = matrix
        for row in 0..<order {
            for column in 0...row {
                var sum = factor[row * order + column]
                for k in 0..<column { sum -= factor[row * order + k] * factor[column * order + k] }
                if row == column {
                    guard sum > 1e-12 * abs(matrix[row * order + row]), sum.isFinite else { return nil }
                    factor[row * order + row] = sum.squareRoot()
                } else {
                    factor[row * order + column] = sum / factor[column * order + column]
                }
            }
        }
    }

    func solve(_ right: [Double]) -> [Double] {
        var x = right
        for row in 0..<order {
            for k in 0..<row { x[row] -= factor[row * order + k] * x[k] }
            x[row] /= factor[row * order + row]
        }
        for row in stride(from: order - 1, through: 0, by: -1) {
            for k in (row + 1)..<max(order, row + 1) { x[row] -= factor[k * order + row] * x[k] }
            x[row] /= factor[row * order + row]
        }
        return x
    }

    /// Standard error of the last unknown: the root of the last element of the inverse.
    var lastError: Double { 1 / factor[order * order - 1] }

    /// One column of the inverse.
    func inverseColumn(_ index: Int) -> [Double] {
        var unit = [Double](repeating: 0, count: order)
        unit[index] = 1
        return solve(unit)
    }

    /// Diagonal of the inverse.
    func inverseDiagonal() -> [Double] {
        (0..<order).map { index in
            // ||L^-1 e||^2: forward substitution from the unit vector.
            var x = [Double](repeating: 0, count: order)
            x[index] = 1 / factor[index * order + index]
            var sum = x[index] * x[index]
            for row in (index + 1)..<max(order, index + 1) {
                var value = 0.0
                for k in index..<row { value -= factor[row * order + k] * x[k] }
                x[row] = value / factor[row * order + row]
                sum += x[row] * x[row]
            }
            return sum
        }
    }
}
