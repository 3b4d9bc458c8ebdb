internal import PhotometricCalibration
internal import PortableNumbers
internal import Testing

private func estimate(
    _ value: Double, _ error: Double, frame: Int, field: String, mjd: Double
) -> ColourTermEstimate {
    ColourTermEstimate(
        frameID: "f\(1000 + frame)", fieldID: field, midExposureMJD: mjd, colourTerm: Measured(value, error: error))
}

@Suite struct ColourTermTests {
    @Test("what a frame says alone, joined to what was known, is what the fit says of both")
    func ownPart() throws {
        var words = SplitMix64(seed: 2)
        let field = SimulatedField()
        let prior = ColourTermState(value: 0.02, error: 0.03, pivotColour: 0.7)
        let solution = try field.solved(80, prior, &words)
        let own = try #require(solution.colourEstimate)
        let state = prior.updated(with: estimate(own.value, own.error, frame: 0, field: "a", mjd: 60_000))
        #expect(abs(state.value - solution.parameters[1]) < 1e-9)
        #expect(abs(state.error - solution.covariance[solution.parameters.count + 1].squareRoot()) < 1e-9)
    }

    @Test("the state finds the truth over many fields, with an honest error")
    func convergence() throws {
        var pulls = Pulls()
        for trial in 0..<25 {
            var words = SplitMix64(seed: UInt64(trial))
            let field = SimulatedField()
            var state = ColourTermState.unknown(pivotColour: 0.7)
            for frame in 0..<8 {
                let found = try field.solved(40, state, &words)
                guard let own = found.colourEstimate else { continue }
                let time = 60_000 + 0.01 * Double(frame)
                state = state.updated(with: estimate(own.value, own.error, frame: frame, field: "\(frame)", mjd: time))
            }
            #expect(state.error < 0.006)
            pulls.add(Measured(state.value, error: state.error), truth: field.slope)
        }
        #expect((0.65...1.4).contains(pulls.width), "\(pulls.width)")
    }

    @Test("a hundred frames of one field count as one; another field counts again")
    func oneField() {
        var state = ColourTermState.unknown(pivotColour: 0.7)
        for frame in 0..<100 {
            state = state.updated(with: estimate(0.05, 0.01, frame: frame, field: "a", mjd: 60_000))
        }
        #expect(state.error > 0.0099)
        state = state.updated(with: estimate(0.05, 0.01, frame: 100, field: "b", mjd: 60_000))
        #expect(abs(state.error - 0.01 / 2.0.squareRoot()) < 2e-5)
        #expect(state.framesUsed == 101)
    }

    @Test("without news the error grows as the root of time")
    func drift() {
        let start = ColourTermState(value: 0.05, error: 0.003, pivotColour: 0.7, epochMJD: 60_000)
        let later = start.predicted(atMJD: 60_016, drift: ColourTermDrift(perSquareRootDay: 0.001))
        #expect(abs(later.error - 0.005) < 1e-12)
        #expect(later.value == 0.05)
        #expect(start.predicted(atMJD: .nan) == start)
    }

    @Test("the solution at night close does not depend on the order, and frames given twice count once")
    func close() {
        var words = SplitMix64(seed: 6)
        let frames = (0..<40).map { frame in
            estimate(
                0.05 + 0.01 * words.gaussian(), 0.01, frame: frame, field: "\(frame % 7)",
                mjd: 60_000 + 0.01 * Double(frame))
        }
        let prior = ColourTermState(value: 0.03, error: 0.05, pivotColour: 0.7, epochMJD: 59_990)
        let one = solveColourTerm(prior: prior, estimates: frames)
        let other = solveColourTerm(prior: prior, estimates: frames.shuffled(using: &words) + frames.prefix(5))
        #expect(one == other)
        #expect(one.framesUsed == 40)
        #expect(abs(one.value - 0.05) < 3 * one.error)
        #expect(one.epochMJD == 60_000.39)
    }

    @Test("two fields that disagree do not pretend to a small error; a wild one hardly counts")
    func disagreement() {
        let prior = ColourTermState.unknown(pivotColour: 0.7)
        let apart = [
            estimate(0.00, 0.001, frame: 0, field: "a", mjd: 60_000),
            estimate(0.10, 0.001, frame: 1, field: "b", mjd: 60_000),
        ]
        #expect(solveColourTerm(prior: prior, estimates: apart).error > 0.03)
        let wild = (0..<9).map { estimate(0.05, 0.005, frame: $0, field: "\($0)", mjd: 60_000) }
        let spoilt = wild + [estimate(3, 0.001, frame: 9, field: "9", mjd: 60_000)]
        #expect(abs(solveColourTerm(prior: prior, estimates: spoilt).value - 0.05) < 0.02)
    }

    @Test("estimates that are no numbers change nothing")
    func hostile() {
        let prior = ColourTermState(value: 0.03, error: 0.05, pivotColour: 0.7, epochMJD: 59_990)
        for (value, error) in [(Double.nan, 0.1), (0.1, .nan), (0.1, 0), (.infinity, 1), (0.1, -1)] {
            let bad = estimate(value, error, frame: 0, field: "a", mjd: 60_000)
            #expect(prior.updated(with: bad) == prior)
            #expect(solveColourTerm(prior: prior, estimates: [bad]) == prior)
        }
        #expect(prior.updated(with: estimate(0.1, 0.1, frame: 0, field: "a", mjd: .nan)) == prior)
        #expect(solveColourTerm(prior: prior, estimates: []) == prior)
    }
}
