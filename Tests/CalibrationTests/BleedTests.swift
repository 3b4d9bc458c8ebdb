import Calibration
import Imaging
import Simulation
import Testing

@Suite struct BleedTests {
    /// Sky of 1000 ADU with noise 5; a star that saturates in a disc, with or without a trail of two columns.
    private func frame(trail: Bool, turned: Bool = false) -> Image<ADU> {
        var random = RandomStream(seed: 5)
        var image = Image<ADU>(width: 128, height: 128)
        for i in image.pixels.indices { image.pixels[i] = Float(1000 + 5 * random.gaussian()) }
        func add(_ x: Int, _ y: Int, _ value: Float) {
            let (a, b) = turned ? (y, x) : (x, y)
            image[a, b] = min(image[a, b] + value, 60_000)
        }
        for y in 0..<128 {
            for x in 0..<128 {
                let r = Double((x - 60) * (x - 60) + (y - 64) * (y - 64))
                let profile = 1 + r / 8
                add(x, y, Float(3e6 / profile / profile / profile))
            }
        }
        if trail {
            for y in 30..<100 { for x in 60...61 { add(x, y, 60_000) } }
            // The trail ends below saturation.
            for y in 24..<30 { for x in 60...61 { add(x, y, 3000) } }
        }
        return image
    }

    private func mask(_ raw: Image<ADU>, along: DetectorAxis?) throws -> Mask {
        var calibration = LightCalibration(
            masters: MasterSet(),
            detector: DetectorFacts(gain: 1, readNoiseElectrons: 5, saturationADU: 60_000))
        calibration.bleedingAlong = along
        return try calibration.calibrate(raw, exposureSeconds: 1).frame.mask
    }

    @Test("the trail of a saturated star is marked to its faint end and one pixel beyond, the star's core is not")
    func trail() throws {
        for turned in [false, true] {
            let mask = try mask(frame(trail: true, turned: turned), along: turned ? .rows : .columns)
            func flags(_ x: Int, _ y: Int) -> PixelFlags { turned ? mask[y, x] : mask[x, y] }
            for y in 24..<100 {
                for x in 59...62 { #expect(flags(x, y).isSuperset(of: [.bleed, .saturated]), "\(x) \(y)") }
            }
            for y in 0..<128 {
                for x in [50, 57, 64, 70] { #expect(!flags(x, y).contains(.bleed)) }
            }
            #expect(!flags(60, 15).contains(.bleed) && !flags(60, 110).contains(.bleed))
            #expect(flags(57, 64) == .saturated)
        }
    }

    @Test("a star that saturates without a trail, and a camera that does not bleed, have no bleed pixels")
    func none() throws {
        for (raw, along) in [(frame(trail: false), DetectorAxis.columns), (frame(trail: true), nil)] {
            #expect(try mask(raw, along: along).bits.allSatisfy { $0 & PixelFlags.bleed.rawValue == 0 })
        }
    }

    @Test("a frame that is saturated everywhere, and trails that leave the frame, are no trouble")
    func hard() throws {
        let full = try mask(Image(width: 64, height: 64, filledWith: 65_535), along: .columns)
        #expect(full.bits.allSatisfy { $0 & PixelFlags.saturated.rawValue != 0 })
        var raw = Image<ADU>(width: 64, height: 64, filledWith: 100)
        for y in 0..<64 { raw[0, y] = 65_535 }
        let edge = try mask(raw, along: .columns)
        #expect((0..<64).allSatisfy { edge[0, $0].contains(.bleed) && edge[1, $0].contains(.bleed) })
        #expect(!edge[2, 30].contains(.bleed))
    }
}
