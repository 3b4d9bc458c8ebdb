internal import PortableNumbers

/// Cholesky's factor of a symmetric positive definite matrix, and what least squares wants of it.
///
///     A = L L^T,   L_ij = (A_ij - sum_(k<j) L_ik L_jk) / L_jj,   L_ii^2 = A_ii - sum_(k<i) L_ik^2
///
/// A pivot over its diagonal element, L_ii^2 / A_ii, is 1 - R^2 of an unknown's column regressed on those before it:
/// the inverse of its variance inflation. Matrices are refused by it, whatever the units of the unknowns; nor do the
/// errors of the solution depend on units, so nothing has to be scaled before. Sums run in ascending order and are not
/// fused: the same bits on every machine.
///
/// Matrices are square arrays of `order * order` numbers, row by row. The empty system of order 0 has its solution.
///
/// - Source: Golub & Van Loan, Matrix Computations, 4th ed., section 4.2; Higham 2002, Accuracy and Stability of
///   Numerical Algorithms, 2nd ed., section 10.1 (errors and scaling); Belsley, Kuh & Welsch 1980, Regression
///   Diagnostics, section 3.2 (variance inflation).
public struct CholeskyFactor: Sendable {
    public let order: Int
    /// L in the lower triangle; what is above the diagonal has no meaning.
    private let lower: [Double]

    /// Takes order^3 / 6 products.
    ///
    /// - Parameters:
    ///   - matrix: A; only the lower triangle is read.
    ///   - leastPivot: the smallest L_ii^2 / A_ii that is believed, >= 0: at 1e-12 some four digits of a solution are
    ///     left.
    /// - Returns: nil where a pivot is not above `leastPivot` (singular, indefinite, nearly dependent columns) or not
    ///   finite.
    public init?(_ matrix: [Double], order: Int, leastPivot: Double = 1e-12) {
        precondition(order >= 0 && matrix.count == order * order, "a matrix has as many columns as rows")
        var lower = matrix
        let isPositive = lower.withUnsafeMutableBufferPointer { lower -> Bool in
            for row in 0..<order {
                let start = row * order
                for column in 0..<row {
                    let other = column * order
                    var sum = lower[start + column]
                    for k in 0..<column { sum -= lower[start + k] * lower[other + k] }
                    lower[start + column] = sum / lower[other + column]
                }
                let diagonal = lower[start + row]
                var pivot = diagonal
                for k in start..<(start + row) { pivot -= lower[k] * lower[k] }
                guard pivot > leastPivot * abs(diagonal), pivot.isFinite else { return false }
                lower[start + row] = pivot.squareRoot()
            }
            return true
        }
        guard isPositive else { return nil }
        (self.order, self.lower) = (order, lower)
    }

    /// A^-1 b.
    ///
    /// - Parameter right: b, `order` numbers.
    public func solve(_ right: [Double]) -> [Double] {
        var x = right
        substituteForward(&x)
        substituteBackward(&x)
        return x
    }

    /// v^T A^-1 v = |L^-1 v|^2: the variance of v . x where A^-1 is the covariance of x.
    ///
    /// - Parameter v: `order` numbers.
    public func inverseForm(_ v: [Double]) -> Double {
        var x = v
        substituteForward(&x)
        return x.reduce(0) { $0 + $1 * $1 }
    }

    /// One column of A^-1.
    public func inverseColumn(_ index: Int) -> [Double] {
        var x = unit(index)
        substituteForward(&x, from: index)
        substituteBackward(&x)
        return x
    }

    /// A^-1.
    public func inverse() -> [Double] {
        var inverse = [Double](repeating: 0, count: order * order)
        for column in 0..<order {
            for (row, value) in inverseColumn(column).enumerated() { inverse[row * order + column] = value }
        }
        return inverse
    }

    /// Diagonal of A^-1: variances of the unknowns.
    public func inverseDiagonal() -> [Double] {
        (0..<order).map { index in
            var x = unit(index)
            substituteForward(&x, from: index)
            return x[index...].reduce(0) { $0 + $1 * $1 }
        }
    }

    /// Root of the last element of A^-1: the standard error of the last unknown, which costs nothing. `order` > 0.
    public var lastError: Double { 1 / lower[order * order - 1] }

    /// The smallest L_ii^2; infinite for order 0.
    public var smallestPivot: Double { diagonal.reduce(.infinity) { min($0, $1 * $1) } }

    /// ln det A, by portable logarithms.
    public var logDeterminant: Double { diagonal.reduce(0) { $0 + 2 * Elementary.log($1) } }

    private var diagonal: [Double] { (0..<order).map { lower[$0 * (order + 1)] } }

    private func unit(_ index: Int) -> [Double] {
        var unit = [Double](repeating: 0, count: order)
        unit[index] = 1
        return unit
    }

    /// x <- L^-1 x, where the first `first` numbers of x are 0.
    private func substituteForward(_ x: inout [Double], from first: Int = 0) {
        precondition(x.count == order, "a vector has a number for each row")
        x.withUnsafeMutableBufferPointer { x in
            lower.withUnsafeBufferPointer { lower in
                for row in first..<max(order, first) {
                    var sum = x[row]
                    for k in first..<row { sum -= lower[row * order + k] * x[k] }
                    x[row] = sum / lower[row * order + row]
                }
            }
        }
    }

    /// x <- L^-T x
    private func substituteBackward(_ x: inout [Double]) {
        x.withUnsafeMutableBufferPointer { x in
            lower.withUnsafeBufferPointer { lower in
                for row in (0..<order).reversed() {
                    var sum = x[row]
                    for k in (row + 1)..<max(order, row + 1) { sum -= lower[k * order + row] * x[k] }
                    x[row] = sum / lower[row * order + row]
                }
            }
        }
    }
}
