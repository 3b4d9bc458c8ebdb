import LinearAlgebra
import PortableNumbers
import Testing

@Suite("Weighted normal equations")
struct WeightedNormalEquationsTests {
    @Test("a straight line has the slope, the constant and the errors of the textbook")
    func line() throws {
        var words = SplitMix64(seed: 1)
        let points = (0..<40).map { index in (x: Double(index) / 10, y: words.gaussian(), weight: 0.5 + words.uniform())
        }
        var equations = WeightedNormalEquations(count: 2)
        for point in points { equations.add([1, point.x], value: point.y, weight: point.weight) }
        let solved = try #require(equations.solved())
        let total = points.reduce(0) { $0 + $1.weight }
        let x = points.reduce(0) { $0 + $1.weight * $1.x } / total
        let y = points.reduce(0) { $0 + $1.weight * $1.y } / total
        let square = points.reduce(0) { $0 + $1.weight * ($1.x - x) * ($1.x - x) }
        let slope = points.reduce(0) { $0 + $1.weight * ($1.x - x) * ($1.y - y) } / square
        #expect(abs(solved.values[1] - slope) < 1e-12 && abs(solved.values[0] - (y - slope * x)) < 1e-12)
        let expected = [1 / total + x * x / square, -x / square, -x / square, 1 / square]
        #expect(zip(solved.factor.inverse(), expected).allSatisfy { abs($0 - $1) < 1e-12 })
    }

    @Test("residuals are orthogonal to the terms, and a weight of two is the observation twice")
    func orthogonal() throws {
        var words = SplitMix64(seed: 2)
        let rows = (0..<25).map { _ in (terms: (0..<4).map { _ in words.gaussian() }, value: words.gaussian()) }
        var (weighted, repeated) = (WeightedNormalEquations(count: 4), WeightedNormalEquations(count: 4))
        for (index, row) in rows.enumerated() {
            weighted.add(row.terms, value: row.value, weight: Double(1 + index % 3))
            for _ in 0...(index % 3) { repeated.add(row.terms, value: row.value, weight: 1) }
        }
        let (one, other) = (try #require(weighted.solved()).values, try #require(repeated.solved()).values)
        #expect(zip(one, other).allSatisfy { abs($0 - $1) < 1e-12 })
        for term in 0..<4 {
            let sum = rows.enumerated().reduce(0.0) { sum, row in
                let model = zip(one, row.element.terms).reduce(0) { $0 + $1.0 * $1.1 }
                return sum + Double(1 + row.offset % 3) * row.element.terms[term] * (row.element.value - model)
            }
            #expect(abs(sum) < 1e-11)
        }
    }

    @Test("units of the unknowns do not matter, from 1e-100 to 1e100")
    func units() throws {
        var words = SplitMix64(seed: 3)
        let rows = (0..<20).map { _ in (0..<3).map { _ in words.gaussian() } }
        let units = [1e-100, 1, 1e100]
        var equations = WeightedNormalEquations(count: 3)
        for row in rows {
            equations.add(zip(row, units).map { $0 * $1 }, value: row[0] - 2 * row[1] + 3 * row[2], weight: 4)
        }
        let values = try #require(equations.solved()).values
        for (index, truth) in [1.0, -2, 3].enumerated() { #expect(abs(values[index] * units[index] - truth) < 1e-12) }
    }

    @Test("too few observations, none, weights of 0 and what is not a number are refused")
    func refused() {
        #expect(WeightedNormalEquations(count: 2).solved() == nil)
        for bad in [[1, 2], [1, .nan], [.infinity, 1], [1e200, 1]] {
            var equations = WeightedNormalEquations(count: 2)
            equations.add([1, 2], value: 3, weight: 1)
            equations.add(bad, value: 3, weight: 1)
            #expect(equations.solved() == nil)
        }
        var unweighted = WeightedNormalEquations(count: 1)
        unweighted.add([1], value: 1, weight: 0)
        #expect(unweighted.solved() == nil)
        var unknown = WeightedNormalEquations(count: 1)
        unknown.add([1], value: .nan, weight: 1)
        #expect(unknown.solved() == nil)
    }
}
