import Calibration
import Imaging
import Simulation
import Testing

@Suite("Calibrating on several threads")
struct LightThreadsTests {
    /// Odd sides, bleed trails across many rows, holes of single pixels, of a row and of whole boxes; above 1024 px a
    /// side every second block of the noise check counts.
    private static func raw(width: Int, height: Int) -> Image<ADU> {
        var random = RandomStream(seed: 31)
        var image = Image<ADU>(width: width, height: height)
        for i in image.pixels.indices {
            image.pixels[i] = Float(1500 + 0.1 * Double(i % width) + 9 * random.gaussian())
        }
        for column in stride(from: 20, to: width, by: 97) {
            for y in (height / 5)..<(height / 2) { image[column, y] = 65_000 }
        }
        for i in stride(from: 11, to: image.pixels.count, by: 1009) { image.pixels[i] = .nan }
        for x in 0..<width { image[x, height / 3] = .nan }
        for y in (height - 80)..<height { for x in 0..<min(width, 150) { image[x, y] = .nan } }
        return image
    }

    private static func calibration(of raw: Image<ADU>, hasGain: Bool) -> LightCalibration {
        var random = RandomStream(seed: 32)
        var flat = Image<Relative>(width: raw.width, height: raw.height, filledWith: 1)
        for i in flat.pixels.indices { flat.pixels[i] = Float(1 + 0.01 * random.gaussian()) }
        flat.pixels[77] = 0.01
        let facts = MasterFacts(
            id: "flat", kind: .flat, mode: DetectorMode(instrument: "cam", width: raw.width, height: raw.height),
            filter: "V", exposureSeconds: 1, temperatureCelsius: nil, midpointMJD: 60_000, night: "n", count: 9,
            inputIDs: [], frameNoise: 0.01)
        let error = Image<Relative>(width: raw.width, height: raw.height, filledWith: 0.003)
        return LightCalibration(
            masters: MasterSet(flat: Master(facts: facts, image: flat, error: error)),
            detector: DetectorFacts(gain: hasGain ? 1.4 : nil, readNoiseElectrons: 6, saturationADU: 60_000))
    }

    @Test(
        "planes, mask, flags and figures are the same bits on any number of threads",
        arguments: [(231, 317, true), (231, 317, false), (1033, 1061, true), (140, 200, true)], [2, 3, 7])
    func sameBits(frame: (width: Int, height: Int, hasGain: Bool), threads: Int) throws {
        let raw = Self.raw(width: frame.width, height: frame.height)
        var calibration = Self.calibration(of: raw, hasGain: frame.hasGain)
        let one = try calibration.calibrate(raw, exposureSeconds: 1)
        calibration.threads = threads
        let many = try calibration.calibrate(raw, exposureSeconds: 1)
        #expect(one == many)
        #expect(one.frame.signal.pixels.map(\.bitPattern) == many.frame.signal.pixels.map(\.bitPattern))
        #expect(one.frame.mask.bits.contains { $0 & PixelFlags.bleed.rawValue != 0 })
        #expect(one.frame.signal.pixels.allSatisfy { $0.isFinite })
        // A prepared frame brings a mask of its own.
        var corrections = DetectorCorrections()
        corrections.linearity = LinearityCorrection(coefficients: [1e-8])
        let prepared = try corrections.prepare(raw, kind: .light, saturationADU: 60_000)
        let several = try calibration.calibrate(prepared, exposureSeconds: 1)
        calibration.threads = 1
        #expect(try calibration.calibrate(prepared, exposureSeconds: 1) == several)
    }
}
