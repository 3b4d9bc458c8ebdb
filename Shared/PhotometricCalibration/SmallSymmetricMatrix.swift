internal import PortableNumbers

/// A symmetric positive matrix of a few rows, stored whole and row by row, with what least squares needs.
struct SmallSymmetricMatrix: Sendable {
    let size: Int
    var elements: [Double]

    init(size: Int) {
        self.size = size
        elements = Array(repeating: 0, count: size * size)
    }

    subscript(row: Int, column: Int) -> Double {
        get { elements[row * size + column] }
        set { elements[row * size + column] = newValue }
    }

    /// Lower triangle L with L L^T = the matrix; `nil` unless it is positive definite.
    func choleskyFactor() -> SmallSymmetricMatrix? {
        var factor = SmallSymmetricMatrix(size: size)
        for row in 0..<size {
            for column in 0...row {
                var sum = self[row, column]
                for index in 0..<column { sum -= factor[row, index] * factor[column, index] }
                if row == column {
                    guard sum > 1e-12 * abs(self[row, row]), sum.isFinite else { return nil }
                    factor[row, row] = sum.squareRoot()
                } else {
                    factor[row, column] = sum / factor[column, column]
                }
            }
        }
        return factor
    }

    /// x of L L^T x = right, for a factor L.
    func solving(_ right: [Double]) -> [Double] {
        var x = right
        for row in 0..<size {
            for index in 0..<row { x[row] -= self[row, index] * x[index] }
            x[row] /= self[row, row]
        }
        for row in stride(from: size - 1, through: 0, by: -1) {
            for index in (row + 1)..<max(size, row + 1) { x[row] -= self[index, row] * x[index] }
            x[row] /= self[row, row]
        }
        return x
    }

    /// Inverse of L L^T, for a factor L.
    func inverseOfProduct() -> SmallSymmetricMatrix {
        var inverse = SmallSymmetricMatrix(size: size)
        for column in 0..<size {
            var unit = Array(repeating: 0.0, count: size)
            unit[column] = 1
            let x = solving(unit)
            for row in 0..<size { inverse[row, column] = x[row] }
        }
        return inverse
    }

    /// ln det of L L^T, for a factor L.
    var logDeterminantOfProduct: Double {
        (0..<size).reduce(0) { $0 + 2 * Elementary.log(self[$1, $1]) }
    }

    /// v^T M v
    func quadratic(_ v: [Double]) -> Double {
        var sum = 0.0
        for row in 0..<size {
            for column in 0..<size { sum += v[row] * self[row, column] * v[column] }
        }
        return sum
    }
}
