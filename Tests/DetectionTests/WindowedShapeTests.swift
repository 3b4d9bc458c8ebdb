import Detection
import Foundation
import Imaging
import TestKit
import Testing

@Suite("Windowed centroids")
struct WindowedShapeTests {
    /// Cramer-Rao bound of one coordinate of a Gaussian star on white and Poisson noise:
    ///     1 / sigma^2 = sum (F dP/dx)^2 / (V + F P)
    static func bound(flux: Double, deviation: Double, variance: Double) -> Double {
        var information = 0.0
        for y in -15...15 {
            for x in -15...15 {
                let square = Double(x * x + y * y) / (2 * deviation * deviation)
                let light = flux * exp(-square) / (2 * .pi * deviation * deviation)
                information += pow(light * Double(x) / (deviation * deviation), 2) / (variance + light)
            }
        }
        return 1 / information.squareRoot()
    }

    @Test(
        "scatter within 1.12 of the Cramer-Rao bound from S/N 20 to 300, and their errors are true",
        arguments: [20.0, 60, 300])
    func bound(_ significance: Double) {
        let deviation = (pow(3.2 / 2.3548, 2) + 1.0 / 12).squareRoot()
        let flux = significance * (4 * Double.pi * 325).squareRoot() * deviation
        let bound = Self.bound(flux: flux, deviation: deviation, variance: 325)
        var (offsets, pulls): ([Double], [Double]) = ([], [])
        for seed: UInt64 in 1...2 {
            let field = GaussianStars.grid(
                spacing: 30, size: 900, flux: flux, fwhm: 3.2, sky: 300, readNoise: 5, seed: seed)
            let found = detect(field.frame(seed: seed + 9)).sources
            for star in field.stars {
                guard let near = found.first(where: { hypot($0.x - star.x, $0.y - star.y) < 1.5 }) else { continue }
                offsets += [(near.x - star.x) / bound, (near.y - star.y) / bound]
                pulls += [(near.x - star.x) / near.xError, (near.y - star.y) / near.yError]
            }
        }
        #expect(offsets.count > 3300)
        #expect(moments(offsets).deviation < 1.12)
        #expect(abs(moments(offsets).mean) < 0.1)
        #expect(abs(moments(pulls).deviation - 1) < 0.06)
    }

    @Test("a window at the frame's corners and one wider than the frame give numbers or say that they failed")
    func edges() {
        let field = GaussianStars(
            width: 40, height: 30, fwhm: 4, sky: 100, readNoise: 5, stars: [(1, 1, 50_000), (38.4, 28.7, 50_000)])
        let frame = MeasurableFrame(field.frame(seed: 3), background: Background.estimate(field.frame(seed: 3)))
        for sigma in [0.6, 1.7, 15] {
            for (x, y) in [(1.0, 1.0), (38.4, 28.7), (0, 29), (-3, -3), (1e9, 0), (.nan, 2)] {
                let shape = WindowedShape.measure(frame, x: x, y: y, windowSigma: sigma, sourceNoise: true)
                #expect(!shape.converged || (shape.xError > 0 && shape.x.isFinite && shape.y.isFinite))
            }
        }
    }
}
