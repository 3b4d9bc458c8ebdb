import Calibration
import Foundation
import Imaging
import Simulation
import Testing

/// A frame of two amplifiers side by side with their overscans between them: data 0..<100 | overscan 100..<116 |
/// overscan 116..<132 | data 132..<232; 80 rows.
private let twoAmplifiers = [
    OverscanRegion(
        bias: FrameSection(x0: 100, x1: 116, y0: 0, y1: 80), data: FrameSection(x0: 0, x1: 100, y0: 0, y1: 80)),
    OverscanRegion(
        bias: FrameSection(x0: 116, x1: 132, y0: 0, y1: 80), data: FrameSection(x0: 132, x1: 232, y0: 0, y1: 80)),
]

private func corrections(_ fit: OverscanFit = .median, order: Int = 0) -> DetectorCorrections {
    var corrections = DetectorCorrections()
    corrections.overscan = OverscanCorrection(regions: twoAmplifiers, fit: fit, order: order)
    return corrections
}

/// The zero level of an amplifier in a row: a drift that a cubic describes.
private func level(_ amplifier: Int, _ y: Int) -> Double {
    let t = Double(y) / 79
    return (amplifier == 0 ? 1000 : 1300) + 30 * t - 20 * t * t * t
}

private func frame(noise: Double, jitter: Double = 0, seed: UInt64 = 1) -> Image<ADU> {
    var random = RandomStream(seed: seed)
    var image = Image<ADU>(width: 232, height: 80)
    for y in 0..<80 {
        let rowJitter = [jitter * random.gaussian(), jitter * random.gaussian()]
        for x in 0..<232 {
            let amplifier = x < 116 ? 0 : 1
            let isData = x < 100 || x >= 132
            let light = isData ? 500.0 + (x < 100 ? Double(x) : Double(x - 32)) : 0
            image[x, y] = Float(level(amplifier, y) + rowJitter[amplifier] + light + noise * random.gaussian())
        }
    }
    return image
}

/// Whether a pixel of the trimmed frame has its light alone.
private func isLight(_ value: Float, _ index: Int) -> Bool { abs(value - Float(500 + index % 200)) < 0.01 }

@Suite struct OverscanTests {
    @Test("the levels of two amplifiers are removed exactly, and their data meet without a gap")
    func algebra() throws {
        for (fit, order) in [(OverscanFit.median, 0), (.legendre, 3)] {
            let prepared = try corrections(fit, order: order).prepare(
                frame(noise: 0), kind: .light, saturationADU: nil)
            #expect(prepared.pixels.width == 200 && prepared.pixels.height == 80)
            #expect(corrections().preparedSize(width: 232, height: 80) == (200, 80))
            #expect(prepared.pixels.pixels.indices.allSatisfy { isLight(prepared.pixels.pixels[$0], $0) })
            #expect(prepared.flags == .overscanUsed)
        }
    }

    @Test(
        "the variance that is added is the scatter of the level: its pull has width 1",
        arguments: [(OverscanFit.median, 0), (.legendre, 3)])
    func pull(fit: OverscanFit, order: Int) throws {
        var pulls: [Double] = []
        for seed in 1...40 {
            let raw = frame(noise: 8, seed: UInt64(seed))
            let prepared = try corrections(fit, order: order).prepare(raw, kind: .light, saturationADU: nil)
            let variance = try #require(prepared.variance)
            for y in 0..<80 {
                let removed = Double(raw[0, y] - prepared.pixels[0, y])
                pulls.append((removed - level(0, y)) / Double(variance[0, y]).squareRoot())
            }
        }
        let found = moments(pulls)
        #expect(abs(found.mean) < 0.1)
        #expect((0.87...1.13).contains(found.deviation), "\(found)")
    }

