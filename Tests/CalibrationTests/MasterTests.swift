import Calibration
import Imaging
import Simulation
import Testing

@Suite struct MasterTests {
    @Test(
        "the error of a master bias is honest: its pull against the true pattern has width 1",
        arguments: [1, 2, 3, 5, 10, 50])
    func biasPull(count: Int) throws {
        var frames = Frames(Frames.instrument(width: 128, height: 128))
        frames.take(.bias, count: count)
        let group = frames.group(.bias)
        for method in [CombineMethod.clippedMean(sigma: 4), .median] {
            let master = try frames.builder(method).bias(group, id: "b", rows: frames.rows(group)).master
            let pulls = master.image.pixels.indices.map { i in
                Double(master.image.pixels[i] - frames.detector.bias.pixels[i]) / Double(master.error.pixels[i])
            }
            let found = moments(pulls)
            #expect(abs(found.mean) < 0.04)
            #expect((0.9...1.12).contains(found.deviation), "\(count) frames, \(method): \(found.deviation)")
            #expect(master.facts.flags.contains(.singleFrame) == (count == 1))
            // Neighbours of a single frame differ by the column pattern too: the noise comes out a little high.
            #expect(abs(master.facts.frameNoise - 4.676) < (count == 1 ? 0.3 : 0.1))
            #expect(master.mask.bits.allSatisfy { $0 == 0 })
        }
    }

    @Test("cosmic rays do not get into a master, from two frames on", arguments: [2, 3, 5, 9])
    func cosmicRays(count: Int) throws {
        var frames = Frames(Frames.instrument())
        frames.take(.bias, count: 5)
        frames.take(.dark, count: count, seconds: 60)
        for (index, id) in frames.group(.dark).frames.map(\.id).enumerated() {
            frames.change(id) { $0[20 + index, 40] = 9000 }
        }
        let bias = try frames.masters(withDark: false, withFlat: false).bias
        let group = frames.group(.dark)
        for method in [CombineMethod.clippedMean(sigma: 4), .median] {
            let dark = try frames.builder(method).dark(group, id: "d", bias: bias, rows: frames.rows(group)).master
            for index in 0..<count where frames.detector.darkCurrent[20 + index, 40] < 1 {
                #expect(abs(dark.image[20 + index, 40]) < 25)
            }
        }
    }

    @Test("the same frames give the same bits in any order and with any size of band")
    func deterministic() throws {
        var frames = Frames(Frames.instrument(width: 90, height: 71))
        frames.take(.bias, count: 7)
        let group = MasterGroup.groups(of: frames.facts)[0]
        let other = MasterGroup.groups(of: frames.facts.reversed() + [frames.facts[3]])[0]
        #expect(group == other)
        let one = try frames.builder().bias(group, id: "b", rows: frames.rows(group)).master
        for bytes in [1, 5000, 90 * 4 * 7 * 13] {
            let banded = try frames.builder(bandBytes: bytes).bias(other, id: "b", rows: frames.rows(other)).master
            #expect(banded == one)
        }
    }

    @Test("a dark is the dark current alone with a bias, and keeps the bias without, and says so")
    func darks() throws {
        var frames = Frames(Frames.instrument())
        frames.take(.bias, count: 20)
        frames.take(.dark, count: 10, seconds: 300)
        let with = try #require(try frames.masters(withFlat: false).dark)
        let without = try #require(try frames.masters(withBias: false, withFlat: false).dark)
        #expect(with.facts.biasID == "bias" && !with.facts.flags.contains(.containsBias))
        #expect(without.facts.biasID == nil && without.facts.flags.contains(.containsBias))
        var excess: [Double] = []
        for i in with.image.pixels.indices where frames.detector.darkCurrent.pixels[i] < 1 {
            excess.append(Double(with.image.pixels[i]) - Double(frames.detector.darkCurrent.pixels[i]) * 300 / 1.5)
            #expect(abs(without.image.pixels[i] - with.image.pixels[i] - frames.detector.bias.pixels[i]) < 8)
        }
        #expect(abs(moments(excess).mean) < 0.1)
    }

