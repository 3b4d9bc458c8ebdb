import Calibration
import Imaging
import Simulation
import Testing

@Suite struct SignalChainTests {
    private func four(_ coefficient: Double) -> CrosstalkCorrection {
        let corners = [(0, 0, false, false), (32, 0, true, false), (0, 32, false, true), (32, 32, true, true)]
        let amplifiers = corners.map { x, y, flipX, flipY in
            AmplifierSection(
                section: FrameSection(x0: x, x1: x + 32, y0: y, y1: y + 32), flipX: flipX, flipY: flipY)
        }
        let row = [Double](repeating: coefficient, count: 4)
        return CrosstalkCorrection(amplifiers: amplifiers, coefficients: [row, row, row, row])
    }

    @Test("the ghosts of a star in the other amplifiers are removed where their read-out corners put them")
    func crosstalk() throws {
        var raw = Image<ADU>(width: 64, height: 64, filledWith: 100)
        raw[10, 5] = 50_100
        // 10 px from the left corner is 10 px from the right one: 63 - 10.
        for (x, y) in [(53, 5), (10, 58), (53, 58)] { raw[x, y] += 0.001 * 50_000 }
        var corrections = DetectorCorrections()
        corrections.crosstalk = four(0.001)
        let prepared = try corrections.prepare(raw, kind: .light, saturationADU: nil)
        let background = 100 - 3 * 0.1 as Float
        // Terms of c^2: 50 ADU of ghost times 0.001.
        let off = prepared.pixels.pixels.indices.filter { abs(prepared.pixels.pixels[$0] - background) >= 0.2 }
        #expect(off == [5 * 64 + 10])
        #expect(prepared.flags == .crosstalkCorrected)
        raw[20, 20] = .nan
        let missing = try corrections.prepare(raw, kind: .light, saturationADU: nil)
        #expect(missing.pixels[20, 20].isNaN && missing.pixels[43, 20].isFinite)
    }

