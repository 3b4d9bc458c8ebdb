internal import Foundation
internal import LightCurves
internal import PortableNumbers
internal import Testing

private func solution(absolute: Bool, zero: Double = 31.4, error: Double = 0, common: Double = 0) -> EnsembleSolution {
    let zeroPoint = FrameZeroPoint(
        frameID: "a", midExposureMJD: 0, magnitudes: zero, error: error, excessScatterMagnitudes: 0, starsUsed: 3)
    return EnsembleSolution(
        zeroPoints: [zeroPoint], stars: [], commonScatterMagnitudes: common, isAbsolute: absolute,
        catalogueScatterMagnitudes: nil)
}

@Suite struct LightCurvePointTests {
    private func measured(
        _ flux: Double, _ error: Double, scintillation: Double = 0, in solution: EnsembleSolution, isAB: Bool = true
    ) -> LightCurvePoint? {
        let target = TargetFlux(flux: flux, fluxError: error, scintillationMagnitudes: scintillation)
        return solution.point(target, at: solution.zeroPoints[0], isAB: isAB)
    }

    @Test(
        "magnitude and flux follow from their definitions: 10,000 e- at zero point 31.4 is 21.4 mag and 10 microjansky")
    func definition() throws {
        let point = try #require(measured(10_000, 100, in: solution(absolute: true)))
        #expect(abs(try #require(point.magnitude) - 21.4) < 1e-12)
        #expect(abs(try #require(point.magnitudeError) - 0.0108574) < 1e-6)
        #expect(abs(try #require(point.fluxNanojansky) / 10_000 - 1) < 1e-4)
        #expect(abs(try #require(point.fluxErrorNanojansky) / 100 - 1) < 1e-4)
        #expect(point.limitMagnitude == nil)
    }

    @Test("photon, ensemble, scintillation and common errors add in squares, in magnitudes and in flux")
    func errors() throws {
        let point = try #require(
            measured(10_000, 100, scintillation: 0.03, in: solution(absolute: true, error: 0.04, common: 0.12)))
        let expected = (0.0108574 * 0.0108574 + 0.13 * 0.13).squareRoot()
        #expect(abs(try #require(point.magnitudeError) - expected) < 1e-6)
        #expect(abs(try #require(point.fluxErrorNanojansky) - 10_000 * expected / 1.0857362) < 1)
    }

    @Test("below three sigma the point is an upper limit with its sigma, never fainter than the noise allows")
    func limits() throws {
        let faint = try #require(measured(290, 100, in: solution(absolute: true)))
        #expect(faint.magnitude == nil && faint.magnitudeError == nil)
        #expect(faint.limitSigma == 3)
        #expect(abs(try #require(faint.limitMagnitude) - (31.4 - 2.5 * log10(590))) < 1e-12)
        let negative = try #require(measured(-500, 100, in: solution(absolute: true)))
        #expect(abs(try #require(negative.limitMagnitude) - (31.4 - 2.5 * log10(300))) < 1e-12)
        #expect(abs(try #require(negative.fluxNanojansky) + 500) < 0.1)
        #expect(try #require(measured(300, 100, in: solution(absolute: true))).magnitude != nil)
    }

    @Test("fluxes in nJy need an absolute AB zero point")
    func fluxNeedsAB() throws {
        #expect(try #require(measured(1e4, 100, in: solution(absolute: false))).fluxNanojansky == nil)
        #expect(try #require(measured(1e4, 100, in: solution(absolute: true), isAB: false)).fluxNanojansky == nil)
    }

    @Test("a flux or error that is no number gives no point")
    func hostile() {
        for (flux, error) in [(Double.nan, 1.0), (1, .nan), (1, 0), (1, -1), (.infinity, 1)] {
            #expect(measured(flux, error, in: solution(absolute: true)) == nil)
        }
    }

    @Test("a 3-sigma limit on an empty place holds in at least 99.7 % of trials")
    func limitCoverage() throws {
        var random = SplitMix64(seed: 77)
        let truth = 50.0
        var held = 0
        let trials = 4000
        for _ in 0..<trials {
            let target = truth + 100 * random.gaussian()
            guard let point = measured(target, 100, in: solution(absolute: true)) else { continue }
            // A detection above three sigma is no limit and cannot break one.
            held += (point.limitMagnitude ?? -99) <= 31.4 - 2.5 * log10(truth) ? 1 : 0
        }
        #expect(Double(held) / Double(trials) > 0.997)
    }
}

@Suite struct ScintillationTests {
    @Test("Young's formula: 10 cm, 1 s, zenith, sea level gives 1.0857 * 0.09 * 10^(-2/3) / sqrt(2)")
    func formula() {
        let sigma = scintillationMagnitudes(apertureMeters: 0.1, exposureSeconds: 1, airmass: 1, elevationMeters: 0)
        let expected: Double = 1.0857362 * 0.09 * pow(10, -2.0 / 3) / 2.0.squareRoot()
        #expect(abs(sigma - expected) < 1e-8)
        let high = scintillationMagnitudes(apertureMeters: 0.8, exposureSeconds: 4, airmass: 1, elevationMeters: 8000)
        let ratio: Double = 0.25 * 0.5 * exp(-1)
        #expect(abs(high / sigma - ratio) < 1e-9)
    }

    @Test("what is not known adds nothing and never a NaN", arguments: [0.0, -1, .nan])
    func unknown(value: Double) {
        #expect(scintillationMagnitudes(apertureMeters: value, exposureSeconds: 1, airmass: 1, elevationMeters: 0) == 0)
        #expect(scintillationMagnitudes(apertureMeters: 1, exposureSeconds: value, airmass: 1, elevationMeters: 0) == 0)
        #expect(scintillationMagnitudes(apertureMeters: 1, exposureSeconds: 1, airmass: value, elevationMeters: 0) == 0)
    }
}
