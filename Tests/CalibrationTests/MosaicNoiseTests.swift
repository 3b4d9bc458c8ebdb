import Calibration
import Imaging
import Simulation
import Testing

@Suite("The noise of the channels of a mosaic")
struct MosaicNoiseTests {
    @Test("the variance of each channel is its scatter, of the mean of two greens as well, rounding included")
    func scatter() throws {
        var instrument = SimulatedInstrument(name: "osc", width: 1024, height: 1024)
        (instrument.gain, instrument.readNoiseElectrons, instrument.saturationADU) = (4, 4, 65_535)
        (instrument.biasStructureADU, instrument.darkElectronsPerSecond, instrument.vignetting) = (0, 0, 0)
        (instrument.dustRings, instrument.responseScatter, instrument.hotPixelFraction) = (0, 0, 0)
        var field = TestField(instrument: instrument)
        field.layout = .dense
        (field.starsPerThousandPixels, field.skyElectrons, field.colours) = (0, 16, ColourField(.gbrg))
        let renderer = TestFieldRenderer(field)
        let raw = renderer.render(frame: 0).image
        let found = BayerMosaic(pattern: .gbrg, width: 1024, height: 1024)
        let mosaic = try #require(found)
        let root = 2.0.squareRoot()
        for (channel, gain, noise, sky) in [
            (BayerChannel.red, 4.0, 4.0, 16 * 0.7), (.green, 8, 4 * root, 32), (.blue, 4, 4, 16 * 0.5),
        ] {
            var detector = DetectorFacts(gain: gain, readNoiseElectrons: noise, saturationADU: 65_535)
            detector.pixelsAveraged = channel == .green ? 2 : 1
            let facts = MasterFacts(
                id: "bias", kind: .bias, mode: DetectorMode(instrument: "osc", width: 512, height: 512),
                exposureSeconds: 0, temperatureCelsius: nil, midpointMJD: 60_000, night: "2023-02-25", count: 10_000,
                inputIDs: [], frameNoise: noise / gain)
            let level = mosaic.split(renderer.detector.bias, channel)
            let exact = Image<ADU>(width: 512, height: 512)
            let bias = Master(facts: facts, image: level, error: exact, mask: Mask(width: 512, height: 512))
            let light = try LightCalibration(masters: MasterSet(bias: bias), detector: detector).calibrate(
                mosaic.split(raw, channel, saturation: 65_535), exposureSeconds: 60)
            let pixels = light.frame.signal.pixels.map { Double($0) }
            let mean = pixels.reduce(0, +) / Double(pixels.count)
            let scatter = pixels.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(pixels.count)
            let variance = light.frame.variance.pixels.reduce(0) { $0 + Double($1) } / Double(pixels.count)
            #expect(abs(mean - sky) < 0.1, "\(channel): \(mean)")
            // The scatter of 2^18 pixels is known to 0.3 %; a whole rounding error for green would be 4 % too much.
            #expect(abs(variance / scatter - 1) < 0.015, "\(channel): \(variance) for \(scatter)")
        }
    }
}
