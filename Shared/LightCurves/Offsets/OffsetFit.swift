internal import Glibc
internal import LinearAlgebra

/// Offsets and colour terms of the instruments that are connected with the gauge, by maximum likelihood.
struct OffsetFit {
    private let stars: [OffsetStar]
    /// Place of each instrument's offset among the parameters; `nil` for the gauge and for those not connected.
    private let places: [Int?]
    private let freeCount: Int
    private let hasColours: Bool
    private(set) var parameters: [Double]
    private var mixture: ScatterMixture
    /// Of each star: trace of its information times the parameters' covariance, over its degrees of freedom.
    private var leverages: [Double]

    var size: Int { hasColours ? 2 * freeCount : freeCount }

    init(_ stars: [OffsetStar], places: [Int?], start: [Double], floor: Double, hasColours: Bool) {
        self.stars = stars
        self.places = places
        self.hasColours = hasColours
        freeCount = hasColours ? start.count / 2 : start.count
        parameters = start
        leverages = [Double](repeating: 0, count: stars.count)
        mixture = ScatterMixture(floor: floor * floor)
    }

    /// Steps of the expectation-maximisation algorithm until no parameter moves by a tenth of a micromagnitude.
    ///
    /// - Returns: the covariance of the parameters, row after row, from the observed information of Louis 1982 (J. R.
    ///   Stat. Soc. B 44, 226), which knows that the stars' scatters are estimates; and the logarithm of the
    ///   likelihood of the floor, the parameters integrated out (Laplace). `nil` where it is singular.
    mutating func solve() -> (covariance: [Double], logLikelihood: Double)? {
        for _ in 0..<Self.stepLimit {
            let sums = gather()
            guard let factor = CholeskyFactor(sums.information, order: size) else { return nil }
            mixture.learn(sums.probabilities, starCount: stars.count)
            leverages = leverage(sums.evidences, covariance: factor.inverse())
            let steps = factor.solve(sums.score)
            for row in 0..<size { parameters[row] += steps[row] }
            if steps.allSatisfy({ abs($0) < Self.tolerance }) { break }
        }
        let sums = gather()
        let observed = zip(sums.information, sums.missing).map { $0 - $1 }
        guard let factor = CholeskyFactor(observed, order: size) ?? CholeskyFactor(sums.information, order: size)
        else { return nil }
        return (factor.inverse(), sums.logLikelihood - 0.5 * factor.logDeterminant)
    }

    private static let stepLimit = 300
    /// [mag]
    private static let tolerance = 1e-7

    /// Scatter of each part of the mixture [mag].
    var scatters: [Double] { mixture.scatters }

    /// What the fit says of a star.
    func evidence(_ star: OffsetStar, leverage: Double = 0) -> ScatterMixture.Evidence {
        let residuals = star.cells.map { cell in cell.magnitude - predicted(cell.instrument, colour: star.colour) }
        return mixture.evidence(residuals, star.cells.map(\.variance), leverage: leverage)
    }

    private func leverage(_ evidences: [ScatterMixture.Evidence], covariance: [Double]) -> [Double] {
        zip(stars, evidences).map { star, evidence in
            let count = star.cells.count
            let designs = star.cells.map { design($0.instrument, star.colour) }
            var trace = 0.0
            for row in 0..<count {
                for column in 0..<count {
                    for (left, leftFactor) in designs[row] {
                        for (right, rightFactor) in designs[column] {
                            trace +=
                                evidence.information[row * count + column] * leftFactor * rightFactor
                                * covariance[left * size + right]
                        }
                    }
                }
            }
            return trace / Double(max(1, count - 1))
        }
    }

    private func predicted(_ instrument: Int, colour: Double) -> Double {
        guard let place = places[instrument] else { return 0 }
        return parameters[place] + (hasColours ? parameters[freeCount + place] * colour : 0)
    }

    private struct Sums {
        var information, missing, score, probabilities: [Double]
        var logLikelihood = 0.0
        var evidences: [ScatterMixture.Evidence] = []
    }

    private func gather() -> Sums {
        let square = [Double](repeating: 0, count: size * size)
        var sums = Sums(
            information: square, missing: square, score: [Double](repeating: 0, count: size),
            probabilities: [Double](repeating: 0, count: ScatterMixture.extra.count))
        for (star, leverage) in zip(stars, leverages) {
            let evidence = evidence(star, leverage: leverage)
            sums.evidences.append(evidence)
            for part in sums.probabilities.indices { sums.probabilities[part] += evidence.probabilities[part] }
            sums.logLikelihood += evidence.logLikelihood
            add(star, evidence, to: &sums)
        }
        return sums
    }

    private func add(_ star: OffsetStar, _ evidence: ScatterMixture.Evidence, to sums: inout Sums) {
        let count = star.cells.count
        let designs = star.cells.map { design($0.instrument, star.colour) }
        for row in 0..<count {
            for (left, leftFactor) in designs[row] {
                sums.score[left] += leftFactor * evidence.score[row]
                for column in 0..<count {
                    for (right, rightFactor) in designs[column] {
                        let (from, to) = (row * count + column, left * size + right)
                        let factor = leftFactor * rightFactor
                        sums.information[to] += factor * evidence.information[from]
                        sums.missing[to] += factor * evidence.missing[from]
                    }
                }
            }
        }
    }

    private func design(_ instrument: Int, _ colour: Double) -> [(parameter: Int, factor: Double)] {
        guard let place = places[instrument] else { return [] }
        return hasColours ? [(place, 1), (freeCount + place, colour)] : [(place, 1)]
    }
}
