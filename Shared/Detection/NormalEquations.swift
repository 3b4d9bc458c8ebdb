internal import LinearAlgebra

/// Linear least squares of few parameters beside an offset for each tile, which is taken out tile by tile.
struct NormalEquations {
    private let count: Int
    private var matrix: [Double]
    private var right: [Double]
    private var samples = 0

    /// Sums over the samples of one tile.
    struct Tile {
        private let count: Int
        fileprivate var samples = 0
        fileprivate var weight = 0.0
        fileprivate var value = 0.0
        /// Functions, and products with them.
        fileprivate var functions: [Double]
        fileprivate var products: [Double]
        fileprivate var valueProducts: [Double]

        init(count: Int) {
            self.count = count
            functions = [Double](repeating: 0, count: count)
            products = [Double](repeating: 0, count: count * count)
            valueProducts = functions
        }

        /// - Parameter sample: values of the functions; more than there are parameters do no harm.
        mutating func add(_ sample: [Float], _ value: Float, weight: Float) {
            let (value, weight) = (Double(value), Double(weight))
            self.weight += weight
            self.value += weight * value
            samples += 1
            for row in 0..<count where sample[row] != 0 {
                let scaled = weight * Double(sample[row])
                functions[row] += scaled
                valueProducts[row] += scaled * value
                for column in row..<count { products[row * count + column] += scaled * Double(sample[column]) }
            }
        }
    }

    init(count: Int) {
        self.count = count
        matrix = [Double](repeating: 0, count: count * count)
        right = [Double](repeating: 0, count: count)
    }

    /// A tile's own mean of everything is taken off.
    mutating func add(_ tile: Tile) {
        samples += tile.samples
        guard tile.weight > 0 else { return }
        for row in 0..<count {
            right[row] += tile.valueProducts[row] - tile.functions[row] * tile.value / tile.weight
            for column in row..<count {
                let mean = tile.functions[row] * tile.functions[column] / tile.weight
                matrix[row * count + column] += tile.products[row * count + column] - mean
            }
        }
    }

    /// The solution without the parameters that would be negative, the most negative one left out first.
    ///
    /// - Returns: nil where there are too few samples, or no parameter is left.
    func nonNegativeSolution() -> [Double]? {
        guard samples >= 20 * count else { return nil }
        var used = (0..<count).filter { matrix[$0 * count + $0] > 0 }
        while !used.isEmpty {
            guard let solution = solution(used) else { return nil }
            guard let worst = solution.indices.min(by: { solution[$0] < solution[$1] }), solution[worst] < 0 else {
                var all = [Double](repeating: 0, count: count)
                for (index, value) in zip(used, solution) { all[index] = value }
                return all
            }
            used.remove(at: worst)
        }
        return nil
    }

    /// Of the rows and columns used; nil where they are not independent.
    private func solution(_ used: [Int]) -> [Double]? {
        let rows = used.flatMap { row in used.map { matrix[min(row, $0) * count + max(row, $0)] } }
        return CholeskyFactor(rows, order: used.count)?.solve(used.map { right[$0] })
    }
}
