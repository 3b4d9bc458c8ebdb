import Foundation
import Simulation
import Testing

@Suite struct LightMapTests {
    @Test(
        "all of a star's light lands on the detector, wherever its centre is in the pixel",
        arguments: [PointSpread.gaussian, .moffat(beta: 2.5), .moffat(beta: 4.765)], [0.0, 0.31, 0.5])
    func flux(pointSpread: PointSpread, offset: Double) {
        for fwhm in [2.0, 3.7] {
            var light = LightMap(width: 301, height: 301)
            light.addStar(
                x: 150 + offset, y: 150 - offset, flux: 1000, fwhmPixels: fwhm, pointSpread: pointSpread,
                leavingOut: 0.02)
            let total = light.electrons.reduce(0, +)
            #expect(abs(total - 1000) < 0.15)
        }
    }

    @Test("the light within half the FWHM is what the profile says")
    func encircled() {
        // Gaussian: 1/2 within FWHM/2. Moffat: 1 - (1 + r^2/alpha^2)^(1 - beta).
        let fwhm = 24.0
        for (pointSpread, truth) in [(PointSpread.gaussian, 0.5), (.moffat(beta: 3), 1 - pow(2.0, -2.0 / 3))] {
            var light = LightMap(width: 201, height: 201)
            light.addStar(x: 100, y: 100, flux: 1, fwhmPixels: fwhm, pointSpread: pointSpread, leavingOut: 1e-4)
            var inside = 0.0
            for y in 0..<201 {
                for x in 0..<201 where hypot(Double(x) - 100, Double(y) - 100) <= fwhm / 2 {
                    inside += light.electrons[y * 201 + x]
                }
            }
            #expect(abs(inside - truth) < 0.015)
        }
    }

    @Test("the centroid is where the star was put")
    func centroid() {
        var light = LightMap(width: 81, height: 61)
        light.addStar(x: 40.37, y: 29.81, flux: 5000, fwhmPixels: 3, pointSpread: .gaussian)
        var (x, y, sum) = (0.0, 0.0, 0.0)
        for i in light.electrons.indices {
            x += light.electrons[i] * Double(i % 81)
            y += light.electrons[i] * Double(i / 81)
            sum += light.electrons[i]
        }
        #expect(abs(x / sum - 40.37) < 1e-4)
        #expect(abs(y / sum - 29.81) < 1e-4)
    }

    @Test("a star half off the edge gives half its light, and one far away none")
    func edges() {
        var light = LightMap(width: 50, height: 50)
        light.addStar(x: -0.5, y: 25, flux: 1000, fwhmPixels: 3, pointSpread: .gaussian)
        #expect(abs(light.electrons.reduce(0, +) - 500) < 0.1)
        let before = light
        light.addStar(x: -500, y: 25, flux: 1000, fwhmPixels: 3, pointSpread: .gaussian)
        light.addStar(x: .nan, y: 25, flux: 1000, fwhmPixels: 3, pointSpread: .gaussian)
        light.addStar(x: 25, y: 25, flux: -3, fwhmPixels: 3, pointSpread: .gaussian)
        #expect(light == before)
    }
}
