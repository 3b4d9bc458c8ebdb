import Foundation
import Imaging
import Simulation
import Testing

@testable import CosmicRays

@Suite struct CosmicRaysTests {
    static func pointSpread(_ fwhm: Double) -> CosmicRayParameters {
        CosmicRayParameters(fineStructure: .pointSpread(SampledPointSpread(fwhmPixels: fwhm)))
    }

    static func flat(_ width: Int, _ height: Int, level: Float = 100, variance: Float = 125) -> CalibratedFrame {
        CalibratedFrame(
            signal: Image(width: width, height: height, filledWith: level),
            variance: Image(width: width, height: height, filledWith: variance),
            mask: Mask(width: width, height: height))
    }

    @Test("cosmic rays are found and stars are not, well sampled and undersampled", arguments: [3.2, 1.8])
    func findsTracks(fwhm: Double) {
        var (tracks, found, cores, hit) = (0, 0, 0, 0)
        for seed in 1...4 as ClosedRange<UInt64> {
            var field = SimulatedField(seed: seed, fwhm: fwhm)
            field.addTracks(12)
            let frame = field.expose()
            let hits = cosmicRays(in: frame, parameters: Self.pointSpread(fwhm))
            let seen = field.cores(hits.mask, brighterThan: 1500)
            (tracks, found) = (tracks + field.tracks.count, found + field.found(hits.mask))
            (cores, hit) = (cores + seen.count, hit + seen.hit)
        }
        #expect(tracks == 48 && cores > 150)
        #expect(hit == 0)
        // 97 % and 90 % of the tracks, with two standard deviations of such a count left to chance.
        #expect(found >= (fwhm > 2.5 ? 44 : 39))
    }

    @Test(
        "stars of any brightness are left alone, also saturated ones, without knowing the seeing",
        arguments: [3.2, 2.5])
    func leavesStars(fwhm: Double) {
        var field = SimulatedField(seed: 20, stars: 0, fwhm: fwhm)
        for index in 0..<144 {
            let (column, row) = (Double(index % 12), Double(index / 12))
            field.addStar(
                21 + 42 * column + 0.083 * row, 21 + 42 * row + 0.083 * column, flux: 300 * pow(1.09, Double(index)))
        }
        let frame = field.expose()
        #expect(frame.mask.bits.contains(PixelFlags.saturated.rawValue))
        for parameters in [CosmicRayParameters(), Self.pointSpread(fwhm)] {
            let hits = cosmicRays(in: frame, parameters: parameters)
            #expect(field.cores(hits.mask, brighterThan: 0).hit == 0)
        }
    }

    @Test("block by block gives what whole frames in each iteration give", arguments: [0.0, 1.8, 3.2])
    func equalsWholeFrames(fwhm: Double) {
        var field = SimulatedField(seed: 30, size: 71, stars: 20, fwhm: max(fwhm, 2))
        field.addTracks(9)
        field.addStar(40, 50, flux: 1e6)
        var frame = field.expose()
        for (x, y) in [(0, 0), (70, 70), (35, 0), (0, 37), (69, 30)] { frame.signal[x, y] += 3000 }
        for x in 0..<71 { frame.mask[x, 60] = .bad }
        frame.signal[50, 20] = .nan
        frame.variance[20, 50] = .infinity
        var parameters = fwhm > 0 ? Self.pointSpread(fwhm) : CosmicRayParameters()
        for limit in [1, 6] {
            parameters.iterationLimit = limit
            let hits = cosmicRays(in: frame, parameters: parameters)
            let search = CosmicRaySearch(frame, FrameSurvey(frame), parameters)
            let whole = WholeFrameSearch(frame, parameters, barred: search.barred).run()
            #expect(hits.pixels == whole.pixels && hits.iterations == whole.iterations)
            #expect(hits.pixels.count > 15 && hits.objectCount > 5)
        }
        #expect(cosmicRays(in: frame, parameters: parameters) == cosmicRays(in: frame, parameters: parameters))
    }

    @Test("a lone pixel is one object and gets the median of its neighbours", arguments: [(0, 0), (31, 7), (63, 40)])
    func lonePixel(x: Int, y: Int) {
        var frame = Self.flat(64, 41)
        for index in frame.signal.pixels.indices { frame.signal.pixels[index] += Float(index % 7) }
        frame.signal[x, y] = 900
        let hits = cosmicRays(in: frame)
        #expect(hits.pixels == [y * 64 + x] && hits.objectCount == 1)
        #expect(hits.mask[x, y] == .cosmicRay)
        let around = (max(y - 2, 0)...min(y + 2, 40)).flatMap { row in
            (max(x - 2, 0)...min(x + 2, 63)).map { ($0, row) }
        }.filter { $0 != (x, y) }.map { frame.signal[$0.0, $0.1] }.sorted()
        #expect(hits.cleaned(frame.signal)[x, y] == around[(around.count - 1) / 2])
    }

    @Test("what has no measurement is neither hit nor used")
    func masked() {
        var frame = Self.flat(64, 64)
        frame.signal[10, 10] = 5000
        frame.mask[10, 10] = .bad
        frame.signal[20, 20] = .infinity
        frame.signal[30, 30] = .nan
        frame.signal[40, 40] = 5000
        frame.variance[40, 40] = 0
        frame.signal[50, 50] = -1e30
        #expect(cosmicRays(in: frame).pixels.isEmpty)
        frame.signal[11, 10] = 5000
        #expect(cosmicRays(in: frame).pixels == [10 * 64 + 11])
    }

    @Test("frames with nothing to find give nothing")
    func nothing() {
        for (width, height) in [(1, 1), (3, 2), (1, 200), (17, 5)] {
            #expect(cosmicRays(in: Self.flat(width, height)).pixels.isEmpty)
        }
        #expect(cosmicRays(in: Self.flat(50, 50, level: .nan)).pixels.isEmpty)
        #expect(cosmicRays(in: Self.flat(50, 50, variance: .nan)).pixels.isEmpty)
        #expect(cosmicRays(in: Self.flat(50, 50, variance: -3)).pixels.isEmpty)
        #expect(cosmicRays(in: Self.flat(50, 50, level: -500)).pixels.isEmpty)
        var saturated = Self.flat(50, 50, level: 60_000)
        for index in saturated.mask.bits.indices { saturated.mask.bits[index] = PixelFlags.saturated.rawValue }
        #expect(cosmicRays(in: saturated).pixels.isEmpty)
    }

    @Test("a cosmic ray that saturates its pixel is one; a saturated star's halo is not searched")
    func saturated() {
        var field = SimulatedField(seed: 3, size: 128, stars: 0)
        field.addStar(90.3, 40.2, flux: 4e6)
        var frame = field.expose()
        frame.signal[20, 20] = 60_000
        frame.mask[20, 20] = .saturated
        let hits = cosmicRays(in: frame, parameters: Self.pointSpread(3.2))
        #expect(hits.mask[20, 20] == .cosmicRay)
        let nearStar = hits.pixels.filter { hypot(Double($0 % 128) - 90.3, Double($0 / 128) - 40.2) < 30 }
        #expect(nearStar.isEmpty)
    }

    @Test("pure noise is hit as rarely as its distribution says")
    func pureNoise() {
        var field = SimulatedField(seed: 50, stars: 0)
        let hits = cosmicRays(in: field.expose(), parameters: Self.pointSpread(3.2))
        // A pixel's sharpness scatters by sqrt(5/4): beyond 4.5 are 3e-5 of the pixels, 8 of these; fewer less M5(S).
        #expect(hits.objectCount <= 12)
    }
}
