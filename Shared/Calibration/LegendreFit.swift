/// A Legendre polynomial through equally spaced values, clipped at 3 sigma three times. Values that are not numbers
/// do not count.
///
/// Normal equations in Legendre polynomials on [-1, 1] are well conditioned up to the orders used here.
struct LegendreFit {
    private let coefficients: [Double]
    /// Inverse of the normal matrix.
    private let covariance: [[Double]]
    private let sigma: Double
    private let count: Int

    /// Nil when there are fewer numbers than coefficients.
    init?(_ values: [Double], order: Int) {
        count = values.count
        let terms = order + 1
        var used = values.indices.filter { values[$0].isFinite }
        var fit: (coefficients: [Double], covariance: [[Double]])?
        var scatter = 0.0
        for _ in 0..<4 {
            guard used.count >= terms, let next = Self.solve(values, used, terms) else { break }
            fit = next
            let residuals = used.map { values[$0] - Self.value(next.coefficients, at: $0, of: values.count) }
            let freedom = max(used.count - terms, 1)
            scatter = (residuals.reduce(0) { $0 + $1 * $1 } / Double(freedom)).squareRoot()
            let kept = zip(used, residuals).filter { abs($0.1) <= 3 * scatter }.map(\.0)
            if kept.count == used.count { break }
            used = kept
        }
        guard let fit else { return nil }
        coefficients = fit.coefficients
        covariance = fit.covariance
        sigma = scatter
    }

    func levels() -> [LineLevel] {
        (0..<count).map { index in
            let basis = Self.basis(at: index, of: count, terms: coefficients.count)
            var form = 0.0
            for i in basis.indices {
                for j in basis.indices { form += basis[i] * covariance[i][j] * basis[j] }
            }
            let level = Self.value(coefficients, at: index, of: count)
            return LineLevel(level: level, variance: sigma * sigma * form)
        }
    }

    /// P_0 ... at the place of a line among all: (n+1) P_(n+1) = (2n+1) x P_n - n P_(n-1).
    private static func basis(at index: Int, of count: Int, terms: Int) -> [Double] {
        let x = count > 1 ? 2 * Double(index) / Double(count - 1) - 1 : 0
        var values = [1.0, x]
        for n in stride(from: 1, to: max(terms - 1, 1), by: 1) {
            values.append(((2 * Double(n) + 1) * x * values[n] - Double(n) * values[n - 1]) / Double(n + 1))
        }
        return Array(values.prefix(terms))
    }

    private static func value(_ coefficients: [Double], at index: Int, of count: Int) -> Double {
        zip(coefficients, basis(at: index, of: count, terms: coefficients.count)).reduce(0) { $0 + $1.0 * $1.1 }
    }

    private static func solve(
        _ values: [Double], _ used: [Int], _ terms: Int
    ) -> (coefficients: [Double], covariance: [[Double]])? {
        var matrix = [[Double]](repeating: [Double](repeating: 0, count: terms), count: terms)
        var right = [Double](repeating: 0, count: terms)
        for index in used {
            let basis = basis(at: index, of: values.count, terms: terms)
            for i in 0..<terms {
                right[i] += basis[i] * values[index]
                for j in 0..<terms { matrix[i][j] += basis[i] * basis[j] }
            }
        }
        guard let inverse = inverted(matrix) else { return nil }
        return (inverse.map { row in zip(row, right).reduce(0) { $0 + $1.0 * $1.1 } }, inverse)
    }

    /// Gauss and Jordan with pivots; nil when singular.
    private static func inverted(_ matrix: [[Double]]) -> [[Double]]? {
        let n = matrix.count
        var left = matrix
        var right = (0..<n).map { i in (0..<n).map { $0 == i ? 1.0 : 0 } }
        for column in 0..<n {
            let pivot = (column..<n).max { abs(left[$0][column]) < abs(left[$1][column]) } ?? column
            guard abs(left[pivot][column]) > 1e-12 * abs(matrix[0][0]) else { return nil }
            left.swapAt(column, pivot)
            right.swapAt(column, pivot)
            let scale = left[column][column]
            for j in 0..<n {
                left[column][j] /= scale
                right[column][j] /= scale
            }
            for row in 0..<n where row != column {
                let factor = left[row][column]
                for j in 0..<n {
                    left[row][j] -= factor * left[column][j]
                    right[row][j] -= factor * right[column][j]
                }
            }
        }
        return right
    }
}