    @Test("a detector that loses 5 % at 50,000 ADU is made linear, and pixels above the range are marked")
    func linearity() throws {
        let correction = LinearityCorrection(coefficients: [1e-6, 2e-12], pedestalADU: 300, validToADU: 50_000)
        // Truth for each measured value, and back by Newton's method.
        func measured(_ truth: Double) -> Double {
            var s = truth
            for _ in 0..<60 { s -= (s * (1 + 1e-6 * s + 2e-12 * s * s) - truth) / (1 + 2e-6 * s + 6e-12 * s * s) }
            return s
        }
        var raw = Image<ADU>(width: 64, height: 2)
        for x in 0..<64 { raw[x, 0] = Float(300 + measured(Double(x) * 800)) }
        raw[0, 1] = 300 + 50_000
        raw[1, 1] = 300 + 50_001
        raw[2, 1] = 250
        raw[3, 1] = .nan
        var corrections = DetectorCorrections()
        corrections.linearity = correction
        let prepared = try corrections.prepare(raw, kind: .flat, saturationADU: nil)
        for x in 0..<62 { #expect(abs(prepared.pixels[x, 0] - Float(300 + 800 * x)) < 0.01) }
        #expect(prepared.mask?[0, 1] == [] && prepared.mask?[1, 1] == .nonLinear)
        #expect(prepared.pixels[2, 1] == 250 && prepared.pixels[3, 1].isNaN)
        #expect(prepared.flags == .linearised)
    }

    @Test("beyond its range a polynomial goes on as its tangent, whatever it would do there")
    func tangent() {
        // 1 - 2e-5 s: the polynomial turns over at 25,000.
        let correction = LinearityCorrection(coefficients: [-1e-5], validToADU: 20_000)
        #expect(abs(correction.corrected(20_000) - 16_000) < 1e-6)
        #expect(abs(correction.corrected(30_000) - (16_000 + 10_000 * 0.6)) < 1e-6)
        #expect(correction.corrected(-50) == -50)
    }

    private func rowNoiseFrame(_ amplitude: Double, seed: UInt64) -> (raw: Image<ADU>, rows: [Double]) {
        var random = RandomStream(seed: seed)
        let rows = (0..<200).map { _ in amplitude * random.gaussian() }
        var raw = Image<ADU>(width: 220, height: 200)
        for y in 0..<200 {
            for x in 0..<220 {
                // The first 20 columns are dark; the sky has a gradient in both directions.
                let sky = x < 20 ? 100 : 400 + 0.3 * Double(x) + 0.2 * Double(y)
                raw[x, y] = Float(sky + rows[y] + 5 * random.gaussian())
            }
        }
        for _ in 0..<60 {
            let (x, y) = (25 + random.uniform() * 190, 5 + random.uniform() * 190)
            let flux = 2000 * (1 + 20 * random.uniform())
            for j in -9...9 {
                for i in -9...9 {
                    let (px, py) = (Int(x) + i, Int(y) + j)
                    guard (20..<220).contains(px), (0..<200).contains(py) else { continue }
                    let r = (Double(px) - x) * (Double(px) - x) + (Double(py) - y) * (Double(py) - y)
                    raw[px, py] += Float(flux / (1 + r / 6) / (1 + r / 6) / (1 + r / 6) / 9)
                }
            }
        }
        return (raw, rows)
    }

    @Test(
        "row noise is removed among stars and gradients, and its error is carried", arguments: RowNoiseSource.allCases)
    func rowNoise(from source: RowNoiseSource) throws {
        var corrections = DetectorCorrections()
        corrections.rowNoise = RowNoiseCorrection(
            from: source, darkColumns: FrameSection(x0: 0, x1: 20, y0: 0, y1: 200))
        var pulls: [Double] = []
        for seed in 1...5 {
            let (raw, rows) = rowNoiseFrame(12, seed: UInt64(seed))
            let prepared = try corrections.prepare(raw, kind: .light, saturationADU: nil)
            let variance = try #require(prepared.variance)
            for y in 8..<192 {
                let removed = Double(raw[100, y] - prepared.pixels[100, y])
                // A smooth part of the rows' levels stays with the sky: about 12/sqrt(32) ADU.
                pulls.append(removed - rows[y])
            }
            let typical = (8..<192).map { Double(variance[100, $0]) }.sorted()[92]
            // Of 200 pixels of sky about a quarter is masked around stars.
            let expected = 1.5708 * 25 / (source == .sky ? 150 : 20.57)
            #expect((0.75...1.4).contains(typical / expected), "\(typical / expected)")
            #expect(prepared.flags == .rowNoiseRemoved)
        }
        let found = moments(pulls).deviation
        #expect(found < (source == .sky ? 3.2 : 1.8), "\(found) of 12 ADU are left")
    }

    @Test("the rows of a flat keep their level, where it is response; constant and empty frames stay as they are")
    func hardRows() throws {
        var corrections = DetectorCorrections()
        corrections.rowNoise = RowNoiseCorrection(from: .sky, columnsToo: true)
        let (raw, _) = rowNoiseFrame(12, seed: 3)
        #expect(try corrections.prepare(raw, kind: .flat, saturationADU: nil).pixels == raw)
        let constant = Image<ADU>(width: 50, height: 40, filledWith: 700)
        let same = try corrections.prepare(constant, kind: .light, saturationADU: nil).pixels
        #expect(same.pixels.allSatisfy { abs($0 - 700) < 1e-3 })
        let empty = Image<ADU>(width: 50, height: 40, filledWith: .nan)
        let prepared = try corrections.prepare(empty, kind: .light, saturationADU: nil)
        #expect(prepared.pixels.pixels.allSatisfy { $0.isNaN })
        let single = Image<ADU>(width: 1, height: 1, filledWith: 5)
        #expect(try corrections.prepare(single, kind: .light, saturationADU: nil).pixels.pixels == [5])
    }

    @Test("a row that a saturated trail covers has no level and is left alone")
    func trail() throws {
        var corrections = DetectorCorrections()
        corrections.rowNoise = RowNoiseCorrection(from: .sky)
        var (raw, _) = rowNoiseFrame(0, seed: 4)
        for x in 0..<220 { raw[x, 90] = 65_000 }
        let prepared = try corrections.prepare(raw, kind: .light, saturationADU: 60_000)
        #expect((0..<220).allSatisfy { prepared.pixels[$0, 90] == 65_000 })
        #expect(abs(prepared.pixels[100, 91] - raw[100, 91]) < 3)
    }

    @Test("any number of threads prepares the same bits, also where a frame has holes")
    func threads() throws {
        var (raw, _) = rowNoiseFrame(12, seed: 9)
        let (width, height) = (raw.width, raw.height)
        for x in 0..<width { raw[x, 7] = .nan }
        raw[30, 31] = .infinity
        var corrections = DetectorCorrections()
        corrections.overscan = OverscanCorrection(
            regions: [
                OverscanRegion(
                    bias: FrameSection(x0: width - 10, x1: width, y0: 0, y1: height),
                    data: FrameSection(x0: 0, x1: width - 10, y0: 0, y1: height))
            ], along: .rows, fit: .median, order: 0)
        corrections.rowNoise = RowNoiseCorrection(from: .sky, columnsToo: true)
        let alone = try corrections.prepare(raw, kind: .light, saturationADU: 60_000)
        func bits(_ pixels: [Float]?) -> [UInt32]? { pixels.map { $0.map(\.bitPattern) } }
        for threads in [2, 3, 7] {
            let shared = try corrections.prepare(raw, kind: .light, saturationADU: 60_000, threads: threads)
            #expect(bits(shared.pixels.pixels) == bits(alone.pixels.pixels) && shared.mask == alone.mask)
            #expect(bits(shared.variance?.pixels) == bits(alone.variance?.pixels))
        }
    }
}
