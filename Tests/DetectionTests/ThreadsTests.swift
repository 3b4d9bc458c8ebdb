import Imaging
import TestKit
import Testing

@testable import Detection

@Suite("Detection on several threads")
struct ThreadsTests {
    /// Crowded, so that groups reach across every cut between bands, with bad pixels and an odd size.
    static let frame: CalibratedFrame = {
        var frame = GaussianStars.random(
            count: 2500, width: 517, height: 611, fluxes: 500...200_000, fwhm: 3.2, sky: 120, readNoise: 5, seed: 21
        ).frame(seed: 22)
        for index in stride(from: 7, to: frame.mask.bits.count, by: 4001) {
            frame.mask.bits[index] = PixelFlags.bad.rawValue
        }
        frame.signal.pixels[3000] = .nan
        return frame
    }()

    @Test("sources, labels and planes are the same bits on any number of threads", arguments: [2, 3, 7])
    func sameBits(threads: Int) {
        let single = detect(Self.frame)
        let several = detect(Self.frame, DetectionParameters(threads: threads))
        #expect(single.sources.count > 800)
        #expect(single.sources.map { "\($0)" } == several.sources.map { "\($0)" })
        #expect(single.segments == several.segments)
        #expect(single.frame.residual == several.frame.residual && single.frame.variance == several.frame.variance)
        #expect(single.background.level == several.background.level && single.background.rms == several.background.rms)
        #expect(single.seeing == several.seeing)
    }

    @Test("masks and wings of stars are the same bits on any number of threads", arguments: [2, 3, 7])
    func masksAndWings(threads: Int) throws {
        let bytes = BinnedFrame.scratchBytes(Self.frame)
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes, alignment: 64)
        defer { scratch.deallocate() }
        func levels(_ threads: Int) throws -> (mask: [UInt8], mean: [UInt32]) {
            let binned = BinnedFrame(Self.frame, in: scratch, threads: threads)
            let mesh = try #require(SkyMesh(binned, tileSize: 64, filterSize: 3, mask: nil, threads: threads))
            let footprints = FirstLook.search(binned, mesh, threads: threads)
            let mask = SourceMask.make(footprints, threads: threads)
            let wings = try #require(
                StarWings(binned, footprints, mesh, mask: mask, tilts: nil, threads: threads))
            wings.subtract(from: binned, threads: threads)
            return (mask, binned.mean.map(\.bitPattern))
        }
        let (one, many) = (try levels(1), try levels(threads))
        #expect(one.mask.contains(2) && one.mask.contains(1) && one.mask.contains(0))
        #expect(one == many)
    }

    @Test("footprints are the same however many bands they were found in", arguments: [2, 3, 7])
    func footprints(threads: Int) {
        let background = Background.estimate(Self.frame)
        let frame = MeasurableFrame(Self.frame, background: background)
        let filter = MatchedFilter(fwhmPixels: 3.2)
        let one = frame.withFilterPlanes { filter.footprints($0, threshold: 2, threads: 1) }
        let many = frame.withFilterPlanes { filter.footprints($0, threshold: 2, threads: threads) }
        #expect(one.groups.count > 500 && one.groups.contains { $0.peaks.count > 1 })
        #expect(one.groups.map { "\($0)" } == many.groups.map { "\($0)" })
        #expect(one.runs.map { "\($0)" } == many.runs.map { "\($0)" })
        #expect(one.values == many.values && one.residuals == many.residuals)
        #expect(one.peakPixels == many.peakPixels && one.peakValues == many.peakValues)
        #expect(one.peakSurroundings.map { "\($0)" } == many.peakSurroundings.map { "\($0)" })
    }

    @Test("a frame lower than a band, and one of a single row", arguments: [1, 2, 5, 63])
    func low(height: Int) {
        let stars = [(x: 60.3, y: Double(height / 2), flux: 1e5)]
        let field = GaussianStars(width: 200, height: height, fwhm: 3, sky: 100, readNoise: 5, stars: stars)
        let (one, many) = (detect(field.frame(seed: 3)), detect(field.frame(seed: 3), DetectionParameters(threads: 7)))
        #expect(one.segments == many.segments)
        #expect(one.sources.map { "\($0)" } == many.sources.map { "\($0)" })
    }

    @Test("the caller's frame stays as it was")
    func untouched() {
        let (frame, before) = (Self.frame, Self.frame)
        let found = detect(frame)
        #expect(frame.signal.pixels.map(\.bitPattern) == before.signal.pixels.map(\.bitPattern))
        #expect(frame.variance == before.variance && found.frame.residual != frame.signal.pixels)
    }
}
