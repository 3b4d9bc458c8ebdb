import Foundation
import PortableNumbers
import Testing

@testable import Completeness

@Suite struct EfficiencyFitTests {
    @Test("the normal integral is that of the error function")
    func normal() {
        for z in stride(from: -6.0, through: 6, by: 0.17) {
            #expect(abs(NormalDistribution.integral(z).integral - erfc(-z / 2.0.squareRoot()) / 2) < 1e-7)
        }
    }

    @Test("counts of every mean have Poisson's mean and variance", arguments: [0.01, 0.3, 4, 19.9, 20.1, 300, 90_000])
    func poisson(mean: Double) {
        var random = SplitMix64(seed: 8)
        let counts = (0..<20_000).map { _ in random.poisson(mean) }
        let average = counts.reduce(0, +) / 20_000
        let variance = counts.reduce(0) { $0 + ($1 - average) * ($1 - average) } / 20_000
        #expect(abs(average - mean) < 4 * (mean / 20_000).squareRoot())
        #expect(abs(variance / mean - 1) < 4 * ((2 + 1 / mean) / 20_000).squareRoot())
    }

    @Test("slopes of the curve are what small steps give")
    func slopes() {
        let curve = EfficiencyCurve(parameters: [-6.4, 1.4, -2, -0.9], limit: -6.5)
        for magnitude in stride(from: -9.0, through: -5.6, by: 0.2) {
            let slopes = curve.slopes(magnitude)
            for index in 0..<4 {
                var (more, less) = (curve, curve)
                more.parameters[index] += 1e-5
                less.parameters[index] -= 1e-5
                let slope = (more.efficiency(magnitude) - less.efficiency(magnitude)) / 2e-5
                #expect(abs(slope - slopes.byParameters[index]) < 1e-2 * abs(slope) + 2e-3)
            }
            let slope = (curve.efficiency(magnitude + 1e-5) - curve.efficiency(magnitude - 1e-5)) / 2e-5
            #expect(abs(slope - slopes.byMagnitude) < 1e-2 * abs(slope) + 2e-3)
        }
    }

    @Test(
        "a fit finds the curve from which trials were drawn, with errors of the right size",
        arguments: [[-6.4, 1.4, -4.5, -0.9], [-6.3, 1.2, -1.5, -1.2]])
    func fit(parameters: [Double]) throws {
        let truth = EfficiencyCurve(parameters: parameters, limit: -6.5)
        var random = SplitMix64(seed: 21)
        var pulls: [[Double]] = [[], []]
        let range = -10.5...(-5.7)
        for _ in 0..<200 {
            let trials = (0..<500).map { index -> StarTrial in
                var trial = StarTrial(x: 0, y: 0, image: [], fluxError: 1)
                trial.magnitude = -5.7 - (index < 125 ? 4.8 : 1.6) * random.uniform()
                trial.isRecovered = random.uniform() < truth.efficiency(trial.magnitude)
                return trial
            }
            let fit = EfficiencyFit([EfficiencyBin](trials, width: 0.05), limit: -6.5, threshold: 4)
            for (index, share) in [0.5, 0.8].enumerated() {
                let found = try #require(fit.magnitude(at: share, in: range))
                pulls[index].append((found.value - (try #require(truth.magnitude(at: share, in: range)))) / found.error)
            }
        }
        for pulls in pulls {
            let mean = pulls.reduce(0, +) / 200
            let width = (pulls.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 199).squareRoot()
            #expect(abs(mean) < 0.35)
            #expect(width > 0.8 && width < 1.2)
        }
    }

    @Test("trials that all succeed, all fail or fail at random give a curve and no magnitude that they do not show")
    func degenerate() {
        func fit(_ recovered: (Int) -> Bool) -> EfficiencyFit {
            let trials = (0..<200).map { index -> StarTrial in
                var trial = StarTrial(x: 0, y: 0, image: [], fluxError: 1)
                trial.magnitude = -10 + 0.02 * Double(index)
                trial.isRecovered = recovered(index)
                return trial
            }
            return EfficiencyFit([EfficiencyBin](trials, width: 0.05), limit: -6.5, threshold: 4)
        }
        let range = -10.0...(-6.0)
        #expect(fit { _ in true }.magnitude(at: 0.5, in: range) == nil)
        #expect(fit { _ in false }.curve.efficiency(-7) < 0.2)
        #expect(fit { $0 % 10 == 0 }.magnitude(at: 0.9, in: range) == nil)
        #expect(fit { $0 < 150 }.magnitude(at: 0.5, in: range).map { abs($0.value + 7) < 0.1 } == true)
    }

    @Test("pooled bins are those of least squares under a falling order")
    func pooled() {
        let counts = [(10, 10), (10, 8), (10, 9), (20, 10), (10, 6), (10, 0)]
        let bins = counts.enumerated().map {
            EfficiencyBin(magnitude: Double($0.offset), injected: $0.element.0, recovered: $0.element.1)
        }.pooled()
        let expected = [1, 0.85, 0.85, 16.0 / 30, 16.0 / 30, 0]
        for (bin, share) in zip(bins, expected) { #expect(abs(bin.isotonic - share) < 1e-12) }
    }
}
