import Detection
import Foundation
import Imaging
import Photometry
import Simulation
import TestKit
import Testing

/// Curve of growth, optimal weights, Kron ellipses and several radii, on simulated stars.
@Suite("All the light of a star")
struct WholeLightTests {
    /// Moffat stars on a grid, every fourth of them bright.
    static func moffat(
        beta: Double, flux: Double, seed: UInt64, widths: (Double) -> Double = { _ in 3.2 }
    ) -> (frame: CalibratedFrame, stars: [(x: Double, y: Double, flux: Double)]) {
        var random = RandomStream(seed: seed)
        var light = LightMap(width: 360, height: 360, level: 100)
        var stars: [(x: Double, y: Double, flux: Double)] = []
        for y in stride(from: 30, to: 340, by: 40) {
            for x in stride(from: 30, to: 340, by: 40) {
                let flux = stars.count % 4 == 0 ? 200_000 : flux
                let star = (x: Double(x) + 3 * random.uniform(), y: Double(y) + 3 * random.uniform(), flux: flux)
                light.addStar(
                    x: star.x, y: star.y, flux: flux, fwhmPixels: widths(star.x), pointSpread: .moffat(beta: beta))
                stars.append(star)
            }
        }
        let pixels = light.electrons.map { Float(random.poisson($0) + 8 * random.gaussian()) }
        return (
            CalibratedFrame(
                signal: Image(width: 360, height: 360, pixels: pixels),
                variance: Image(width: 360, height: 360, filledWith: 164), mask: Mask(width: 360, height: 360)), stars
        )
    }

    @Test("total and optimal fluxes of Moffat stars are whole within their errors", arguments: [2.5, 3.0, 4.5])
    func moffatStars(beta: Double) throws {
        let (frame, stars) = Self.moffat(beta: beta, flux: 20_000, seed: 3)
        let found = detect(frame)
        let correction = try #require(measure(found, MeasurementParameters()).summary.apertureCorrection)
        #expect(correction.magnitude < -0.005 && correction.error > 0 && correction.error < 0.01)
        #expect(correction.starCount > 10)
        let rows = forcedPhotometry(found, at: stars.map { ($0.x, $0.y) }, MeasurementParameters())
        let faint = zip(rows, stars).filter { $0.1.flux < 100_000 }
        let total = moments(faint.map { ($0.0.fluxTotal - $0.1.flux) / $0.0.fluxTotalError })
        let optimal = moments(faint.map { ($0.0.fluxOptimal - $0.1.flux) / $0.0.fluxOptimalError })
        // The correction errs for all stars of a frame alike; where wings are wide, those of the bright stars 40 px off
        // weigh more on the annulus than on the star.
        let bias = beta < 2.8 ? 0.9 : 0.6
        #expect(abs(total.mean) < bias && abs(total.deviation - 1) < 0.25)
        #expect(abs(optimal.mean) < bias && abs(optimal.deviation - 1) < 0.35)
        // Optimal weights see less noise than an aperture that holds nearly all light.
        #expect(faint.allSatisfy { $0.0.fluxOptimalError < $0.0.fluxTotalError })
    }

