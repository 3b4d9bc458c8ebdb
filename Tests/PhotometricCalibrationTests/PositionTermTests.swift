internal import PhotometricCalibration
internal import PortableNumbers
internal import Testing

@Suite struct PositionTermTests {
    @Test("a flat frame stays flat")
    func flat() throws {
        var higher = 0
        for seed in 0..<40 {
            var words = SplitMix64(seed: UInt64(seed))
            let field = SimulatedField()
            if try field.solved(120, field.state(&words), &words).position.order > 0 { higher += 1 }
        }
        #expect(higher <= 3, "\(higher) of 40")
    }

    @Test("a gradient and a bowl are found, with the right amplitude")
    func shapes() throws {
        var words = SplitMix64(seed: 9)
        var field = SimulatedField()
        field.gradient = 0.04
        let tilted = try field.solved(200, field.state(&words), &words)
        #expect(tilted.position.order == 1)
        #expect(abs(tilted.parameters[2] - 0.04) < 0.006)
        field.bowl = 0.05
        let bowl = try field.solved(300, field.state(&words), &words)
        #expect(bowl.position.order == 2)
        #expect(abs(bowl.parameters[4] - 0.05) < 0.006)
        #expect(abs(bowl.parameters[6] - 0.05) < 0.006)
        #expect(abs(bowl.zeroPoint.value - field.zeroPoint) < 5 * bowl.zeroPoint.error)
    }

    @Test("the zero point in a corner has an honest error")
    func corner() throws {
        var pulls = Pulls()
        var field = SimulatedField()
        field.gradient = 0.05
        for seed in 0..<150 {
            var words = SplitMix64(seed: UInt64(300 + seed))
            let solution = try field.solved(80, field.state(&words), &words)
            let found = solution.zeroPoint(x: 2000, y: 30, colour: Measured(0.7, error: 0))
            pulls.add(Measured(found.value, error: found.error), truth: field.truth(x: 2000, y: 30))
        }
        #expect((0.8...1.2).contains(pulls.width), "\(pulls.width)")
    }

    @Test("the polynomials have mean 0 over the frame and are 1 in size at its edge")
    func polynomials() {
        let term = PositionTerm(order: 2, width: 40, height: 20)
        var sums = Array(repeating: 0.0, count: term.count)
        for y in 0..<20 {
            for x in 0..<40 {
                for (index, value) in term.values(x: Double(x), y: Double(y)).enumerated() { sums[index] += value }
            }
        }
        for sum in sums { #expect(abs(sum / 800) < 2e-3) }
        #expect(term.values(x: 39.5, y: -0.5) == [1, -1, 1, -1, 1])
    }

    @Test("too few stars choose no order")
    func few() throws {
        var field = SimulatedField()
        field.gradient = 0.3
        field.outliers = 0
        var words = SplitMix64(seed: 1)
        #expect(try field.solved(20, field.state(&words), &words).position.order == 0)
    }
}
