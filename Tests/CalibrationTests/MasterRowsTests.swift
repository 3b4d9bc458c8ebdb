import Imaging
import Simulation
import Synchronization
import Testing

@testable import Calibration

/// Masters whose rows are read when they are wanted, against the same masters in memory.
@Suite("masters by rows")
struct MasterRowsTests {
    /// Wide enough for several bands.
    private let width = 700
    private let height = 230

    private struct Lost: Error, CustomStringConvertible {
        let row: Int
        var description: String { "row \(row) is gone" }
    }

    private func noise<Unit>(_ seed: UInt64, level: Float, scatter: Float, _ unit: Unit.Type) -> Image<Unit> {
        var random = RandomStream(seed: seed, 1)
        return Image(
            width: width, height: height,
            pixels: (0..<width * height).map { _ in level + scatter * Float(random.gaussian()) })
    }

    private func facts(_ kind: FrameKind, seconds: Double = 0, flags: CalibrationFlags = []) -> MasterFacts {
        MasterFacts(
            id: kind.rawValue, kind: kind, mode: DetectorMode(instrument: "cam", width: width, height: height),
            exposureSeconds: seconds, temperatureCelsius: -10, midpointMJD: 60_000, night: "n", count: 9,
            inputIDs: ["a"], biasID: kind == .dark ? "bias" : nil, frameNoise: 3, flags: flags)
    }

    /// With bad pixels, NaN, infinities and a column of zeros in them.
    private func masters() -> MasterSet {
        var set = MasterSet(
            bias: Master(
                facts: facts(.bias), image: noise(1, level: 300, scatter: 5, ADU.self),
                error: noise(2, level: 2, scatter: 0.1, ADU.self)),
            dark: Master(
                facts: facts(.dark, seconds: 60), image: noise(3, level: 12, scatter: 1, ADU.self),
                error: noise(4, level: 1, scatter: 0.1, ADU.self)),
            flat: Master(
                facts: facts(.flat), image: noise(5, level: 1, scatter: 0.05, Relative.self),
                error: noise(6, level: 0.01, scatter: 0.001, Relative.self)))
        for y in stride(from: 0, to: height, by: 7) {
            set.bias?.image[y, y] = .nan
            set.dark?.image[y + 1, y] = 60_000
            set.dark?.error[y + 1, y] = .infinity
            set.flat?.image[350, y] = 0
            set.flat?.mask[y + 2, y] = [.bad, .cold]
        }
        return set
    }

    private func reader<Unit>(_ master: Master<Unit>, lostFrom lost: Int = .max) -> MasterReader {
        { band in
            guard band.rows.upperBound <= lost else { throw Lost(row: band.rows.lowerBound) }
            let start = band.rows.lowerBound * master.image.width
            for i in 0..<band.rows.count * master.image.width {
                band.image?[i] = master.image.pixels[start + i]
                band.error?[i] = master.error.pixels[start + i]
                band.bits?[i] = master.mask.bits[start + i]
            }
        }
    }

    private func rows<Unit>(_ master: Master<Unit>?) throws -> MasterPlanes<Unit>? {
        try master.map { try MasterPlanes(facts: $0.facts, width: width, height: height, read: reader($0)) }
    }

    private func raw() -> Image<ADU> {
        var raw = noise(9, level: 1500, scatter: 30, ADU.self)
        for y in 0..<height { raw[3 * y, y] = y % 2 == 0 ? .nan : 65_535 }
        return raw
    }

    private func bits(_ light: CalibratedLight) -> [UInt32] {
        light.frame.signal.pixels.map(\.bitPattern) + light.frame.variance.pixels.map(\.bitPattern)
            + light.frame.mask.bits.map(UInt32.init)
    }

    @Test("give the bits of masters in memory, with any number of threads and whatever is known of the detector")
    func alike() throws {
        let whole = masters()
        let banded = LightMasters(bias: try rows(whole.bias), dark: try rows(whole.dark), flat: try rows(whole.flat))
        var frame = PreparedFrame(untouched: raw())
        frame.variance = Image(width: width, height: height, filledWith: 2)
        let known = DetectorFacts(gain: 2, readNoiseElectrons: 5, saturationADU: 60_000)
        let unknown = DetectorFacts(gain: nil, readNoiseElectrons: nil, saturationADU: nil)
        for (detector, threads) in [(known, 1), (known, 3), (unknown, 2)] {
            let expected = try LightCalibration(masters: whole, detector: detector)
                .calibrate(frame, exposureSeconds: 30)
            var calibration = LightCalibration(masters: banded, detector: detector)
            calibration.threads = threads
            let light = try calibration.calibrate(frame, exposureSeconds: 30)
            #expect(bits(light) == bits(expected))
            #expect(light.flags == expected.flags && light.noiseRatio == expected.noiseRatio)
            #expect(light.blockNoiseRatio == expected.blockNoiseRatio && light.frameGain == expected.frameGain)
        }
        // Each by itself, others missing or in memory.
        for part in 0..<3 {
            var mixed = LightMasters(whole)
            if part == 0 { mixed.bias = banded.bias } else { mixed.bias = nil }
            if part == 1 { mixed.dark = banded.dark }
            if part == 2 { (mixed.dark, mixed.flat) = (nil, banded.flat) }
            var same = whole
            if part != 0 { same.bias = nil }
            if part == 2 { same.dark = nil }
            let expected = try LightCalibration(masters: same, detector: known).calibrate(frame, exposureSeconds: 60)
            let light = try LightCalibration(masters: mixed, detector: known).calibrate(frame, exposureSeconds: 60)
            #expect(bits(light) == bits(expected) && light.flags == expected.flags)
        }
    }