    @Test("an image that widens across the frame tilts the correction, a constant one does not")
    func tilt() throws {
        let (wide, stars) = Self.moffat(beta: 3, flux: 150_000, seed: 5, widths: { 2.8 + 0.9 * $0 / 360 })
        let correction = try #require(measure(wide).summary.apertureCorrection)
        #expect(correction.xGradient < 0)
        let rows = forcedPhotometry(wide, at: stars.map { ($0.x, $0.y) })
        let left = zip(rows, stars).filter { $0.1.x < 120 }.map { $0.0.fluxTotal / $0.1.flux }
        let right = zip(rows, stars).filter { $0.1.x > 240 }.map { $0.0.fluxTotal / $0.1.flux }
        #expect(abs(moments(left).mean / moments(right).mean - 1) < 0.004)
        let plain = try #require(
            measure(Self.moffat(beta: 3, flux: 150_000, seed: 5).frame).summary.apertureCorrection)
        #expect(plain.xGradient == 0 && plain.yGradient == 0)
    }

    @Test("a frame of one star has no correction and says so")
    func unknown() throws {
        let field = GaussianStars(
            width: 160, height: 160, fwhm: 3.5, sky: 100, readNoise: 8, stars: [(80, 80, 500_000)])
        let result = measure(field.frame(seed: 2))
        #expect(result.summary.apertureCorrection == nil && result.summary.bestRadiusPixels == nil)
        let row = try #require(result.rows.first)
        #expect(row.flags.contains([.apertureCorrectionUnknown, .optimalFailed]))
        #expect(row.fluxTotal.isNaN && row.fluxOptimal.isNaN && row.fluxAperture > 400_000)
    }

    @Test("the best radius of a Gaussian star is 0.68 FWHM, and no other radius has better signal to noise")
    func bestRadius() throws {
        let field = GaussianStars.grid(spacing: 40, size: 320, flux: 100_000, fwhm: 4, sky: 100, readNoise: 8, seed: 1)
        let best = try #require(measure(field.frame(seed: 3)).summary.bestRadiusPixels)
        // 1.585 sigma, where 1 - exp(-r^2 / 2) grows as fast as r; a pixel of the detector and the rim widen it.
        let sigma = (pow(4 / 2.3548, 2) + 2.0 / 12).squareRoot()
        #expect(abs(best / (1.585 * sigma) - 1) < 0.02)
    }

    @Test("radii in pixels and in units of the seeing give the same flux where they are the same, in one pass")
    func radii() throws {
        let field = GaussianStars.grid(spacing: 40, size: 320, flux: 50_000, fwhm: 3.5, sky: 100, readNoise: 8, seed: 1)
        let found = detect(field.frame(seed: 3))
        let seeing = try #require(found.seeing).fwhmPixels
        let list = ["1.5fwhm", "3", "6px", "0.7FWHM"].compactMap { MeasurementParameters.Radius(text: $0) }
        #expect(list == [.seeing(1.5), .pixels(3), .pixels(6), .seeing(0.7)])
        for bad in ["", "px", "-2", "0", "nan", "1e9", "2 furlongs"] {
            #expect(MeasurementParameters.Radius(text: bad) == nil)
        }
        let row = try #require(measure(found, MeasurementParameters(extraRadii: list)).rows.first)
        #expect(row.extraFluxes.map(\.radiusPixels) == [1.5 * seeing, 3, 6, 0.7 * seeing])
        #expect(abs(row.extraFluxes[0].flux - row.fluxAperture) < 1e-6)
        for extra in row.extraFluxes {
            var alone = MeasurementParameters(radius: .pixels(extra.radiusPixels))
            alone.annulus = (2.5 * 1.5 * seeing / extra.radiusPixels, 4 * 1.5 * seeing / extra.radiusPixels)
            let same = forcedPhotometry(found, at: [(row.x, row.y)], alone)[0]
            #expect(abs(same.fluxAperture - extra.flux) < 1e-6 && abs(same.fluxApertureError - extra.fluxError) < 1e-6)
        }
    }

    @Test("a radius of zero, a huge one and one that is no number measure nothing or everything, and do not trap")
    func oddRadii() {
        let field = GaussianStars.grid(spacing: 40, size: 120, flux: 50_000, fwhm: 3.5, sky: 100, readNoise: 8, seed: 1)
        let found = detect(field.frame(seed: 3))
        for radius in [0, -1, .nan, .infinity, 1e-9, 900, 1e7] {
            let parameters = MeasurementParameters(radius: .pixels(radius), extraRadii: [.pixels(radius), .pixels(4)])
            let row = forcedPhotometry(found, at: [(60, 60)], parameters)[0]
            #expect(row.extraFluxes.count == 2)
            #expect(row.fluxAperture.isFinite == (radius == 1e-9 || radius == 900))
            if radius == 900 { #expect(row.flags.contains(.apertureTruncated)) }
        }
    }

    @Test("Kron ellipses leave a neighbour's light out")
    func kronNeighbour() throws {
        let alone = GaussianStars(width: 120, height: 120, fwhm: 3.5, sky: 100, readNoise: 8, stars: [(60, 60, 60_000)])
        var pair = alone
        pair.stars.append((72, 61, 60_000))
        let single = try #require(measure(alone.frame(seed: 2)).rows.first)
        // A peak of the noise may be among them.
        let rows = measure(pair.frame(seed: 2)).rows.filter { $0.fluxAuto > 10_000 }
        #expect(rows.count == 2)
        for row in rows { #expect(abs(row.fluxAuto / single.fluxAuto - 1) < 0.02) }
    }
}
