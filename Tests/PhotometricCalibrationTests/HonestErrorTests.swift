internal import Foundation
internal import PhotometricCalibration
internal import PortableNumbers
internal import Testing

/// What the scatter between frames and fields is, against what the errors say.
@Suite struct HonestErrorTests {
    @Test(
        "pulls of zero points have mean 0 and width 1, whatever the catalogue's errors and the share of variable stars",
        arguments: [(5, 700, 0.12), (10, 600, 0.08), (30, 500, 0.07), (100, 300, 0.09)])
    func pulls(stars: Int, trials: Int, margin: Double) throws {
        var all = Pulls()
        for (index, ratio) in [0.25, 1, 3].enumerated() {
            for (number, outliers) in [0, 0.05, 0.2].enumerated() {
                var field = SimulatedField()
                field.scatter = 0.02
                field.catalogueError = ratio * field.scatter
                field.hasColourErrors = true
                field.outliers = outliers
                var words = SplitMix64(seed: UInt64(100_000 * stars + 100 * index + number))
                for _ in 0..<(trials / 6) {
                    let state = field.state(&words)
                    all.add(try field.solved(stars, state, &words).zeroPoint, truth: field.zeroPoint)
                }
            }
        }
        #expect(abs(all.width - 1) < margin, "\(all.width)")
        #expect(abs(all.mean) < 0.05 + 2 / Double(all.values.count).squareRoot(), "\(all.mean)")
    }

    @Test("an error in V that is in B-V as well does not bias the colour term")
    func colourErrors() throws {
        var field = SimulatedField()
        field.catalogueError = 0.1
        field.hasColourErrors = true
        field.outliers = 0
        var (weights, sum) = (0.0, 0.0)
        for seed in 0..<60 {
            var words = SplitMix64(seed: UInt64(4000 + seed))
            let prior = ColourTermState(value: field.slope, error: 0.3, pivotColour: field.pivot)
            let own = try #require(try field.solved(60, prior, &words).colourEstimate)
            weights += 1 / (own.error * own.error)
            sum += own.value / (own.error * own.error)
        }
        // What the catalogue says taken as it is would make it 0.13: 0.01 / 0.12 too large.
        let error = 1 / weights.squareRoot()
        #expect(error < 0.006)
        #expect(abs(sum / weights - field.slope) < 4 * error, "\(sum / weights) +- \(error)")
    }

    @Test("weights do not go with the residuals: no bias with a thousand faint stars, of noise or of the catalogue")
    func weights() throws {
        for (noise, catalogueError) in [(0.0, 0.001), (3000, 0.1), (3000, 0.02)] {
            var pulls = Pulls()
            for seed in 0..<25 {
                var field = SimulatedField()
                (field.outliers, field.scatter) = (0, 0.001)
                (field.skyNoise, field.catalogueError) = (noise, catalogueError)
                field.magnitudes = noise > 0 ? 15.0...16.5 : 17.0...22.0
                var options = ZeroPointOptions()
                options.highestPositionOrder = 0
                var words = SplitMix64(seed: UInt64(900 + seed))
                let state = field.state(error: 0.001, &words)
                let stars = field.stars(1000, &words).stars
                let solution = try fitZeroPoint(stars, frame: field.frame, colourTerm: state, options: options)
                pulls.add(solution.zeroPoint, truth: field.zeroPoint)
            }
            #expect(abs(pulls.mean) < 0.6, "noise \(noise), catalogue \(catalogueError): \(pulls.mean)")
        }
    }

