internal import Foundation
internal import LightCurves
internal import PortableNumbers
internal import Testing

@Suite struct StatisticsTests {
    @Test("gain and floor come out of the scatter against flux")
    func effectiveNoise() throws {
        // Gain 2.5, floor 4 mmag as scintillation that nobody told the ensemble of.
        var night = SimulatedNight(
            seed: 31, frames: 800, magnitudes: [10.5, 11, 11.5, 12, 12.5, 13, 13.5, 14, 14.5], scintillation: 0.004,
            sky: 1500, gain: 2.5, errorsHoldSourceNoise: false)
        for index in night.input.frames.indices { night.input.frames[index].scintillationMagnitudes = 0 }
        let solution = try solveEnsemble(night.input)
        let noise = try #require(EffectiveNoise(night.input, solution))
        #expect(abs(try #require(noise.gain) / 2.5 - 1) < 0.2, "\(noise)")
        #expect(abs(noise.floorMagnitudes - 0.004) < 0.0012, "\(noise)")
    }

    @Test("two stars give a floor and no gain")
    func effectiveNoiseOfTwo() throws {
        let night = SimulatedNight(
            seed: 32, frames: 200, magnitudes: [12, 14], gain: 2, errorsHoldSourceNoise: false)
        let noise = try #require(EffectiveNoise(night.input, try solveEnsemble(night.input)))
        #expect(noise.gain == nil)
        #expect(noise.floorMagnitudes > 0)
        #expect(noise.fluxError(flux: 0, skyError: 7) == 7)
    }
}

@Suite struct TransitFitTests {
    private let prediction = TransitPrediction(
        midTime: 2_458_107.7113, durationDays: 0.1295, ingressDays: 0.0172, windowDays: 0.02)

    @Test("a simulated transit is recovered within its errors, over 30 nights")
    func recovery() throws {
        var pulls: [(Double, Double, Double)] = []
        for seed in 0..<30 {
            var random = SplitMix64(seed: UInt64(seed))
            let middle = prediction.midTime + 0.001
            let times = (0..<142).map { prediction.midTime - 0.15 + 0.00207 * Double($0) }
            let airmasses = times.map { 1.1 + 8 * ($0 - prediction.midTime) * ($0 - prediction.midTime) }
            let magnitudes = zip(times, airmasses).map { time, airmass in
                let fromEdge = 0.1295 / 2 - abs(time - middle)
                let dip = fromEdge <= 0 ? 0 : 0.025 * min(1, fromEdge / 0.0172)
                return 0.3 + dip + 0.02 * airmass + 0.05 * (time - middle) + 0.01 * random.gaussian()
            }
            let fitted = fitTransit(
                times: times, magnitudes: magnitudes, errors: times.map { _ in 0.01 }, airmasses: airmasses,
                prediction: prediction)
            let fit = try #require(fitted)
            pulls.append(
                (
                    (fit.midTime - middle) / fit.midTimeError, (fit.depthMagnitudes - 0.025) / fit.depthError,
                    fit.reducedChiSquared
                ))
            #expect(abs(try #require(fit.outOfTransitRMS) - 0.01) < 0.004)
        }
        let timeVariance: Double = pulls.reduce(0) { $0 + $1.0 * $1.0 } / 30
        let depthVariance: Double = pulls.reduce(0) { $0 + $1.1 * $1.1 } / 30
        let reducedChi: Double = pulls.reduce(0) { $0 + $1.2 } / 30
        #expect(timeVariance < 2 && depthVariance < 2)
        #expect((0.9...1.1).contains(reducedChi))
    }

    @Test("a flat light curve has no depth")
    func flat() throws {
        var random = SplitMix64(seed: 9)
        let times = (0..<142).map { prediction.midTime - 0.15 + 0.00207 * Double($0) }
        let fitted = fitTransit(
            times: times, magnitudes: times.map { _ in 0.01 * random.gaussian() }, errors: times.map { _ in 0.01 },
            prediction: prediction)
        let fit = try #require(fitted)
        #expect(abs(fit.depthMagnitudes) < 5 * fit.depthError)
    }

    @Test("too few points, points in transit only, or lists that do not match give nil")
    func unusable() {
        let times = (0..<20).map { prediction.midTime + 0.0001 * Double($0) }
        let ones = times.map { _ in 1.0 }
        #expect(fitTransit(times: times, magnitudes: ones, errors: ones, prediction: prediction) == nil)
        #expect(fitTransit(times: times, magnitudes: [], errors: ones, prediction: prediction) == nil)
        #expect(fitTransit(times: [], magnitudes: [], errors: [], prediction: prediction) == nil)
        let none = times.map { _ in Double.nan }
        #expect(fitTransit(times: times, magnitudes: none, errors: ones, prediction: prediction) == nil)
    }
}

@Suite struct VersionRankTests {
    private func rank(_ software: String, _ document: Int = 1, _ master: Int = 1, _ ensemble: Int = 1) throws
        -> VersionRank
    {
        try #require(
            VersionRank(software: software, documentRevision: document, masterRank: master, ensembleRevision: ensemble))
    }

    @Test("software outranks documents, documents masters, masters ensembles, and 0.10 is above 0.9")
    func order() throws {
        let ascending = [
            try rank("0.9"), try rank("0.9", 1, 1, 2), try rank("0.9", 1, 2, 0), try rank("0.9", 2, 0, 0),
            try rank("0.10", 0, 0, 0), try rank("v0.10.1-rc1", 0, 0, 0), try rank("1", 0, 0, 0),
        ]
        var random = SplitMix64(seed: 1)
        #expect(ascending.shuffled(using: &random).sorted() == ascending)
        #expect(try rank("1.2") == rank("1.2.0"))
    }

    @Test("what is no version is nil", arguments: ["", "v", "abc", "1..2", "1.x", "-1", "99999999999999999999"])
    func unreadable(text: String) {
        #expect(VersionRank(software: text, documentRevision: 0, masterRank: 0, ensembleRevision: 0) == nil)
    }
}
