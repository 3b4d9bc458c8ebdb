import Calibration
import Imaging
import Simulation
import Testing

@Suite struct LightCalibrationTests {
    private let mode = DetectorMode(instrument: "cam", width: 64, height: 64)

    private func facts(_ kind: FrameKind, seconds: Double = 0, biasID: String? = nil) -> MasterFacts {
        MasterFacts(
            id: kind.rawValue, kind: kind, mode: mode, exposureSeconds: seconds, temperatureCelsius: nil,
            midpointMJD: 0,
            night: "n", count: 4, inputIDs: [], biasID: biasID, frameNoise: 4)
    }

    /// Constant masters: bias 100 +- 2, dark of 60 s 12 +- 1, flat 0.8 +- 0.01.
    private func constantMasters() -> MasterSet {
        func image<Unit>(_ value: Float) -> Image<Unit> { Image(width: 64, height: 64, filledWith: value) }
        return MasterSet(
            bias: Master(facts: facts(.bias), image: image(100), error: image(2)),
            dark: Master(facts: facts(.dark, seconds: 60, biasID: "bias"), image: image(12), error: image(1)),
            flat: Master(facts: facts(.flat), image: image(0.8), error: image(0.01)))
    }

    private let detector = DetectorFacts(gain: 2, readNoiseElectrons: 5, saturationADU: 60_000)

    @Test("signal and variance are the formula's, term by term")
    func algebra() throws {
        let raw = Image<ADU>(width: 64, height: 64, filledWith: 506)
        let light = try LightCalibration(masters: constantMasters(), detector: detector).calibrate(
            raw, exposureSeconds: 30)
        // 2 (506 - 100 - 12/2) / 0.8
        #expect(light.frame.signal.pixels.allSatisfy { abs($0 - 1000) < 1e-3 })
        let (sky, dark, reading, rounding) = (800.0, 12.0, 25.0, 4.0 / 12)
        let (biasError, darkError) = (4 * 0.25 * 4.0, 4 * 0.25 * 1.0)
        let flatError = 100.0
        let variance: Double = (sky + dark + reading + rounding + biasError + darkError + flatError) / 0.64
        #expect(light.frame.variance.pixels.allSatisfy { abs(Double($0) / variance - 1) < 1e-4 })
        #expect(light.flags.contains(.darkScaled) && !light.flags.contains(.noBias))
        #expect(abs(light.skyElectrons - 1000) < 1e-3)
    }

    @Test("saturated, missing, bad and dark pixels are marked, and only what is unknown has infinite variance")
    func masks() throws {
        var masters = constantMasters()
        masters.flat?.image[7, 7] = 0.05
        masters.flat?.image[8, 8] = 0
        masters.dark?.mask[9, 9] = .bad
        var raw = Image<ADU>(width: 64, height: 64, filledWith: 506)
        raw[1, 1] = 60_000
        raw[2, 2] = .nan
        raw[3, 3] = .infinity
        let light = try LightCalibration(masters: masters, detector: detector).calibrate(raw, exposureSeconds: 30)
        let frame = light.frame
        #expect(frame.mask[1, 1] == .saturated && frame.variance[1, 1].isFinite)
        #expect(frame.mask[2, 2] == .noData && frame.variance[2, 2] == .infinity)
        #expect(frame.mask[3, 3] == [.noData, .saturated] && frame.variance[3, 3] == .infinity)
        #expect(frame.mask[7, 7].contains(.lowFlat) && frame.variance[7, 7] == .infinity)
        #expect(frame.mask[8, 8].contains([.lowFlat, .noData]))
        #expect(frame.mask[9, 9] == .bad && frame.variance[9, 9].isFinite)
        #expect(frame.signal.pixels.allSatisfy { $0.isFinite })
        #expect(abs(frame.signal[2, 2] - 1000) < 1e-2)
        #expect(frame.mask.bits.filter { $0 != 0 }.count == 6)
    }

