/// Normal equations of two least-squares problems with one design, lane x and lane y of each number.
struct PairedEquations {
    let count: Int
    /// Lower triangle, row by row.
    var matrix: [SIMD2<Double>]
    var right: [SIMD2<Double>]

    init(count: Int) {
        self.count = count
        matrix = Array(repeating: .zero, count: count * (count + 1) / 2)
        right = Array(repeating: .zero, count: count)
    }

    /// Adds one observation of each problem.
    ///
    /// - Parameter terms: `count` values.
    mutating func add(_ terms: UnsafePointer<Double>, value: SIMD2<Double>, weight: SIMD2<Double>) {
        matrix.withUnsafeMutableBufferPointer { matrix in
            var index = 0
            for row in 0..<count {
                let scaled = weight * terms[row]
                for column in 0...row {
                    matrix[index] += scaled * terms[column]
                    index += 1
                }
                right[row] += scaled * value
            }
        }
    }

    static func + (left: PairedEquations, right: PairedEquations) -> PairedEquations {
        var sum = left
        for index in sum.matrix.indices { sum.matrix[index] += right.matrix[index] }
        for index in sum.right.indices { sum.right[index] += right.right[index] }
        return sum
    }

    static func - (left: PairedEquations, right: PairedEquations) -> PairedEquations {
        var rest = left
        for index in rest.matrix.indices { rest.matrix[index] -= right.matrix[index] }
        for index in rest.right.indices { rest.right[index] -= right.right[index] }
        return rest
    }
}

/// Cholesky's factors of both matrices of `PairedEquations`.
struct PairedCholesky: Sendable {
    let count: Int
    private var factor: [SIMD2<Double>]

    /// nil when one of them is not positive definite to 1e-11 of its diagonal.
    init?(_ equations: PairedEquations) {
        count = equations.count
        factor = equations.matrix
        for row in 0..<count {
            let start = row * (row + 1) / 2
            for column in 0...row {
                let other = column * (column + 1) / 2
                var sum = factor[start + column]
                for k in 0..<column { sum -= factor[start + k] * factor[other + k] }
                if row == column {
                    let least = equations.matrix[start + row] * 1e-11
                    guard sum.x > least.x, sum.y > least.y, sum.x.isFinite, sum.y.isFinite else { return nil }
                    factor[start + row] = sum.squareRoot()
                } else {
                    factor[start + column] = sum / factor[other + column]
                }
            }
        }
    }

    /// L^-1 b.
    private func forward(_ right: [SIMD2<Double>]) -> [SIMD2<Double>] {
        var values = right
        for row in 0..<count {
            let start = row * (row + 1) / 2
            for k in 0..<row { values[row] -= factor[start + k] * values[k] }
            values[row] /= factor[start + row]
        }
        return values
    }

    func solve(_ right: [SIMD2<Double>]) -> [SIMD2<Double>] {
        var values = forward(right)
        for row in stride(from: count - 1, through: 0, by: -1) {
            for k in (row + 1)..<max(count, row + 1) { values[row] -= factor[k * (k + 1) / 2 + row] * values[k] }
            values[row] /= factor[row * (row + 1) / 2 + row]
        }
        return values
    }

    /// Variance of sum(terms * unknowns) of each problem.
    func variance(_ terms: [Double]) -> SIMD2<Double> {
        forward(terms.map { SIMD2(repeating: $0) }).reduce(.zero) { $0 + $1 * $1 }
    }

    /// Covariance of the unknowns, rows of columns.
    func inverse() -> [[SIMD2<Double>]] {
        (0..<count).map { index in
            var unit = [SIMD2<Double>](repeating: .zero, count: count)
            unit[index] = SIMD2(1, 1)
            return solve(unit)
        }
    }
}
