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
        let depth = FrameDepth(noise: Measured(1200.0.squareRoot(), error: 0.9))
        let five = try #require(solution.limitingMagnitude(significance: 5, depth: depth))
        let three = try #require(solution.limitingMagnitude(significance: 3, depth: depth))
        // 5 sqrt(1200) / 30 = 5.7735 e-/s: 1.9036 mag.
        #expect(abs(solution.zeroPoint.value - five.value - 1.903_59) < 1e-4)
        #expect(abs(three.value - five.value - 0.554_62) < 1e-4)
        let relative = 1.085_736 * 0.9 / 1200.0.squareRoot()
        let zero = solution.zeroPoint.error
        #expect(abs(five.error - (zero * zero + relative * relative).squareRoot()) < 1e-6)
    }

    @Test("half of the stars at the limit are above the threshold in noise of their own")
    func completeness() throws {
        let solution = try solution()
        let area = 4 * 3.141_592_65 * 1.7 * 1.7
        let depth = FrameDepth(noise: Measured((64 * area).squareRoot(), error: 0))
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

    @Test("the noise is what stars' own photons leave of their errors, the share of light that of the bright")
    func depthOfStars() throws {
        var words = SplitMix64(seed: 3)
        var (optimal, aperture) = ([Measured](), [Measured]())
        for _ in 0..<200 {
            let flux = 200 * Elementary.exp(7 * words.uniform())
            optimal.append(Measured(flux + 40 * words.gaussian(), error: (1600 + flux / 1.5).squareRoot()))
            aperture.append(Measured(0.9 * flux + 60 * words.gaussian(), error: (3600 + 0.9 * flux).squareRoot()))
        }
        optimal.append(Measured(.nan, error: 1))
        aperture.append(Measured(1, error: 1))
        let depth = try #require(FrameDepth(optimal: optimal, fluxes: aperture))
        #expect(abs(depth.noise.value / 40 - 1) < 0.05, "\(depth)")
        #expect(abs(depth.fluxFraction.value - 0.9) < 0.005 && depth.fluxFraction.error < 0.005, "\(depth)")
        #expect(FrameDepth(optimal: Array(optimal.prefix(4)), fluxes: Array(aperture.prefix(4))) == nil)
        #expect(FrameDepth(optimal: [], fluxes: []) == nil)
    }

    @Test("numbers that are none give no limit")
    func hostile() throws {
        let solution = try solution()
        for (noise, share) in [(0.0, 1.0), (-1, 1), (.nan, 1), (.infinity, 1), (1, 0), (1, .nan)] {
            let depth = FrameDepth(noise: Measured(noise, error: 0), fluxFraction: Measured(share, error: 0))
            #expect(solution.limitingMagnitude(significance: 5, depth: depth) == nil)
        }
        #expect(solution.limitingMagnitude(significance: 0, depth: FrameDepth(noise: Measured(1, error: 0))) == nil)
    }
}
