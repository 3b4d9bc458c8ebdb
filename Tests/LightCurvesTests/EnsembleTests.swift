internal import Foundation
internal import LightCurves
internal import PortableNumbers
internal import Testing

private let eight = [11.0, 11.5, 12.0, 12.3, 12.6, 13.0, 13.4, 14.0]

@Suite struct EnsembleTests {
    @Test("errors are honest: the target's pulls have width 1", arguments: [UInt64(1), 2, 3])
    func pulls(seed: UInt64) throws {
        let night = SimulatedNight(seed: seed, frames: 1500, magnitudes: eight)
        let width = night.pullWidth(try solveEnsemble(night.input))
        #expect((0.95...1.05).contains(width), "\(width)")
    }

    @Test("errors are honest also where all stars scatter by more than their errors say")
    func commonScatter() throws {
        // Fluxes in ADU of a camera with gain 0.4 whose owner claims sky noise alone.
        let night = SimulatedNight(
            seed: 5, frames: 1500, magnitudes: [12.2, 12.4, 12.5, 12.6, 12.8], gain: 0.4, errorsHoldSourceNoise: false)
        let width = night.pullWidth(try solveEnsemble(night.input))
        #expect((0.9...1.1).contains(width), "\(width)")
    }

    @Test("two comparison stars give honest errors too")
    func twoStars() throws {
        let night = SimulatedNight(seed: 6, frames: 1500, magnitudes: [12.0, 12.5])
        let width = night.pullWidth(try solveEnsemble(night.input))
        #expect((0.93...1.05).contains(width), "\(width)")
    }

    @Test("zero points and catalogue magnitudes are recovered to their errors")
    func absolute() throws {
        let night = SimulatedNight(seed: 7, frames: 200, magnitudes: eight, catalogue: true)
        let solution = try solveEnsemble(night.input)
        #expect(solution.isAbsolute)
        let pulls = zip(solution.zeroPoints, night.zeroPoints).map { ($0.magnitudes - $1) / $0.error }
        let mean = pulls.reduce(0, +) / 200
        let variance: Double = pulls.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 199
        #expect((0.75...1.25).contains(variance))
        for (star, magnitude) in zip(solution.stars, eight) {
            #expect(abs(try #require(star.magnitude) - magnitude) < 0.004)
        }
        #expect(try #require(solution.catalogueScatterMagnitudes) < 0.004)
    }

    @Test("without catalogue magnitudes the mean of the used stars is 0")
    func differential() throws {
        let solution = try solveEnsemble(SimulatedNight(seed: 8, frames: 50, magnitudes: eight).input)
        #expect(!solution.isAbsolute)
        #expect(abs(solution.stars.compactMap(\.magnitude).reduce(0, +)) < 1e-9)
        #expect(abs(solution.stars.map(\.weight).reduce(0, +) - 1) < 1e-12)
    }

    @Test("a variable comparison star is dropped, the constant ones stay", arguments: [0.02, 0.1, 0.8])
    func variable(amplitude: Double) throws {
        let night = SimulatedNight(seed: 9, frames: 150, magnitudes: eight, intrinsic: [2: amplitude])
        let solution = try solveEnsemble(night.input)
        #expect(solution.stars.filter { $0.role != .used }.map(\.id) == ["star2"])
        #expect(solution.stars[2].role == .variable)
        #expect(abs(try #require(solution.stars[2].scatterMagnitudes) / amplitude - 0.9) < 0.35)
        #expect((0.88...1.12).contains(night.pullWidth(solution)))
    }

    @Test("two variable ones of eight, and one of three, are found")
    func severalVariables() throws {
        let two = SimulatedNight(seed: 10, frames: 150, magnitudes: eight, intrinsic: [0: 0.3, 5: 0.06])
        #expect(try solveEnsemble(two.input).stars.filter { $0.role == .variable }.map(\.id) == ["star0", "star5"])
        let one = SimulatedNight(seed: 11, frames: 150, magnitudes: [12, 12.3, 12.5], intrinsic: [1: 0.15])
        #expect(try solveEnsemble(one.input).stars.filter { $0.role == .variable }.map(\.id) == ["star1"])
    }

    @Test("constant stars are not called variable, also in a short series")
    func noFalseVariables() throws {
        for seed in 0..<60 {
            let night = SimulatedNight(seed: UInt64(500 + seed), frames: [5, 12, 40][seed % 3], magnitudes: eight)
            let roles = try solveEnsemble(night.input).stars.map(\.role)
            #expect(roles.allSatisfy { $0 == .used }, "seed \(seed)")
        }
    }

    @Test("frames lost in cloud by 3 mag do not bias the others or themselves")
    func cloud() throws {
        let night = SimulatedNight(seed: 12, frames: 400, magnitudes: eight, cloud: { $0 % 7 == 0 ? 3 : 0 })
        let solution = try solveEnsemble(night.input)
        let cloudy = night.pulls(solution).enumerated().filter { $0.offset % 7 == 0 }.map(\.element)
        let mean = cloudy.reduce(0, +) / Double(cloudy.count)
        #expect(abs(mean) < 4 / Double(cloudy.count).squareRoot())
        #expect((0.93...1.07).contains(night.pullWidth(solution)))
    }

