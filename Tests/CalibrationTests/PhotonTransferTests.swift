import Calibration
import Imaging
import Simulation
import Testing

@Suite struct PhotonTransferTests {
    /// Flats of these levels on a detector with gain 1.5 e-/ADU, whose true gain the camera may misstate.
    private func frames(_ levels: [Double], scatter: Double = 0.005) -> Frames {
        var instrument = Frames.instrument()
        instrument.responseScatter = scatter
        var frames = Frames(instrument, seed: 3)
        frames.take(.bias, count: 10)
        frames.take(.dark, count: 5, seconds: 60)
        for level in levels { frames.take(.flat, count: 1, seconds: 2, electrons: level) }
        return frames
    }

    private func build(_ frames: Frames, stated gain: Double?) throws -> MasterBuild<Relative> {
        let masters = try frames.masters(withFlat: false)
        var builder = frames.builder()
        builder.detector.gain = gain
        let group = frames.group(.flat)
        return try builder.flat(
            group, id: "f", bias: masters.bias, dark: masters.dark, rows: frames.rows(group))
    }

    @Test(
        "the gain comes out of flat pairs within its error, also where levels differ and pixels respond unevenly",
        arguments: [
            ([20_000.0, 20_000, 20_000, 20_000], 0.005), ([15_000, 25_000, 18_000, 30_000], 0.005),
            ([20_000, 22_000, 24_000, 26_000], 0.05), ([800, 800, 800, 800, 800], 0.005),
        ])
    func gain(levels: [Double], scatter: Double) throws {
        let build = try build(frames(levels, scatter: scatter), stated: 1.5)
        let found = try #require(build.gain)
        #expect(abs(found.gain - 1.5) < 4 * found.error && found.error < 0.03, "\(found)")
        #expect(found.pairs == 2)
        #expect(build.master.facts.measuredGain == found.gain)
        #expect(!build.master.facts.flags.contains(.gainDisagrees))
    }

    @Test("read noise comes out of two bias frames")
    func readNoise() throws {
        let frames = frames([20_000])
        let found = try #require(
            PhotonTransfer.readNoiseADU(frames.images["bias-0"]!, frames.images["bias-1"]!))
        // 7 e- at 1.5 e-/ADU, and the rounding to whole ADU.
        #expect(abs(found - (7.0 * 7 / 2.25 + 1.0 / 12).squareRoot()) < 0.05)
    }

    @Test(
        "a gain that is 30 % off is flagged in master and light, one that is 10 % off is not", arguments: [1.95, 1.65])
    func disagreement(stated: Double) throws {
        var frames = frames([20_000, 20_000, 20_000, 20_000])
        frames.take(.light, count: 1, seconds: 60, electrons: 4000)
        let flat = try build(frames, stated: stated).master
        #expect(flat.facts.flags.contains(.gainDisagrees) == (stated > 1.8))
        var masters = try frames.masters(withFlat: false)
        let raw = try #require(frames.images[frames.facts.last!.id])
        let detector = DetectorFacts(gain: stated, readNoiseElectrons: 7 * stated / 1.5, saturationADU: 60_000)
        masters.flat = flat
        let light = try LightCalibration(masters: masters, detector: detector).calibrate(raw, exposureSeconds: 60)
        #expect(light.flags.contains(.gainDisagrees) == (stated > 1.8))
        #expect(abs((light.flatGain ?? 0) - 1.5) < 0.03)
        #expect(abs((light.frameGain ?? 0) - 1.5) < 0.08, "\(light.frameGain ?? 0)")
        // The frame's own noise is enough.
        masters.flat?.facts.measuredGain = nil
        let alone = try LightCalibration(masters: masters, detector: detector).calibrate(raw, exposureSeconds: 60)
        #expect(alone.flags.contains(.gainDisagrees) == (stated > 1.8))
    }

    @Test("without pairs, without light or with frames that are not alike there is no gain")
    func nothing() throws {
        #expect(try build(frames([20_000]), stated: 1.5).gain == nil)
        let transfer = PhotonTransfer(readNoiseADU: 5)
        let dark = Image<ADU>(width: 64, height: 64, filledWith: 0)
        #expect(transfer.measure(count: 2) { _ in dark } == nil)
        #expect(transfer.measure(count: 2) { Image(width: 64, height: 64, filledWith: $0 == 0 ? 100 : 1000) } == nil)
        #expect(transfer.measure(count: 2) { Image(width: 64 + $0, height: 64, filledWith: 100) } == nil)
        #expect(transfer.measure(count: 2) { _ in Image(width: 64, height: 64, filledWith: .nan) } == nil)
    }
}
