/// Normal equations of weighted linear least squares with few unknowns.
///
///     minimise sum_i w_i (y_i - X_i . x)^2   ->   A x = b,   A = sum w X X^T,   b = sum w X y
///
/// Where the weights are 1 / variance, the covariance of x is A^-1.
///
/// - Source: Press et al., Numerical Recipes, 3rd ed., section 15.4.
public struct WeightedNormalEquations: Sendable {
    public let count: Int
    /// Lower triangle of A, in rows of `count`.
    private var matrix: [Double]
    private var right: [Double]

    /// - Parameter count: of unknowns.
    public init(count: Int) {
        self.count = count
        matrix = Array(repeating: 0, count: count * count)
        right = Array(repeating: 0, count: count)
    }

    /// Adds an observation.
    ///
    /// - Parameters:
    ///   - terms: X_i, `count` numbers.
    ///   - value: y_i.
    ///   - weight: w_i, >= 0.
    public mutating func add(_ terms: [Double], value: Double, weight: Double) {
        precondition(terms.count == count, "an observation has a term for each unknown")
        for row in 0..<count {
            let scaled = weight * terms[row]
            for column in 0...row { matrix[row * count + column] += scaled * terms[column] }
            right[row] += scaled * value
        }
    }

    /// x, and the factor of A, which knows the covariance.
    ///
    /// - Parameter leastPivot: see `CholeskyFactor`.
    /// - Returns: nil where the observations do not tell the unknowns apart, or are not finite.
    public func solved(leastPivot: Double = 1e-10) -> (values: [Double], factor: CholeskyFactor)? {
        guard let factor = CholeskyFactor(matrix, order: count, leastPivot: leastPivot) else { return nil }
        let values = factor.solve(right)
        return values.allSatisfy(\.isFinite) ? (values, factor) : nil
    }
}
