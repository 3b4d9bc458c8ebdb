import Calibration
import Imaging
import Simulation
import Testing

/// The noise of frames whose pedestal is unknown: it is the scatter of their sky.
@Suite struct ScatterNoiseTests {
    private let size = 256
    private let sigma = 12.0

    private func frame(_ sky: (_ x: Int, _ y: Int) -> Double) -> Image<ADU> {
        var random = RandomStream(seed: 7, 1)
        var raw = Image<ADU>(width: size, height: size, filledWith: 0)
        for y in 0..<size {
            for x in 0..<size { raw[x, y] = Float(sky(x, y) + sigma * random.gaussian()) }
        }
        return raw
    }

    /// Standard deviation of each usable pixel over its truth, the smallest and the largest.
    private func ratios(_ raw: Image<ADU>) throws -> ClosedRange<Double> {
        let facts = DetectorFacts(gain: 1, readNoiseElectrons: 2, saturationADU: nil)
        let light = try LightCalibration(masters: MasterSet(), detector: facts).calibrate(raw, exposureSeconds: 30)
        #expect(light.flags.contains([.noiseFromScatter, .pedestalUnknown]))
        let found = light.frame.variance.pixels.filter(\.isFinite).map { Double($0).squareRoot() / sigma }
        return try #require(found.min())...#require(found.max())
    }

    @Test(
        "a sky that climbs is not taken for noise, however steep",
        arguments: [(0.0, 0.0), (0.5, 0), (3, -2), (40, 10), (-200, 0)])
    func gradient(alongX: Double, alongY: Double) throws {
        let found = try ratios(frame { 60_000 + alongX * Double($0) + alongY * Double($1) })
        #expect(found.lowerBound > 0.93 && found.upperBound < 1.07, "\(found)")
    }

    @Test("a sky that is bright in the middle is not taken for noise")
    func vignetted() throws {
        let found = try ratios(
            frame { x, y in
                let (dx, dy) = (Double(x - size / 2) / 128, Double(y - size / 2) / 128)
                return 3000 - 100 * (dx * dx + dy * dy)
            })
        #expect(found.lowerBound > 0.93 && found.upperBound < 1.1, "\(found)")
    }

    @Test("where next to nothing of the frame is usable, all of it together tells the noise", arguments: [6, 1])
    func strip(columns: Int) throws {
        var raw = frame { _, _ in 1000 }
        for y in 0..<size {
            for x in columns..<size { raw[x, y] = .nan }
        }
        let found = try ratios(raw)
        #expect(found.lowerBound > 0.85 && found.upperBound < 1.15, "\(found)")
    }
}