    @Test("a level that jumps from row to row is followed by the median, and a cosmic ray in the overscan is not")
    func jumps() throws {
        var raw = frame(noise: 0, jitter: 20)
        let clean = try corrections().prepare(raw, kind: .light, saturationADU: nil)
        #expect(clean.pixels.pixels.indices.allSatisfy { isLight(clean.pixels.pixels[$0], $0) })
        for x in 101..<105 { raw[x, 40] = 50_000 }
        raw[110, 41] = .nan
        let hit = try corrections().prepare(raw, kind: .light, saturationADU: nil)
        #expect(hit.pixels == clean.pixels)
        // One row 400 ADU off does not bend the polynomial.
        var step = frame(noise: 1)
        for x in 100..<116 { step[x, 40] += 400 }
        let fitted = try corrections(.legendre, order: 3).prepare(step, kind: .light, saturationADU: nil)
        #expect(abs(fitted.pixels[10, 40] - 510) < 5)
    }

    @Test("an overscan of rows gives a level for each column, and rows without overscan get the typical level")
    func columns() throws {
        var corrections = DetectorCorrections()
        let data = FrameSection(x0: 0, x1: 40, y0: 0, y1: 50)
        corrections.overscan = OverscanCorrection(
            regions: [OverscanRegion(bias: FrameSection(x0: 0, x1: 40, y0: 50, y1: 60), data: data)],
            along: .columns)
        var raw = Image<ADU>(width: 40, height: 60)
        for y in 0..<60 {
            for x in 0..<40 { raw[x, y] = Float(1000 + x * x + (y < 50 ? 7 : 0)) }
        }
        let prepared = try corrections.prepare(raw, kind: .bias, saturationADU: nil)
        #expect(prepared.pixels.pixels == [Float](repeating: 7, count: 2000))
        corrections.overscan?.along = .rows
        corrections.overscan?.regions[0].bias = FrameSection(x0: 30, x1: 40, y0: 0, y1: 20)
        corrections.overscan?.regions[0].data = FrameSection(x0: 0, x1: 30, y0: 0, y1: 50)
        let constant = Image<ADU>(width: 40, height: 60, filledWith: 900)
        let short = try corrections.prepare(constant, kind: .bias, saturationADU: nil)
        #expect(short.pixels.pixels.allSatisfy { $0 == 0 } && short.pixels.height == 50)
    }

    @Test("saturation is judged by raw counts, also where the overscan has been subtracted since")
    func saturation() throws {
        var raw = frame(noise: 0)
        raw[3, 4] = 60_000
        raw[5, 4] = 59_999
        let prepared = try corrections().prepare(raw, kind: .light, saturationADU: 60_000)
        #expect(prepared.mask?[3, 4] == .saturated && prepared.mask?[5, 4] == [])
        let light = try LightCalibration(
            masters: MasterSet(),
            detector: DetectorFacts(gain: 1, readNoiseElectrons: 5, saturationADU: 60_000)
        ).calibrate(prepared, exposureSeconds: 1)
        #expect(light.frame.mask[3, 4].contains(.saturated) && !light.frame.mask[5, 4].contains(.saturated))
        #expect(light.flags.contains(.overscanUsed))
        #expect(prepared.forMaster(saturationADU: 60_000)[3, 4] == 60_000)
    }

    @Test("the added variance reaches the light as gain^2 / flat^2 times it")
    func variance() throws {
        let raw = frame(noise: 5)
        let prepared = try corrections().prepare(raw, kind: .light, saturationADU: nil)
        var untouched = PreparedFrame(untouched: prepared.pixels)
        untouched.mask = prepared.mask
        let mode = DetectorMode(instrument: "cam", width: 200, height: 80)
        let facts = MasterFacts(
            id: "f", kind: .flat, mode: mode, exposureSeconds: 1, temperatureCelsius: nil, midpointMJD: 0, night: "n",
            count: 4, inputIDs: [], frameNoise: 0)
        let flat = Master<Relative>(
            facts: facts, image: Image(width: 200, height: 80, filledWith: 0.5),
            error: Image(width: 200, height: 80, filledWith: 0))
        let calibration = LightCalibration(
            masters: MasterSet(flat: flat),
            detector: DetectorFacts(gain: 2, readNoiseElectrons: 500, saturationADU: nil))
        let with = try calibration.calibrate(prepared, exposureSeconds: 1).frame.variance
        let without = try calibration.calibrate(untouched, exposureSeconds: 1).frame.variance
        let added = try #require(prepared.variance)
        #expect(abs((with[50, 50] - without[50, 50]) / (16 * added[50, 50]) - 1) < 0.05)
    }

