internal import LinearAlgebra

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
    private let x, y: CholeskyFactor

    /// nil when one of them is not positive definite to 1e-11 of its diagonal.
    init?(_ equations: PairedEquations) {
        let count = equations.count
        func factor(_ lane: (SIMD2<Double>) -> Double) -> CholeskyFactor? {
            var (matrix, index) = ([Double](repeating: 0, count: count * count), 0)
            for row in 0..<count {
                for column in 0...row {
                    matrix[row * count + column] = lane(equations.matrix[index])
                    index += 1
                }
            }
            return CholeskyFactor(matrix, order: count, leastPivot: 1e-11)
        }
        guard let x = factor(\.x), let y = factor(\.y) else { return nil }
        (self.x, self.y) = (x, y)
    }

    func solve(_ right: [SIMD2<Double>]) -> [SIMD2<Double>] {
        zip(x.solve(right.map(\.x)), y.solve(right.map(\.y))).map { SIMD2($0, $1) }
    }

    /// Variance of sum(terms * unknowns) of each problem.
    func variance(_ terms: [Double]) -> SIMD2<Double> { SIMD2(x.inverseForm(terms), y.inverseForm(terms)) }

    /// Covariance of the unknowns, rows of columns.
    func inverse() -> [[SIMD2<Double>]] {
        (0..<x.order).map { index in zip(x.inverseColumn(index), y.inverseColumn(index)).map { SIMD2($0, $1) } }
    }
}