    @Test("a frame on which the stars disagree gets a larger error, its neighbours do not")
    func brokenCloud() throws {
        var night = SimulatedNight(seed: 13, frames: 100, magnitudes: eight)
        for (star, factor) in [0.9, 0.8, 0.95, 0.7, 0.85, 0.75, 1, 0.9].enumerated() {
            night.input.frames[40].fluxes[star].flux *= factor
        }
        let solution = try solveEnsemble(night.input)
        #expect(solution.zeroPoints[40].excessScatterMagnitudes > 0.05)
        #expect(solution.zeroPoints[40].error > 5 * solution.zeroPoints[41].error)
        #expect(solution.zeroPoints.count { $0.excessScatterMagnitudes > 0 } < 5)
    }

    @Test("a cosmic ray on one star of one frame moves the zero point by less than its error")
    func outlier() throws {
        var night = SimulatedNight(seed: 14, frames: 60, magnitudes: eight)
        let clean = try solveEnsemble(night.input)
        night.input.frames[20].fluxes[3].flux *= 1.5
        let hit = try solveEnsemble(night.input)
        #expect(hit.stars[3].outliers == 1)
        #expect(abs(hit.zeroPoints[20].magnitudes - clean.zeroPoints[20].magnitudes) < clean.zeroPoints[20].error)
    }
}

@Suite struct EnsembleInputTests {
    @Test("shuffled frames, stars and fluxes give the identical bits and the identical text")
    func order() throws {
        let night = SimulatedNight(seed: 21, frames: 40, magnitudes: eight, intrinsic: [1: 0.2], catalogue: true)
        let expected = try solveEnsemble(night.input)
        var random = SplitMix64(seed: 22)
        for _ in 0..<5 {
            var shuffled = night.input
            shuffled.stars.shuffle(using: &random)
            shuffled.frames.shuffle(using: &random)
            for index in shuffled.frames.indices { shuffled.frames[index].fluxes.shuffle(using: &random) }
            #expect(try solveEnsemble(shuffled) == expected)
            #expect(shuffled.canonicalText == night.input.canonicalText)
        }
        var changed = night.input
        changed.frames[3].fluxes[2].flux = changed.frames[3].fluxes[2].flux.nextUp
        #expect(changed.canonicalText != night.input.canonicalText)
    }

    @Test("missing measurements are borne, and a star that is hardly ever there is left out")
    func missing() throws {
        var night = SimulatedNight(seed: 23, frames: 600, magnitudes: eight)
        var random = SplitMix64(seed: 24)
        for index in night.input.frames.indices {
            night.input.frames[index].fluxes.removeAll { flux in
                Double.random(in: 0..<1, using: &random) < (flux.starID == "star4" ? 0.8 : 0.2)
            }
        }
        let solution = try solveEnsemble(night.input)
        #expect(solution.stars[4].role == .tooFewMeasurements)
        #expect(solution.stars.count { $0.role == .used } == 7)
        let width = night.pullWidth(solution)
        #expect((0.93...1.07).contains(width), "\(width)")
    }

    @Test("a frame without a usable star has no zero point; fluxes that are no numbers do not count")
    func unusable() throws {
        var night = SimulatedNight(seed: 25, frames: 30, magnitudes: eight)
        for index in night.input.frames[4].fluxes.indices {
            night.input.frames[4].fluxes[index].flux = [.nan, -5, 0, .infinity, 1, 1, 1, 1][index]
        }
        night.input.frames[5].fluxes[0].fluxError = 0
        night.input.frames[5].fluxes.append(ComparisonFlux(starID: "stranger", flux: 1e9, fluxError: 1))
        let solution = try solveEnsemble(night.input)
        #expect(solution.zeroPoint(of: "frame4") == nil)
        #expect(solution.zeroPoints.count == 29)
        #expect(solution.zeroPoints.allSatisfy { $0.magnitudes.isFinite && $0.error > 0 && $0.error < 0.1 })
    }

    @Test("one star on one frame is enough for a zero point with that star's error")
    func smallest() throws {
        let frame = EnsembleFrame(
            frameID: "a", midExposureMJD: 1, scintillationMagnitudes: 0,
            fluxes: [ComparisonFlux(starID: "s", flux: 10_000, fluxError: 100)])
        let star = ComparisonStar(id: "s", catalogueMagnitude: 12)
        let solution = try solveEnsemble(EnsembleInput(stars: [star], frames: [frame]))
        #expect(abs(solution.zeroPoints[0].magnitudes - 22) < 1e-9)
        #expect(abs(solution.zeroPoints[0].error - 0.010857) < 0.0002)
    }

    @Test("what cannot be solved says why")
    func errors() {
        let star = ComparisonStar(id: "s")
        let frame = EnsembleFrame(frameID: "a", midExposureMJD: 1, scintillationMagnitudes: 0, fluxes: [])
        #expect(throws: EnsembleError.noComparisonStars) {
            try solveEnsemble(EnsembleInput(stars: [], frames: [frame]))
        }
        #expect(throws: EnsembleError.noFrames) { try solveEnsemble(EnsembleInput(stars: [star], frames: [])) }
        #expect(throws: EnsembleError.nothingMeasured(stars: 1, frames: 1)) {
            try solveEnsemble(EnsembleInput(stars: [star], frames: [frame]))
        }
        #expect(throws: EnsembleError.duplicateFrame("a")) {
            try solveEnsemble(EnsembleInput(stars: [star], frames: [frame, frame]))
        }
    }
}