    @Test("frames of the same stars scatter by their own errors, and are off together by what they share")
    func parts() throws {
        var (own, shared) = (Pulls(), Pulls())
        for seed in 0..<120 {
            var field = SimulatedField()
            (field.outliers, field.scatter, field.catalogueError) = (0, 0.01, 0.01)
            (field.skyNoise, field.magnitudes) = (2000, 14.0...16.5)
            var words = SplitMix64(seed: UInt64(seed))
            let state = field.state(error: 0.001, &words)
            let stars = field.stars(40, &words).stars
            // The same stars again: new noise, the same catalogue.
            let solutions = try (0..<6).map { _ in
                let again = stars.map { star in
                    var star = star
                    let mean = star.flux.value
                    star.flux.value += star.flux.error * words.gaussian()
                    star.flux.error = (star.flux.error * star.flux.error + max(0, star.flux.value - mean)).squareRoot()
                    return star
                }
                return try fitZeroPoint(again, frame: field.frame, colourTerm: state)
            }
            let mean = solutions.reduce(0) { $0 + $1.zeroPoint.value } / 6
            for solution in solutions {
                let error = try #require(solution.errorParts).own
                own.add(Measured(solution.zeroPoint.value, error: error * (5.0 / 6).squareRoot()), truth: mean)
            }
            let parts = try #require(solutions[0].errorParts)
            let (common, noise) = (parts.common, parts.own * (1.0 / 6).squareRoot())
            shared.add(Measured(mean, error: (common * common + noise * noise).squareRoot()), truth: field.zeroPoint)
        }
        #expect((0.9...1.1).contains(own.width), "own \(own.width)")
        #expect((0.82...1.18).contains(shared.width), "shared \(shared.width)")
    }

    @Test("a calibrated magnitude has the colour term in it, and says which part of its error is its own")
    func calibrated() throws {
        var words = SplitMix64(seed: 12)
        var field = SimulatedField()
        field.slope = 0.1
        let solution = try field.solved(100, field.state(&words), &words)
        let flux = Measured(100_000, error: 500)
        func magnitude(_ colour: Measured?) throws -> CalibratedMagnitude {
            try #require(solution.calibrated(flux, kind: .psf, x: 500, y: 500, colour: colour))
        }
        let (blue, red) = (try magnitude(Measured(0.2, error: 0)), try magnitude(Measured(1.2, error: 0)))
        #expect(abs(red.value - blue.value - solution.parameters[1]) < 1e-12)
        let whole = try #require(
            solution.magnitude(of: flux, kind: .psf, x: 500, y: 500, colour: Measured(0.2, error: 0)))
        #expect(abs(blue.error - whole.error) < 1e-12 && whole.value == blue.value)
        #expect(blue.ownError >= 1.0857 * 0.005 && blue.ownError < 0.006)
        // Of unknown colour: that of the field's stars (0.3 to 1.4), and their spread in the error.
        let unknown = try magnitude(nil)
        #expect(abs(unknown.value - 0.5 * (blue.value + red.value) - 0.15 * solution.parameters[1]) < 0.02)
        #expect(!unknown.isColourKnown && blue.isColourKnown)
        let spread = (unknown.commonError * unknown.commonError - blue.commonError * blue.commonError).squareRoot()
        #expect((0.03...0.05).contains(spread), "\(spread)")
        let doubtful = try magnitude(Measured(0.2, error: 0.3))
        let more = doubtful.commonError * doubtful.commonError - blue.commonError * blue.commonError
        #expect(abs(more.squareRoot() - 0.3 * abs(solution.parameters[1])) < 1e-9)
        #expect(solution.calibrated(flux, kind: .aperture, x: 0, y: 0, colour: nil) == nil)
    }

    @Test("a solution kept by an earlier version is read, all of its error shared")
    func earlierVersion() throws {
        var words = SplitMix64(seed: 12)
        let field = SimulatedField()
        let solution = try field.solved(30, field.state(&words), &words)
        let kept = try JSONEncoder().encode(solution)
        #expect(try JSONDecoder().decode(ZeroPointSolution.self, from: kept) == solution)
        var object = try #require(try JSONSerialization.jsonObject(with: kept) as? [String: Any])
        for key in ["errorParts", "stellarColour", "scatterLikelihood"] { object[key] = nil }
        let old = try JSONDecoder().decode(
            ZeroPointSolution.self, from: try JSONSerialization.data(withJSONObject: object))
        let known = Measured(old.pivotColour, error: 0)
        let middle = old.zeroPoint(x: 0.5 * 2047, y: 0.5 * 1023, colour: known)
        #expect(middle.ownError == 0 && abs(middle.commonError / old.zeroPoint.error - 1) < 0.05)
        #expect(old.zeroPoint(x: 10, y: 10, colour: nil).error > old.zeroPoint.error)
    }
}
