import Calibration
import Foundation
import Imaging
import Simulation
import Testing

private let size = 256
private let mode = DetectorMode(instrument: "cam", width: size, height: size)

/// A fringe of 3 % of the sky with a period of about 30 px.
private func fringe(_ x: Int, _ y: Int) -> Double {
    0.03 * sin(Double(x) / 5 + 3 * sin(Double(y) / 40)) * cos(Double(y) / 9)
}

/// Lights of a dithered field: sky with a gradient, fringe of the given strength, stars at places of their own.
private func light(_ index: Int, sky: Double = 5000, strength: Double = 1, stars: Int = 60) -> CalibratedFrame {
    var random = RandomStream(seed: 40, UInt64(index))
    var signal = Image<Electron>(width: size, height: size)
    for y in 0..<size {
        for x in 0..<size {
            let smooth = sky * (1 + 0.0003 * Double(x))
            signal[x, y] = Float(smooth + sky * strength * fringe(x, y) + sky.squareRoot() * random.gaussian())
        }
    }
    for _ in 0..<stars {
        let (x, y) = (random.uniform() * Double(size), random.uniform() * Double(size))
        let flux = 2e4 * pow(random.uniform(), -0.7)
        for j in max(Int(y) - 12, 0)..<min(Int(y) + 12, size) {
            for i in max(Int(x) - 12, 0)..<min(Int(x) + 12, size) {
                let r = (Double(i) - x) * (Double(i) - x) + (Double(j) - y) * (Double(j) - y)
                signal[i, j] += Float(flux / 15 * exp(-r / 5))
            }
        }
    }
    return CalibratedFrame(
        signal: signal, variance: Image(width: size, height: size, filledWith: Float(sky)),
        mask: Mask(width: size, height: size))
}

private func group(_ count: Int) -> MasterGroup {
    let frames = (0..<count).map {
        CalibrationFrameFacts(
            id: "l\($0)", kind: .light, mode: mode, filter: "I", exposureSeconds: 60, midpointMJD: Double($0),
            night: "n")
    }
    return MasterGroup(kind: .light, mode: mode, night: "n", filter: "I", frames: frames)
}

@Suite struct FringeTests {
    @Test("twelve dithered lights give the fringe without their stars, with an honest error, in bands or at once")
    func master() throws {
        let lights = (0..<12).map { light($0) }
        let found = try FringeBuilder().fringe(group(12), id: "f") { lights[$0] }
        var pulls: [Double] = []
        var truths: [Double] = []
        for y in 0..<size {
            for x in 0..<size where found.image[x, y].isFinite {
                pulls.append((Double(found.image[x, y]) - fringe(x, y)) / Double(found.error[x, y]))
                truths.append(Double(found.image[x, y]) - fringe(x, y))
            }
        }
        #expect(pulls.count > size * size * 99 / 100)
        #expect((0.85...1.25).contains(moments(pulls).deviation), "\(moments(pulls))")
        #expect(moments(truths).deviation < 0.007)
        #expect(found.facts.kind == .fringe && found.facts.filter == "I" && found.facts.count == 12)
        var banded = FringeBuilder()
        banded.bandBytes = 4 * size * 12 * 50
        let again = try banded.fringe(group(12), id: "f") { lights[$0] }
        #expect(zip(again.image.pixels, found.image.pixels).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) })
    }

    @Test("the strength in a light of another sky is found within its error, stars or not", arguments: [0.5, 1, 2])
    func scale(strength: Double) throws {
        let lights = (0..<12).map { light($0) }
        let master = FringeMaster(try FringeBuilder().fringe(group(12), id: "f") { lights[$0] })
        #expect(master.pairCount >= 10)
        let frame = light(99, sky: 3000, strength: strength, stars: 100)
        let found = try #require(master.scale(in: frame))
        #expect(abs(found.scale - 3000 * strength) < 4 * found.error + 60 * strength, "\(found)")
        #expect(found.error < 300)
        var masters = MasterSet()
        masters.fringe = master
        let result = try subtracted(frame, masters)
        let left = residual(result.frame, sky: 3000)
        let before = residual(frame, sky: 3000)
        #expect(left < 0.25 * before, "\(before) to \(left)")
        #expect(result.flags.contains(.fringeSubtracted))
        #expect(result.frame.variance[40, 40] > 3000)
    }

