import Detection
import Foundation
import Imaging
import PortableNumbers
import TestKit
import Testing

@Suite("The sky under the sources")
struct BackgroundTests {
    /// Mean of level - truth over the frame [e-/px].
    static func bias(_ background: Background, sky: Double) -> Double {
        let pixels = background.level.plane()
        return pixels.reduce(0) { $0 + Double($1) } / Double(pixels.count) - sky
    }

    /// As many stars as 3,000 and 20,000 on 2048 x 2048: the mesh of modes reads 1 e- high among the latter.
    @Test("is not lifted by stars, faint ones and wings included", arguments: [(750, 0.3), (5000, 2.0)])
    func stars(_ count: Int, _ allowed: Double) {
        let field = GaussianStars.random(
            count: count, width: 1024, height: 1024, fluxes: 300...300_000, fwhm: 3.2, sky: 300, readNoise: 5, seed: 2)
        let background = Background.estimate(field.frame(seed: 3))
        #expect(abs(Self.bias(background, sky: 300)) < allowed)
        #expect(abs(background.globalRMS / 325.0.squareRoot() - 1) < 0.03)
    }

    /// Level at the peak minus sky, of 200 e-, from sep 1.4.1 (Python), `Background(data, bw=64, bh=64, fw=3,
    /// fh=3)`, on
    /// a frame of the same nebula and noise.
    @Test("takes no more of a nebula's peak than sep does", arguments: [(40.0, 18.7), (100.0, 130.8)])
    func nebula(_ sigma: Double, _ loss: Double) {
        var random = SplitMix64(seed: 5)
        var frame = GaussianStars(width: 1024, height: 1024, fwhm: 3, sky: 0, readNoise: 0, stars: []).frame(seed: 1)
        for y in 0..<1024 {
            for x in 0..<1024 {
                let (dx, dy) = (Double(x) - 500, Double(y) - 520)
                let light = 300 + 200 * exp(-(dx * dx + dy * dy) / (2 * sigma * sigma))
                frame.signal[x, y] = Float(light + (light + 25).squareRoot() * random.gaussian())
                frame.variance[x, y] = 325
            }
        }
        let background = Background.estimate(frame)
        #expect(Double(background.level[500, 520]) - 300 < loss)
        #expect(background.level.plane().allSatisfy { $0 > 297 })
    }

    @Test("follows a steep gradient to the frame's corners, within a tenth of its noise")
    func gradient() {
        var frame = GaussianStars(width: 500, height: 300, fwhm: 3, sky: 1000, readNoise: 5, stars: []).frame(seed: 5)
        for y in 0..<300 { for x in 0..<500 { frame.signal[x, y] += 2 * Float(x) - Float(y) } }
        let background = Background.estimate(frame)
        for (x, y) in [(0, 0), (499, 0), (0, 299), (499, 299), (250, 150)] {
            #expect(abs(background.level[x, y] - 1000 - 2 * Float(x) + Float(y)) < 6)
        }
    }

    @Test(
        "a single pixel of the level is the same bits as in the whole plane", arguments: [(130, 67), (1, 9), (64, 1)])
    func singlePixels(_ width: Int, _ height: Int) {
        let field = GaussianStars(width: width, height: height, fwhm: 3, sky: 1000, readNoise: 5, stars: [])
        let level = Background.estimate(field.frame(seed: 5)).level
        let pixels = level.plane()
        #expect(pixels.indices.allSatisfy { level[$0 % width, $0 / width] == pixels[$0] })
    }

    @Test("a level sky has exactly its value everywhere")
    func exact() {
        let frame = CalibratedFrame(
            signal: Image(width: 300, height: 200, filledWith: 1234.567),
            variance: Image(width: 300, height: 200, filledWith: 10), mask: Mask(width: 300, height: 200))
        #expect(Background.estimate(frame).level.plane().allSatisfy { $0 == 1234.567 })
    }

    @Test("is found from what little is not masked")
    func nearlyMasked() {
        var frame = GaussianStars(width: 400, height: 400, fwhm: 3, sky: 500, readNoise: 5, stars: []).frame(seed: 5)
        for index in frame.mask.bits.indices where index % 29 != 0 { frame.mask.bits[index] = PixelFlags.bad.rawValue }
        let background = Background.estimate(frame)
        #expect(abs(Self.bias(background, sky: 500)) < 1.5)
        for index in frame.mask.bits.indices where index != 80_200 {
            frame.mask.bits[index] = PixelFlags.noData.rawValue
        }
        #expect(Background.estimate(frame).globalLevel.isNaN)
    }
}