    @Test("hot pixels of a dark and dead pixels of a flat are marked, and few others")
    func badPixels() throws {
        var instrument = Frames.instrument()
        instrument.hotPixelElectronsPerSecond = 100
        var frames = Frames(instrument)
        frames.take(.bias, count: 10)
        frames.take(.dark, count: 5, seconds: 60)
        frames.take(.flat, count: 5, seconds: 2, electrons: 30_000)
        for id in frames.group(.flat).frames.map(\.id) {
            frames.change(id) {
                $0[99, 33] = 5000
                $0[98, 33] = 1500
            }
        }
        let masters = try frames.masters()
        let dark = try #require(masters.dark)
        for y in 0..<256 {
            for x in 0..<256 {
                let rate = frames.detector.darkCurrent[x, y]
                if rate > 7 { #expect(dark.mask[x, y] == [.bad, .hot]) }
                if rate < 5 { #expect(dark.mask[x, y] == []) }
            }
        }
        let flat = try #require(masters.flat)
        #expect(flat.mask[99, 33] == [.bad, .cold] && flat.mask[98, 33] == [.bad, .dead])
        #expect(flat.mask.bits.reduce(0) { $0 + ($1 == 0 ? 0 : 1) } == 2)
    }

    @Test("flats of very different brightness weigh the same and give the true response with an honest error")
    func flats() throws {
        var frames = Frames(Frames.instrument())
        frames.take(.bias, count: 20)
        frames.take(.dark, count: 5, seconds: 60)
        for electrons in [10_000.0, 20_000, 40_000, 60_000, 15_000] {
            frames.take(.flat, count: 1, seconds: 2, electrons: electrons)
        }
        let flat = try #require(try frames.masters().flat)
        let sorted = flat.image.pixels.sorted()
        #expect(abs(sorted[sorted.count / 2] - 1) < 1e-5)
        let pulls = flat.image.pixels.indices.map { i in
            Double(flat.image.pixels[i] - frames.detector.flat.pixels[i]) / Double(flat.error.pixels[i])
        }
        #expect((0.85...1.15).contains(moments(pulls).deviation))
        let errors = flat.image.pixels.indices.map { Double(flat.image.pixels[$0] - frames.detector.flat.pixels[$0]) }
        #expect(moments(errors).deviation < 0.006)
        #expect(flat.facts.flags == .darkScaled && flat.facts.biasID == "bias" && flat.facts.darkID == "dark")
    }

    @Test("a pixel that is no number in some frames comes from the others, and in all frames is marked")
    func notANumber() throws {
        var frames = Frames(Frames.instrument(width: 64, height: 64))
        frames.take(.bias, count: 3)
        let ids = frames.facts.map(\.id)
        frames.change(ids[0]) { $0[3, 4] = .nan }
        for id in ids { frames.change(id) { $0[5, 6] = .infinity } }
        let master = try #require(try frames.masters(withDark: false, withFlat: false).bias)
        #expect(abs(master.image[3, 4] - frames.detector.bias[3, 4]) < 20)
        #expect(master.error[3, 4] > master.error[2, 4])
        #expect(master.image[5, 6].isNaN && master.mask[5, 6].contains(.bad))
        #expect(master.error[5, 6] == .infinity)
    }

    @Test("a master made elsewhere is used as it is, and a flat can be brought to median 1")
    func external() throws {
        var frames = Frames(Frames.instrument(width: 64, height: 64))
        frames.take(.flat, count: 1, electrons: 30_000)
        let raw = try #require(frames.images["flat-0"])
        let facts = MasterFacts(
            id: "elsewhere", kind: .flat, mode: frames.mode, exposureSeconds: 2, temperatureCelsius: nil,
            midpointMJD: 0,
            night: "n", count: 1, inputIDs: [], frameNoise: 0)
        let flat = Master<Relative>(
            external: facts, image: Image(width: 64, height: 64, pixels: raw.pixels))
        #expect(flat.facts.flags == .externalMaster && flat.image.pixels == raw.pixels)
        // Photon noise of 30,000 e- at 1.5 e-/ADU is 115 ADU; the response scatters by 0.5 % = 100 ADU.
        #expect((100.0...180).contains(flat.facts.frameNoise))
        let sorted = flat.normalisedToMedian().image.pixels.sorted()
        #expect(abs((sorted[2047] + sorted[2048]) / 2 - 1) < 1e-6)
    }
}
