internal import PhotometricCalibration
internal import PortableNumbers
internal import Testing

private let scatters = [0.0, 0.01, 0.02, 0.05]

@Suite struct ZeroPointErrorTests {
    @Test(
        "quoted errors of zero points are honest, a tenth of the stars being outliers",
        arguments: [(5, 1200), (8, 1000), (20, 500), (100, 120), (500, 20)])
    func pulls(stars: Int, trials: Int) throws {
        var all = Pulls()
        for (index, scatter) in scatters.enumerated() {
            var field = SimulatedField()
            field.scatter = scatter
            var words = SplitMix64(seed: UInt64(1000 * stars + index))
            var pulls = Pulls()
            for _ in 0..<trials {
                let state = field.state(&words)
                let found = try field.solved(stars, state, &words).zeroPoint
                pulls.add(found, truth: field.zeroPoint)
                all.add(found, truth: field.zeroPoint)
            }
            // Known errors alone cannot tell a scatter of 0 from a small one: few stars, wider errors.
            let limits = stars < 20 ? 0.6...1.28 : stars < 500 ? 0.82...1.18 : 0.6...1.4
            #expect(limits.contains(pulls.width), "scatter \(scatter): \(pulls.width)")
        }
        let margin = max(stars == 5 ? 0.12 : 0.06, 2.5 / Double(2 * all.values.count).squareRoot())
        #expect(abs(all.width - 1) < margin, "\(all.width)")
    }

    @Test("the intrinsic scatter is found")
    func scatter() throws {
        for truth in scatters {
            var field = SimulatedField()
            field.scatter = truth
            var words = SplitMix64(seed: 5)
            let found = try field.solved(400, field.state(&words), &words).intrinsicScatter
            #expect(abs(found.value - truth) < max(0.004, 3 * found.error), "\(truth): \(found)")
        }
    }

    @Test(
        "magnitudes of other stars have pulls of width 1, the zero point's error in them",
        arguments: [(12, 0.85...1.15), (40, 0.93...1.07), (150, 0.93...1.05)])
    func calibratedMagnitudes(stars: Int, limits: ClosedRange<Double>) throws {
        var pulls = Pulls()
        for night in 0..<60 {
            var field = SimulatedField()
            field.scatter = scatters[night % 4]
            field.zeroPoint = 24 + 0.01 * Double(night)
            var clean = field
            clean.outliers = 0
            clean.catalogueError = 0
            var words = SplitMix64(seed: UInt64(7000 + night))
            for _ in 0..<3 {
                let solution = try field.solved(stars, field.state(&words), &words)
                let (targets, truths) = clean.stars(20, &words)
                for (target, truth) in zip(targets, truths) {
                    let found = try #require(
                        solution.magnitude(
                            of: target.flux, kind: .psf, x: target.x, y: target.y, colour: target.colour))
                    pulls.add(found, truth: truth)
                }
            }
        }
        #expect(limits.contains(pulls.width), "\(pulls.width)")
    }

    @Test("a narrow range of colours leaves the colour term to what was known, and errors stay honest")
    func narrowColours() throws {
        var pulls = Pulls()
        for trial in 0..<300 {
            var field = SimulatedField()
            field.colours = 0.95...1.05
            var words = SplitMix64(seed: UInt64(trial))
            let state = field.state(error: 0.02, &words)
            let solution = try field.solved(40, state, &words)
            #expect(solution.covariance[solution.parameters.count + 1].squareRoot() > 0.015)
            pulls.add(solution.zeroPoint, truth: field.zeroPoint)
        }
        #expect((0.9...1.1).contains(pulls.width), "\(pulls.width)")
    }

    @Test("the result is the same to the last bit in any order of the stars")
    func order() throws {
        var words = SplitMix64(seed: 3)
        let field = SimulatedField()
        let state = field.state(&words)
        let stars = field.stars(60, &words).stars
        let one = try fitZeroPoint(stars, frame: field.frame, colourTerm: state)
        let other = try fitZeroPoint(stars.shuffled(using: &words), frame: field.frame, colourTerm: state)
        #expect(one == other)
    }

    @Test("a weak star weighs by its expected flux: no bias at a signal to noise of 12")
    func faintStars() throws {
        var pulls = Pulls()
        for trial in 0..<40 {
            var field = SimulatedField()
            field.outliers = 0
            field.scatter = 0
            field.catalogueError = 0.001
            field.magnitudes = 16.9...17.1
            field.skyNoise = 47546.0 / 12
            var options = ZeroPointOptions()
            options.leastSignalToNoise = 5
            options.highestPositionOrder = 0
            var words = SplitMix64(seed: UInt64(trial))
            let state = field.state(error: 0.001, &words)
            let stars = field.stars(500, &words).stars
            let solution = try fitZeroPoint(stars, frame: field.frame, colourTerm: state, options: options)
            pulls.add(solution.zeroPoint, truth: field.zeroPoint)
        }
        #expect(abs(pulls.mean) < 0.5, "\(pulls.mean)")
    }
}

extension SimulatedField {
    func solved(_ count: Int, _ state: ColourTermState, _ words: inout SplitMix64) throws -> ZeroPointSolution {
        try fitZeroPoint(stars(count, &words).stars, frame: frame, colourTerm: state)
    }
}
