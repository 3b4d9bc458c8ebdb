internal import PhotometricCalibration
internal import PortableNumbers
internal import Testing

@Suite struct ScatterStateTests {
    private func state(
        _ seed: UInt64, fields: Int, stars: Int, scatter: Double, catalogueError: Double
    ) throws -> ScatterState {
        var words = SplitMix64(seed: seed)
        var field = SimulatedField()
        (field.scatter, field.catalogueError, field.hasColourErrors) = (scatter, catalogueError, true)
        var state = ScatterState()
        for number in 0..<fields {
            let solution = try field.solved(stars, field.state(&words), &words)
            state = state.updated(
                fieldID: "\(number)", midExposureMJD: 60_000 + Double(number),
                with: try #require(solution.scatterLikelihood))
        }
        return state
    }

    @Test("many fields tell the scatter that one does not, catalogue errors three times as large")
    func learnt() throws {
        for (scatter, seed) in [(0.01, 1), (0.03, 2), (0.06, 3)] as [(Double, UInt64)] {
            let prior = try state(seed, fields: 25, stars: 40, scatter: scatter, catalogueError: 0.03).prior()
            let away = abs(Elementary.log(prior.median / scatter))
            #expect(away < 1.5 * prior.logWidth && (0.35...0.8).contains(prior.logWidth), "\(scatter): \(prior)")
        }
    }

    @Test("zero points of fields of few stars have pulls of width 1 at a scatter that is not the usual one")
    func pulls() throws {
        for scatter in [0.004, 0.06] {
            let prior = try state(7, fields: 20, stars: 30, scatter: scatter, catalogueError: 0.005).prior()
            var field = SimulatedField()
            (field.scatter, field.catalogueError, field.outliers) = (scatter, 0.005, 0.05)
            var options = ZeroPointOptions()
            options.scatterPrior = prior
            var words = SplitMix64(seed: 70)
            var pulls = Pulls()
            for _ in 0..<600 {
                let known = field.state(&words)
                let stars = field.stars(6, &words).stars
                let solution = try fitZeroPoint(stars, frame: field.frame, colourTerm: known, options: options)
                pulls.add(solution.zeroPoint, truth: field.zeroPoint)
            }
            #expect((0.87...1.13).contains(pulls.width), "\(scatter): \(pulls.width)")
        }
    }

    @Test("a field says its part once, and nothing to itself")
    func oneField() throws {
        let state = try state(3, fields: 1, stars: 60, scatter: 0.05, catalogueError: 0.01)
        #expect(state.prior(without: "0") == .usual && state.prior() != .usual)
        var words = SplitMix64(seed: 3)
        let likelihood = try #require(
            try SimulatedField().solved(40, SimulatedField().state(&words), &words).scatterLikelihood)
        let again = state.updated(fieldID: "0", midExposureMJD: 60_010, with: likelihood)
        #expect(again.fieldCount == 1 && again.prior() != state.prior())
        #expect(state.updated(fieldID: "1", midExposureMJD: .nan, with: likelihood) == state)
        var many = state
        for number in 1...60 {
            many = many.updated(fieldID: "\(number)", midExposureMJD: 60_000 + Double(number), with: likelihood)
        }
        #expect(many.fieldCount == 40)
    }

    @Test("priors are held to what a scatter can be")
    func limits() {
        #expect(ScatterPrior(median: -1, logWidth: 0) == ScatterPrior(median: 1e-4, logWidth: 0.05))
        #expect(ScatterPrior(median: 9, logWidth: 99) == ScatterPrior(median: 1, logWidth: 3))
    }
}
