import LinearAlgebra
import PortableNumbers
import Testing

@Suite("Cholesky's factor")
struct CholeskyFactorTests {
    /// Element by element, rows and columns counted from 0.
    private static func matrix(_ order: Int, _ element: (Int, Int) -> Double) -> [Double] {
        (0..<order * order).map { element($0 / order, $0 % order) }
    }

    /// 1 / (i + j + 1): the pivots over their diagonal elements are 1 / binomial(2 i, i)^2.
    private static func hilbert(_ order: Int) -> [Double] { matrix(order) { 1 / Double($0 + $1 + 1) } }

    private static func product(_ matrix: [Double], _ x: [Double]) -> [Double] {
        x.indices.map { row in x.indices.reduce(0) { $0 + matrix[row * x.count + $1] * x[$1] } }
    }

    private static func isNear(_ left: [Double], _ right: [Double], _ tolerance: Double) -> Bool {
        left.count == right.count && zip(left, right).allSatisfy { abs($0 - $1) <= tolerance * max(1, abs($1)) }
    }

    @Test("the matrix of second differences has the inverse and the determinant of the textbook", arguments: 1...20)
    func differences(order: Int) throws {
        let matrix = Self.matrix(order) { $0 == $1 ? 2 : abs($0 - $1) == 1 ? -1 : 0 }
        let inverse = Self.matrix(order) { Double((min($0, $1) + 1) * (order - max($0, $1))) / Double(order + 1) }
        let factor = try #require(CholeskyFactor(matrix, order: order))
        #expect(Self.isNear(factor.inverse(), inverse, 1e-13))
        #expect(Self.isNear(factor.inverseDiagonal(), (0..<order).map { inverse[$0 * (order + 1)] }, 1e-13))
        #expect(abs(factor.lastError * factor.lastError - inverse[order * order - 1]) < 1e-13)
        #expect(abs(factor.logDeterminant - Elementary.log(Double(order + 1))) < 1e-12)
        // Pivots are (i + 1) / i.
        #expect(abs(factor.smallestPivot - Double(order + 1) / Double(order)) < 1e-13)
    }

    @Test("random positive definite systems give back what went in", arguments: [1, 2, 3, 7, 20, 55])
    func random(order: Int) throws {
        var words = SplitMix64(seed: UInt64(order))
        for _ in 0..<5 {
            let root = (0..<order * order).map { _ in words.gaussian() }
            let matrix = Self.matrix(order) { row, column in
                (0..<order).reduce(row == column ? 1 : 0) { $0 + root[row * order + $1] * root[column * order + $1] }
            }
            let truth = (0..<order).map { _ in words.gaussian() }
            let factor = try #require(CholeskyFactor(matrix, order: order))
            #expect(Self.isNear(factor.solve(Self.product(matrix, truth)), truth, 1e-11))
            let form = zip(truth, factor.solve(truth)).reduce(0) { $0 + $1.0 * $1.1 }
            #expect(abs(factor.inverseForm(truth) / form - 1) < 1e-11)
            let inverse = factor.inverse()
            for column in 0..<order {
                let unit = (0..<order).map { $0 == column ? 1.0 : 0 }
                #expect(Self.isNear(Self.product(matrix, factor.inverseColumn(column)), unit, 1e-10))
                #expect(factor.inverseColumn(column) == (0..<order).map { inverse[$0 * order + column] })
            }
        }
    }

    @Test("only the lower triangle is read")
    func lowerTriangle() throws {
        let factor = try #require(CholeskyFactor([4, .nan, 2, 5], order: 2))
        #expect(factor.solve([8, 8]) == [1.5, 1])
    }

    @Test("a pivot over its diagonal element is 1 - R^2, and refuses at the limit, whatever the units")
    func condition() throws {
        var binomial = 1.0
        for order in 1...8 {
            let factor = try #require(CholeskyFactor(Self.hilbert(order), order: order))
            let ratio = factor.smallestPivot * Double(2 * order - 1)
            #expect(abs(ratio * binomial * binomial - 1) < 1e-6)
            // binomial(2 n, n) from the one before.
            binomial *= Double(4 * order - 2) / Double(order)
        }
        // 1 / binomial(22, 11)^2 is 2.0e-12, 1 / binomial(24, 12)^2 is 1.4e-13.
        for power in [-40, 0, 40] {
            var (accepted, refused) = (Self.hilbert(12), Self.hilbert(13))
            for row in 0..<13 {
                for column in 0..<13 {
                    let scale = Double(sign: .plus, exponent: (row + column) * power, significand: 1)
                    if row < 12, column < 12 { accepted[row * 12 + column] *= scale }
                    refused[row * 13 + column] *= scale
                }
            }
            #expect(CholeskyFactor(accepted, order: 12) != nil)
            #expect(CholeskyFactor(refused, order: 13) == nil)
            #expect(CholeskyFactor(refused, order: 13, leastPivot: 1e-14) != nil)
        }
    }

    @Test("of the digits of an ill-conditioned system as many are left as its condition allows")
    func illConditioned() throws {
        // Of order 8: condition 1.5e10.
        let truth = (0..<8).map { Double($0 % 3) - 1 }
        let factor = try #require(CholeskyFactor(Self.hilbert(8), order: 8))
        #expect(Self.isNear(factor.solve(Self.product(Self.hilbert(8), truth)), truth, 1e-5))
    }

    @Test(
        "what is singular, indefinite or not a number is refused",
        arguments: [
            [0.0, 0, 0, 0], [1, 1, 1, 1], [1, 2, 2, 1], [-1, 0, 0, -1], [1, 0, 0, 0], [1, 0, 0, -1e-300],
            [.nan, 0, 0, 1], [1, 0, .nan, 1], [1, 0, 0, .nan], [.infinity, 0, 0, 1], [1, 0, .infinity, 1],
            [1, 0, 0, .infinity], [1e200, 0, 1e200, 1e-200],
        ])
    func refused(matrix: [Double]) {
        #expect(CholeskyFactor(matrix, order: 2) == nil)
        #expect(CholeskyFactor(matrix, order: 2, leastPivot: 0) == nil)
    }

    @Test("of three unknowns the third the sum of the others is refused, whatever rounding leaves of it")
    func dependent() {
        var words = SplitMix64(seed: 6)
        for _ in 0..<100 {
            var equations = WeightedNormalEquations(count: 3)
            for _ in 0..<30 {
                let (first, second) = (words.gaussian(), 1e3 * words.gaussian())
                equations.add([first, second, first + second], value: words.gaussian(), weight: 1)
            }
            #expect(equations.solved() == nil)
        }
    }

    @Test("nothing and one unknown are systems like others")
    func smallest() throws {
        let none = try #require(CholeskyFactor([], order: 0))
        #expect(none.solve([]) == [] && none.inverse() == [] && none.inverseDiagonal() == [])
        #expect(none.logDeterminant == 0 && none.inverseForm([]) == 0 && none.smallestPivot == .infinity)
        let one = try #require(CholeskyFactor([4], order: 1))
        #expect(one.solve([6]) == [1.5] && one.inverse() == [0.25] && one.lastError == 0.5)
        #expect(one.inverseForm([6]) == 9 && one.smallestPivot == 4)
    }
}