    @Test("the strength is right in the mean over many noisy masters: no place is measured by the pixels that chose it")
    func unbiased() throws {
        var sky = light(0, stars: 0)
        for y in 0..<size {
            for x in 0..<size { sky.signal[x, y] = Float(4000 * (1 + fringe(x, y))) }
        }
        let scales = try (0..<12).map { index in
            var random = RandomStream(seed: 41, UInt64(index))
            var image = Image<Relative>(width: size, height: size)
            for y in 0..<size {
                for x in 0..<size { image[x, y] = Float(fringe(x, y) + 0.006 * random.gaussian()) }
            }
            let facts = MasterFacts(
                id: "f", kind: .fringe, mode: mode, filter: "I", exposureSeconds: 60, temperatureCelsius: nil,
                midpointMJD: 0, night: "n", count: 6, inputIDs: [], frameNoise: 0.015)
            let error = Image<Relative>(width: size, height: size, filledWith: 0.006)
            let master = FringeMaster(Master(facts: facts, image: image, error: error))
            return try #require(master.scale(in: sky)).scale / 4000
        }
        #expect(abs(moments(scales).mean - 1) < 0.012, "\(moments(scales))")
    }

    /// Amplitude of the fringe that is still in a frame, by projection on the truth [e-].
    private func residual(_ frame: CalibratedFrame, sky: Double) -> Double {
        var (product, square) = (0.0, 0.0)
        for y in 0..<size {
            for x in 0..<size {
                let value = Double(frame.signal[x, y]) - sky * (1 + 0.0003 * Double(x))
                guard abs(value) < 400 else { continue }
                product += value * fringe(x, y)
                square += fringe(x, y) * fringe(x, y)
            }
        }
        return abs(product / square)
    }

    /// Through the whole calibration: the light as raw counts of a detector of gain 1 without pedestal.
    private func subtracted(_ frame: CalibratedFrame, _ masters: MasterSet) throws -> CalibratedLight {
        let raw = Image<ADU>(width: size, height: size, pixels: frame.signal.pixels)
        return try LightCalibration(
            masters: masters, detector: DetectorFacts(gain: 1, readNoiseElectrons: 1, saturationADU: nil)
        ).calibrate(raw, exposureSeconds: 60)
    }

    @Test("a light without fringes is left as it is, and says so; two lights are too few for a master")
    func nothing() throws {
        let lights = (0..<6).map { light($0) }
        let master = FringeMaster(try FringeBuilder().fringe(group(6), id: "f") { lights[$0] })
        let plain = light(50, strength: 0)
        let result = try subtracted(plain, MasterSet(fringe: master))
        #expect(result.flags.contains(.fringeNotFitted) && result.fringeScale == nil)
        #expect(result.frame.signal.pixels == plain.signal.pixels)
        let error = #expect(throws: CalibrationError.self) {
            _ = try FringeBuilder().fringe(group(2), id: "f") { lights[$0] }
        }
        #expect(error?.description.contains("three are needed") == true)
        var blind = light(51)
        blind.mask = Mask(width: size, height: size, bits: [UInt16](repeating: 1, count: size * size))
        #expect(master.scale(in: blind) == nil)
    }

    @Test("a finished fringe is read back from its cards, and numbers that no card can mean do not end the reading")
    func cards() throws {
        let lights = (0..<3).map { light($0) }
        var facts = try FringeBuilder().fringe(group(3), id: "f") { lights[$0] }.facts
        facts.midpointMJD = 60_000
        let header = facts.cards(names: [:])
        #expect(FinishedFringe.isClaimed(by: header))
        #expect(!FinishedFringe.isClaimed(by: Header([HeaderCard(keyword: "IMAGETYP", value: .string("master flat"))])))
        let read = try FinishedFringe.facts(header, width: size, height: size, instrument: "cam")
        #expect(read.mode == mode && read.filter == "I" && read.count == 3 && read.midpointMJD == 60_000)
        for keyword in ["XBINNING", "YBINNING", "NCOMBINE", "DOCREV"] {
            for value in [HeaderValue.real(1e300), .string("nan"), .real(-1e300), .real(0.5)] {
                let others = header.cards.filter { $0.keyword != keyword }
                let hostile = Header(others + [HeaderCard(keyword: keyword, value: value)])
                let plain = MasterFacts(header: hostile, width: size, height: size)
                #expect(plain?.mode == mode && plain?.instrumentRevision == nil)
                guard keyword != "DOCREV" else { continue }
                #expect(throws: UnusableFringe.self) {
                    try FinishedFringe.facts(hostile, width: size, height: size, instrument: "cam")
                }
            }
        }
    }
}
