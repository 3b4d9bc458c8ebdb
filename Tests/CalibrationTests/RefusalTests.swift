import Calibration
import Imaging
import Simulation
import Testing

@Suite struct RefusalTests {
    @Test("frames that cannot be used are left out, each with its reason, and the rest makes the master")
    func refusals() throws {
        var frames = Frames(Frames.instrument(width: 64, height: 64))
        frames.take(.bias, count: 5)
        frames.take(.dark, count: 3, seconds: 60)
        frames.take(.flat, count: 2, seconds: 2, electrons: 30_000)
        frames.take(.flat, count: 1, seconds: 2, electrons: 200_000)
        frames.take(.flat, count: 1, seconds: 2, electrons: 20)
        frames.add(.flat, seconds: 2, image: Image(width: 64, height: 64, filledWith: .nan))
        frames.add(.flat, seconds: 2, image: Image(width: 64, height: 64, filledWith: 1234))
        frames.add(.flat, seconds: 2, image: Image(width: 32, height: 32, filledWith: 1))
        let group = frames.group(.flat)
        let masters = try frames.masters(withFlat: false)
        let build = try frames.builder().flat(
            group, id: "f", bias: masters.bias, dark: masters.dark
        ) { index, range in
            let image = frames.images[group.frames[index].id]!
            if image.width == 32 { return image.pixels }
            return Array(image.pixels[(range.lowerBound * 64)..<(range.upperBound * 64)])
        }
        #expect(build.master.facts.count == 2)
        #expect(build.master.facts.inputIDs == ["flat-8", "flat-9"])
        #expect(
            build.refused.map(\.refusal.code) == [
                "calibration.saturated", "calibration.tooFaint", "calibration.notANumber", "calibration.noVariance",
                "calibration.wrongShape",
            ])
        #expect(build.refused[3].refusal.description == "every pixel is 1234.0 ADU")
        #expect(build.refused[4].refusal == .wrongShape(expectedPixels: 4096, foundPixels: 1024))
    }

    @Test("a group without any usable frame names every frame and its fault")
    func nothingLeft() throws {
        var frames = Frames(Frames.instrument(width: 64, height: 64))
        frames.add(.bias, seconds: 0, image: Image(width: 64, height: 64, filledWith: 7))
        let group = frames.group(.bias)
        let error = try #require(throws: CalibrationError.self) {
            try frames.builder().bias(group, id: "b", rows: frames.rows(group))
        }
        #expect(error.description.contains("bias-0: every pixel is 7.0 ADU"))
    }

    @Test("a master without a single usable pixel is refused, with its frames and the reason")
    func nothingUsable() throws {
        var frames = Frames(Frames.instrument(width: 64, height: 64))
        frames.take(.bias, count: 3)
        frames.take(.dark, count: 3, seconds: 60)
        var bias = try #require(frames.masters(withDark: false, withFlat: false).bias)
        bias.image = Image(width: 64, height: 64, filledWith: .nan)
        let group = frames.group(.dark)
        let error = try #require(throws: CalibrationError.self) {
            try frames.builder().dark(group, id: "d", bias: bias, rows: frames.rows(group))
        }
        guard case .noUsableFrame(_, let refused) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(refused.map(\.id) == group.frames.map(\.id))
        #expect(refused.allSatisfy { $0.refusal.code == "calibration.noUsablePixel" })
    }

    @Test("a clipped flat is found even where nobody knows the saturation level")
    func unknownSaturation() throws {
        var frames = Frames(Frames.instrument(width: 64, height: 64))
        frames.take(.flat, count: 1, electrons: 89_000)
        frames.change("flat-0") { image in
            for i in image.pixels.indices { image.pixels[i] = min(image.pixels[i], 55_000) }
        }
        let group = frames.group(.flat)
        let builder = MasterBuilder(
            detector: DetectorFacts(gain: nil, readNoiseElectrons: nil, saturationADU: nil))
        let error = try #require(throws: CalibrationError.self) {
            try builder.flat(group, id: "f", bias: nil, dark: nil, rows: frames.rows(group))
        }
        guard case .noUsableFrame(_, let refused) = error, case .saturated = refused[0].refusal else {
            Issue.record("not refused as saturated: \(error)")
            return
        }
    }

    @Test("masters of another shape and darks of another exposure time are named")
    func misfits() throws {
        var frames = Frames(Frames.instrument(width: 64, height: 64))
        frames.take(.dark, count: 3, seconds: 60)
        let dark = try #require(try frames.masters(withBias: false, withFlat: false).dark)
        let calibration = LightCalibration(masters: MasterSet(dark: dark), detector: frames.detectorFacts)
        let raw = Image<ADU>(width: 64, height: 64, filledWith: 1000)
        #expect(throws: CalibrationError.darkNotScalable(master: "dark", darkSeconds: 60, exposureSeconds: 30)) {
            try calibration.calibrate(raw, exposureSeconds: 30)
        }
        #expect(throws: CalibrationError.shapeMismatch(master: "dark", expected: "64 x 60", found: "64 x 64")) {
            try calibration.calibrate(Image<ADU>(width: 64, height: 60), exposureSeconds: 60)
        }
    }

    @Test("a row provider that returns too little is the provider's fault and says which rows")
    func shortRows() throws {
        var frames = Frames(Frames.instrument(width: 64, height: 64))
        frames.take(.bias, count: 2)
        let group = frames.group(.bias)
        let error = try #require(throws: StackError.self) {
            try frames.builder().bias(group, id: "b") { index, range in
                let all = try frames.rows(group)(index, range)
                return range.count == 64 ? all : Array(all.dropLast())
            }
        }
        #expect(error.description.contains("frame 0 of the stack"))
    }
}
