import Imaging
import Simulation
import Testing

@Suite struct SimulatedDetectorTests {
    private func instrument() -> SimulatedInstrument {
        var instrument = SimulatedInstrument(name: "test", width: 200, height: 160)
        instrument.hotPixelFraction = 0
        return instrument
    }

    private func variance(_ a: Image<ADU>, _ b: Image<ADU>) -> Double {
        let differences = zip(a.pixels, b.pixels).map { Double($0 - $1) }
        let mean = differences.reduce(0, +) / Double(differences.count)
        return differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(differences.count) / 2
    }

    @Test("bias frames scatter by the read noise and the rounding")
    func readNoise() {
        let detector = SimulatedDetector(instrument())
        var random = RandomStream(seed: 1)
        let frames = (0..<2).map { _ in detector.expose(nil, exposureSeconds: 0, random: &random) }
        let truth = 7.0 * 7 / (1.5 * 1.5) + 1.0 / 12
        #expect(abs(variance(frames[0], frames[1]) / truth - 1) < 0.04)
        let mean = frames[0].pixels.reduce(0.0) { $0 + Double($1) } / Double(frames[0].pixels.count)
        let pattern = detector.bias.pixels.reduce(0.0) { $0 + Double($1) } / Double(frames[0].pixels.count)
        #expect(abs(mean - pattern) < 0.15)
    }

    @Test("the photon transfer curve gives the gain back")
    func photonTransfer() {
        var instrument = instrument()
        instrument.vignetting = 0
        instrument.dustRings = 0
        instrument.responseScatter = 0
        let detector = SimulatedDetector(instrument)
        var random = RandomStream(seed: 2)
        let light = LightMap(width: 200, height: 160, level: 20_000)
        let frames = (0..<2).map { _ in detector.expose(light, exposureSeconds: 1, random: &random) }
        let signal = zip(frames[0].pixels, detector.bias.pixels).reduce(0.0) { $0 + Double($1.0 - $1.1) } / 32_000
        let gain = signal / (variance(frames[0], frames[1]) - 49 / (1.5 * 1.5) - 1.0 / 12)
        #expect(abs(gain - 1.5) < 0.05)
        #expect(abs(signal * 1.5 - 20_000.1) < 10)
    }

    @Test("hot pixels grow with the exposure time")
    func darkScales() {
        var instrument = instrument()
        instrument.hotPixelFraction = 0.01
        instrument.hotPixelElectronsPerSecond = 50
        let detector = SimulatedDetector(instrument)
        var random = RandomStream(seed: 3)
        let short = detector.expose(nil, exposureSeconds: 60, random: &random)
        let long = detector.expose(nil, exposureSeconds: 300, random: &random)
        var (a, b) = (0.0, 0.0)
        for i in short.pixels.indices where (20.0...200).contains(detector.darkCurrent.pixels[i]) {
            a += Double(short.pixels[i] - detector.bias.pixels[i])
            b += Double(long.pixels[i] - detector.bias.pixels[i])
        }
        #expect(abs(b / a / 5 - 1) < 0.01)
    }

    @Test("pixels stay whole numbers between 0 and the saturation level")
    func saturation() {
        let detector = SimulatedDetector(instrument())
        var random = RandomStream(seed: 4)
        var light = LightMap(width: 200, height: 160, level: 100)
        light.addStar(x: 100, y: 80, flux: 5e7, fwhmPixels: 3, pointSpread: .gaussian)
        let image = detector.expose(light, exposureSeconds: 10, random: &random)
        #expect(image.pixels.max() == 60_000)
        #expect(image.pixels.allSatisfy { $0 == $0.rounded() && $0 >= 0 })
    }

    @Test("the response has median 1, falls to the corners, and belongs to the seed")
    func response() {
        let detector = SimulatedDetector(instrument())
        let sorted = detector.flat.pixels.sorted()
        #expect(abs(sorted[sorted.count / 2] - 1) < 1e-5)
        #expect(detector.flat[0, 0] < 0.95)
        #expect(SimulatedDetector(instrument()).flat == detector.flat)
        var other = instrument()
        other.seed = 2
        #expect(SimulatedDetector(other).flat != detector.flat)
    }
}