    @Test("sections that do not lie in the frame are an error that names them")
    func outside() {
        let error = #expect(throws: CalibrationError.self) {
            _ = try corrections().prepare(
                Image<ADU>(width: 100, height: 80), kind: .light, saturationADU: nil)
        }
        #expect(error?.description.contains("[101:116,1:80]") == true)
    }

    @Test(
        "sections are read as IRAF writes them, and nothing else",
        arguments: [
            ("[1:32,1:1024]", FrameSection(x0: 0, x1: 32, y0: 0, y1: 1024)),
            (" [ 33 : 40 , 5:5 ] ", FrameSection(x0: 32, x1: 40, y0: 4, y1: 5)),
            ("[50:1,9:1]", FrameSection(x0: 0, x1: 50, y0: 0, y1: 9)),
        ])
    func sections(text: String, section: FrameSection) {
        #expect(FrameSection(fits: text) == section)
        for bad in ["", "[]", "1:2,3:4", "[1:2]", "[0:5,1:2]", "[1:2,3:4,5:6]", "[a:b,1:2]", "[1:99999999999,1:2]"] {
            #expect(FrameSection(fits: bad) == nil)
        }
    }

    @Test("overscan-corrected masters and lights agree, and an over-exposed flat is refused by its raw counts")
    func masters() throws {
        let mode = DetectorMode(instrument: "cam", width: 200, height: 80)
        let biases = (0..<5).map {
            CalibrationFrameFacts(
                id: "b\($0)", kind: .bias, mode: mode, exposureSeconds: 0, midpointMJD: Double($0), night: "n")
        }
        let builder = MasterBuilder(
            detector: DetectorFacts(gain: 1, readNoiseElectrons: 8, saturationADU: 2100))
        let group = MasterGroup.groups(of: biases)[0]
        let build = try builder.bias(group, id: "b") { index, rows in
            var raw = frame(noise: 8, seed: UInt64(index + 1))
            if index == 2 { for i in raw.pixels.indices { raw.pixels[i] += 1000 } }
            let image = try corrections().prepare(raw, kind: .bias, saturationADU: 2100).forMaster(
                saturationADU: 2100)
            return Array(image.pixels[rows.lowerBound * 200..<rows.upperBound * 200])
        }
        #expect(build.refused.map(\.id) == ["b2"])
        #expect(build.refused.first?.refusal.code == "calibration.saturated")
    }

    @Test("world coordinates move with the columns that are taken away before them, and only those")
    func reference() {
        func moved(_ pixel: Double) -> Double? {
            var header = Header()
            header.append("CRPIX1", .real(pixel))
            header.append("CRPIX2", .real(40.5))
            header.append("BIASSEC", .string("[101:116,1:80]"))
            let trimmed = corrections().trimmed(header)
            #expect(trimmed.number("CRPIX2") == 40.5 && trimmed.text("BIASSEC") == "[101:116,1:80]")
            return trimmed.number("CRPIX1")
        }
        // 32 columns of overscan lie before column 133 of the file.
        #expect(moved(50.25) == 50.25 && moved(150.25) == 118.25 && moved(-20) == -20 && moved(500) == 468)
        #expect(DetectorCorrections().trimmed(Header()) == Header())
    }

    @Test("what a master knows of gain and document comes back from its header")
    func cards() {
        var facts = MasterFacts(
            id: "f", kind: .flat, mode: DetectorMode(instrument: "cam", width: 8, height: 8), filter: "V",
            exposureSeconds: 2, temperatureCelsius: nil, midpointMJD: 60_000, night: "n", count: 4, inputIDs: ["a"],
            frameNoise: 0.01, flags: [.gainDisagrees, .comparedWithPrevious])
        facts.measuredGain = 1.52
        facts.measuredGainError = 0.01
        facts.instrumentRevision = 7
        #expect(MasterFacts(header: facts.cards(names: [:]), width: 8, height: 8) == facts)
    }
}
