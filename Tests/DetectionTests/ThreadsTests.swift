import Detection
import Imaging
import Testing

@Suite("Detection on several threads")
struct ThreadsTests {
    /// Crowded, so that groups reach across every cut between bands, with bad pixels and an odd size.
    static let frame: CalibratedFrame = {
        var frame = StarField.random(
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

    @Test("a frame lower than a band, and one of a single row", arguments: [1, 2, 5, 63])
    func low(height: Int) {
        let stars = [(x: 60.3, y: Double(height / 2), flux: 1e5)]
        let field = StarField(width: 200, height: height, fwhm: 3, sky: 100, readNoise: 5, stars: stars)
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
