internal import LinearAlgebra

/// A Legendre polynomial through equally spaced values, clipped at 3 sigma three times. Values that are not numbers
/// do not count.
///
/// Normal equations in Legendre polynomials on [-1, 1] are well conditioned up to the orders used here.
struct LegendreFit {
    private let coefficients: [Double]
    /// Of the normal matrix.
    private let factor: CholeskyFactor
    private let sigma: Double
    private let count: Int

    /// Nil when there are fewer numbers than coefficients.
    init?(_ values: [Double], order: Int) {
        count = values.count
        let terms = order + 1
        var used = values.indices.filter { values[$0].isFinite }
        var fit: (values: [Double], factor: CholeskyFactor)?
        var scatter = 0.0
        for _ in 0..<4 {
            guard used.count >= terms, let next = Self.solve(values, used, terms) else { break }
            fit = next
            let residuals = used.map { values[$0] - Self.value(next.values, at: $0, of: values.count) }
            let freedom = max(used.count - terms, 1)
            scatter = (residuals.reduce(0) { $0 + $1 * $1 } / Double(freedom)).squareRoot()
            let kept = zip(used, residuals).filter { abs($0.1) <= 3 * scatter }.map(\.0)
            if kept.count == used.count { break }
            used = kept
        }
        guard let fit else { return nil }
        (coefficients, factor) = (fit.values, fit.factor)
        sigma = scatter
    }

    func levels() -> [LineLevel] {
        (0..<count).map { index in
            let basis = Self.basis(at: index, of: count, terms: coefficients.count)
            let level = Self.value(coefficients, at: index, of: count)
            return LineLevel(level: level, variance: sigma * sigma * factor.inverseForm(basis))
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
    ) -> (values: [Double], factor: CholeskyFactor)? {
        var equations = WeightedNormalEquations(count: terms)
        for index in used {
            equations.add(basis(at: index, of: values.count, terms: terms), value: values[index], weight: 1)
        }
        return equations.solved(leastPivot: 1e-12)
    }
}