    @Test("a frame of NaN, a frame of zeros and a frame of one pixel come out without a crash")
    func hopeless() throws {
        let calibration = LightCalibration(masters: MasterSet(), detector: detector)
        let empty = try calibration.calibrate(Image(width: 64, height: 64, filledWith: .nan), exposureSeconds: 1)
        #expect(empty.frame.mask.bits.allSatisfy { $0 == PixelFlags.noData.rawValue })
        #expect(empty.frame.variance.pixels.allSatisfy { $0 == .infinity })
        #expect(empty.skyElectrons.isNaN)
        let zeros = try calibration.calibrate(Image(width: 70, height: 3), exposureSeconds: 1)
        #expect(zeros.frame.signal.pixels.allSatisfy { $0 == 0 })
        #expect(zeros.frame.variance.pixels.allSatisfy { $0 > 0 })
        let one = try calibration.calibrate(Image(width: 1, height: 1, filledWith: 12), exposureSeconds: 1)
        #expect(one.frame.signal.pixels == [24])
    }

    @Test("every missing master and every unknown constant is flagged")
    func flags() throws {
        let unknown = DetectorFacts(gain: nil, readNoiseElectrons: nil, saturationADU: nil)
        let raw = Image<ADU>(width: 64, height: 64, filledWith: 506)
        let light = try LightCalibration(masters: MasterSet(), detector: unknown).calibrate(raw, exposureSeconds: 1)
        #expect(
            light.flags == [
                .noBias, .noDark, .noFlat, .gainUnknown, .readNoiseUnknown, .saturationUnknown, .pedestalUnknown,
                .noiseFromScatter,
            ])
        #expect(light.frame.signal.pixels.allSatisfy { $0 == 506 })
        #expect(light.noiseRatio == nil)
        #expect(
            light.flags.names == [
                "noBias", "noDark", "noFlat", "gainUnknown", "readNoiseUnknown", "saturationUnknown", "pedestalUnknown",
                "noiseFromScatter",
            ])
    }

    @Test("flags have one bit and one name each")
    func registry() {
        let registry = CalibrationFlags.registry
        #expect(Set(registry.map(\.name)).count == registry.count)
        #expect(Set(registry.map(\.flag)).count == registry.count)
        #expect(registry.allSatisfy { $0.flag.rawValue.nonzeroBitCount == 1 })
        #expect(registry.map(\.flag.rawValue) == registry.map(\.flag.rawValue).sorted())
    }

    @Test("a column pattern that no bias removed shows: the noise is not white")
    func correlatedNoise() throws {
        var instrument = Frames.instrument()
        instrument.biasStructureADU = 30
        instrument.hotPixelFraction = 0
        instrument.dustRings = 0
        var frames = Frames(instrument)
        frames.take(.bias, count: 10)
        frames.take(.light, count: 1, seconds: 60, electrons: 200)
        let raw = try #require(frames.images[frames.facts.last!.id])
        let bare = try LightCalibration(masters: MasterSet(), detector: frames.detectorFacts).calibrate(
            raw, exposureSeconds: 60)
        #expect(bare.flags.contains(.noiseCorrelated) && (bare.blockNoiseRatio ?? 0) > 1.4)
        let masters = try frames.masters(withDark: false, withFlat: false)
        let clean = try LightCalibration(masters: masters, detector: frames.detectorFacts).calibrate(
            raw, exposureSeconds: 60)
        #expect(!clean.flags.contains(.noiseCorrelated))
        #expect(abs((clean.blockNoiseRatio ?? 0) - 1) < 0.1)
    }

    @Test("a wrong gain shows: the sky scatters unlike the model")
    func wrongGain() throws {
        var frames = Frames(Frames.instrument())
        frames.take(.bias, count: 10)
        frames.take(.dark, count: 5, seconds: 60)
        frames.take(.flat, count: 5, seconds: 2, electrons: 40_000)
        frames.take(.light, count: 1, seconds: 60, electrons: 2000)
        let masters = try frames.masters()
        let raw = try #require(frames.images[frames.facts.last!.id])
        let right = try LightCalibration(masters: masters, detector: frames.detectorFacts).calibrate(
            raw, exposureSeconds: 60)
        #expect(abs((right.noiseRatio ?? 0) - 1) < 0.03 && !right.flags.contains(.noiseDisagrees))
        let wrong = DetectorFacts(gain: 0.7, readNoiseElectrons: 7, saturationADU: nil)
        let light = try LightCalibration(masters: masters, detector: wrong).calibrate(raw, exposureSeconds: 60)
        #expect(light.flags.contains(.noiseDisagrees))
    }
}
