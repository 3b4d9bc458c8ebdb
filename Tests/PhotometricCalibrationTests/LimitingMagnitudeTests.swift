internal import PhotometricCalibration
internal import PortableNumbers
internal import Testing

@Suite struct LimitingMagnitudeTests {
    private func solution() throws -> ZeroPointSolution {
        var words = SplitMix64(seed: 1)
        let field = SimulatedField()
        return try field.solved(100, field.state(&words), &words)
    }

    @Test("the limit is the zero point less that of so many times the noise")
    func formula() throws {
        let solution = try solution()
        let depth = DepthInput(
            noiseEquivalentArea: Measured(12, error: 0.6), skyVariance: Measured(100, error: 2))
        let five = try #require(solution.limitingMagnitude(significance: 5, depth: depth))
        let three = try #require(solution.limitingMagnitude(significance: 3, depth: depth))
        // 5 sqrt(1200) / 30 = 5.7735 e-/s: 1.9036 mag.
        #expect(abs(solution.zeroPoint.value - five.value - 1.903_59) < 1e-4)
        #expect(abs(three.value - five.value - 0.554_62) < 1e-4)
        let relative = 0.542_868 * (0.05 * 0.05 + 0.02 * 0.02).squareRoot()
        let zero = solution.zeroPoint.error
        #expect(abs(five.error - (zero * zero + relative * relative).squareRoot()) < 1e-6)
    }

    @Test("half of the stars at the limit are above the threshold in noise of their own")
    func completeness() throws {
        let solution = try solution()
        let area = 4 * 3.141_592_65 * 1.7 * 1.7
        let depth = DepthInput(noiseEquivalentArea: Measured(area, error: 0), skyVariance: Measured(64, error: 0))
        let limit = try #require(solution.limitingMagnitude(significance: 5, depth: depth)).value
        // A Gaussian PSF on empty sky, matched-filtered: significance = sum(p d) / (sigma sqrt(sum p^2)).
        let flux = 30 * Elementary.exp((solution.zeroPoint.value - limit) / 1.085_736_204_758_129_6)
        var words = SplitMix64(seed: 2)
        var profile: [Double] = []
        for y in -9...9 {
            for x in -9...9 {
                let radius = Double(x * x + y * y)
                profile.append(Elementary.exp(-0.5 * radius / 2.89) / (2 * 3.141_592_65 * 2.89))
            }
        }
        let norm: Double = profile.reduce(0) { $0 + $1 * $1 }.squareRoot()
        var found = 0
        for _ in 0..<2000 {
            var sum = 0.0
            for share in profile { sum += share * (flux * share + 8 * words.gaussian()) }
            if sum / (8 * norm) > 5 { found += 1 }
        }
        #expect(abs(Double(found) / 2000 - 0.5) < 0.04)
    }

    @Test("numbers that are none give no limit")
    func hostile() throws {
        let solution = try solution()
        for (area, sky, share) in [(0.0, 1.0, 1.0), (1, -1, 1), (.nan, 1, 1), (1, .infinity, 1), (1, 1, 0), (1, 1, 2)] {
            let depth = DepthInput(
                noiseEquivalentArea: Measured(area, error: 0), skyVariance: Measured(sky, error: 0),
                fluxFraction: share)
            #expect(solution.limitingMagnitude(significance: 5, depth: depth) == nil)
        }
    }
}
