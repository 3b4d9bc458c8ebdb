internal import LinearAlgebra

/// A symmetric matrix of a few rows, stored whole and row by row.
struct SmallSymmetricMatrix: Sendable {
    let size: Int
    var elements: [Double]

    init(size: Int, elements: [Double]) { (self.size, self.elements) = (size, elements) }

    init(size: Int) { self.init(size: size, elements: Array(repeating: 0, count: size * size)) }

    subscript(row: Int, column: Int) -> Double {
        get { elements[row * size + column] }
        set { elements[row * size + column] = newValue }
    }

    /// `nil` unless it is positive definite.
    var factor: CholeskyFactor? { CholeskyFactor(elements, order: size) }

    /// v^T M v
    func quadratic(_ v: [Double]) -> Double {
        var sum = 0.0
        for row in 0..<size {
            for column in 0..<size { sum += v[row] * self[row, column] * v[column] }
        }
        return sum
    }
}