    @Test("of images that others combined have the error, the bad pixels and the level of the same in memory")
    func external() throws {
        var dark = noise(3, level: 12, scatter: 1, ADU.self)
        (dark[5, 5], dark[6, 229], dark[0, 0]) = (5000, .nan, -5000)
        var flat = noise(5, level: 21_000, scatter: 300, Relative.self)
        (flat[5, 5], flat[699, 229], flat[8, 100]) = (100, .nan, 60_000)
        try requireAlike(dark, facts(.dark, seconds: 60))
        try requireAlike(noise(1, level: 300, scatter: 5, ADU.self), facts(.bias))
        try requireAlike(Image<ADU>(width: width, height: height, filledWith: 300), facts(.bias))
        var unknown = facts(.flat)
        (unknown.frameNoise, unknown.count) = (0, 4)
        try requireAlike(flat, unknown)
        let whole = Master(external: unknown, image: flat).normalisedToMean()
        let rows = try external(flat, unknown).normalisedToMean()
        try requireAlike(rows.inMemory(), whole)
        let negative = noise(5, level: -3, scatter: 0.1, Relative.self)
        try requireAlike(
            external(negative, unknown).normalisedToMean().inMemory(),
            Master(external: unknown, image: negative).normalisedToMean())
    }

    private func external<Unit>(_ image: Image<Unit>, _ facts: MasterFacts) -> MasterPlanes<Unit> {
        MasterPlanes(external: facts, image: image) { rows, target in
            for i in 0..<rows.count * image.width { target[i] = image.pixels[rows.lowerBound * image.width + i] }
        }
    }

    private func requireAlike<Unit>(_ image: Image<Unit>, _ facts: MasterFacts) throws {
        let (rows, whole) = (external(image, facts), Master(external: facts, image: image))
        try requireAlike(rows.inMemory(), whole)
        #expect(rows.level == MasterPlanes(whole).level || facts.kind != .dark)
        #expect(try rows.hasUsablePixel() == whole.hasUsablePixel)
        #expect(try rows.image().pixels.map(\.bitPattern) == image.pixels.map(\.bitPattern))
    }

    private func requireAlike<Unit>(_ found: Master<Unit>, _ expected: Master<Unit>) throws {
        #expect(found.facts == expected.facts && found.mask == expected.mask && found.error == expected.error)
        #expect(found.image.pixels.map(\.bitPattern) == expected.image.pixels.map(\.bitPattern))
    }

    @Test("without a usable pixel are known by it")
    func unusable() throws {
        let facts = facts(.bias)
        let nothing = Image<ADU>(width: width, height: height, filledWith: .nan)
        var planes = Master(facts: facts, image: nothing, error: nothing)
        #expect(try rows(planes)?.hasUsablePixel() == false)
        planes.image[699, 229] = 3
        planes.mask[699, 229] = []
        #expect(try rows(planes)?.hasUsablePixel() == true)
        planes.mask[699, 229] = .bad
        #expect(try rows(planes)?.hasUsablePixel() == planes.hasUsablePixel)
    }

    @Test("of another shape are refused as those in memory are, before a row is read")
    func shape() throws {
        let other = Image<ADU>(width: width, height: height + 1, filledWith: 3)
        let bias = Master(facts: facts(.bias), image: other, error: other)
        let planes = try MasterPlanes<ADU>(facts: bias.facts, width: width, height: height + 1) { _ in
            throw Lost(row: 0)
        }
        let detector = DetectorFacts(gain: 2, readNoiseElectrons: 5, saturationADU: nil)
        let calibrations = [
            LightCalibration(masters: MasterSet(bias: bias), detector: detector),
            LightCalibration(masters: LightMasters(bias: planes), detector: detector),
        ]
        let errors = calibrations.map { calibration in
            #expect(throws: CalibrationError.self) { _ = try calibration.calibrate(raw(), exposureSeconds: 1) }
        }
        #expect(errors[0] == errors[1])
    }

    @Test("that cannot be read any more end in an error with the master's name and the topmost reason")
    func lost() throws {
        let whole = masters()
        let flat = try #require(whole.flat)
        let detector = DetectorFacts(gain: 2, readNoiseElectrons: 5, saturationADU: nil)
        for threads in [1, 4] {
            let planes = try MasterPlanes<Relative>(
                facts: flat.facts, width: width, height: height, read: reader(flat, lostFrom: 0))
            var calibration = LightCalibration(masters: LightMasters(flat: planes), detector: detector)
            calibration.threads = threads
            #expect(throws: CalibrationError.masterNotReadable(master: "flat", reason: "row 0 is gone")) {
                _ = try calibration.calibrate(raw(), exposureSeconds: 1)
            }
        }
        let dark = try #require(whole.dark)
        #expect(throws: Lost.self) {
            _ = try MasterPlanes<ADU>(
                facts: dark.facts, width: width, height: height, read: reader(dark, lostFrom: 150))
        }
    }
}
