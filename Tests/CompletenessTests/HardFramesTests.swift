import Detection
import Foundation
import Imaging
import PSF
import Testing

@testable import Completeness
@testable import Simulation

@Suite struct HardFramesTests {
    private let size = 256

    private func flat(
        _ level: Float, variance: Float = 100, noise: Double = 0, mask: PixelFlags = []
    ) -> CalibratedFrame {
        var random = RandomStream(seed: 4)
        let pixels = (0..<(size * size)).map { _ in level + Float(noise > 0 ? noise * random.gaussian() : 0) }
        return CalibratedFrame(
            signal: Image(width: size, height: size, pixels: pixels),
            variance: Image(width: size, height: size, filledWith: variance),
            mask: Mask(width: size, height: size, bits: [UInt16](repeating: mask.rawValue, count: size * size)))
    }

    private func stars(change: (inout TestField) -> Void = { _ in }) -> CalibratedFrame {
        var field = TrueEfficiency.field(size: size, perThousandPixels: 0.8)
        field.signalToNoise = 20...400
        change(&field)
        return TrueEfficiency.calibrated(TestFieldRenderer(field).render(frame: 0).image, of: field)
    }

    private func failure(_ frame: CalibratedFrame) -> CompletenessFailure? {
        guard case .failure(let reason) = measureCompleteness(detect(frame)) else { return nil }
        return reason
    }

    @Test("a frame without stars, or without pixels, has no completeness and says why")
    func nothing() {
        #expect(failure(flat(100, noise: 10)) == .noStarImage)
        #expect(failure(flat(100)) == .noStarImage)
        #expect(failure(flat(0)) == .noStarImage)
        #expect(failure(flat(.nan)) == .noUsablePixels)
        #expect(failure(flat(100, variance: .infinity)) == .noUsablePixels)
        #expect(failure(flat(100, noise: 10, mask: .noData)) == .noUsablePixels)
        #expect(failure(flat(60_000, mask: .saturated)) == .noStarImage)
    }

    @Test("without a star image of its own a frame takes one that is given, and finds what the noise lets through")
    func given() throws {
        let model = try #require(PointSpreadModel.sketch(detect(stars())))
        let measured = try measureCompleteness(detect(flat(100, noise: 10)), model: model).get()
        #expect(
            abs(try #require(measured.magnitude50) - measured.limitingMagnitude5Sigma - 2.5 * log10(5.0 / 4)) < 0.12)
        // A constant frame has a variance, so that a star that is bright enough is found.
        #expect(try measureCompleteness(detect(flat(100)), model: model).get().recovered > 0)
        guard case .failure(let reason) = measureCompleteness(detect(flat(.nan)), model: model) else {
            Issue.record("a frame without pixels has no completeness")
            return
        }
        #expect(reason == .noUsablePixels)
    }

    @Test("half of a frame without data is no loss of stars, only of area")
    func masked() throws {
        var frame = stars()
        let whole = try measureCompleteness(detect(frame)).get()
        for index in 0..<(size * size / 2) { frame.mask.bits[index] |= PixelFlags.noData.rawValue }
        let measured = try measureCompleteness(detect(frame)).get()
        #expect(measured.usableShare == 0.5 && whole.usableShare == 1)
        #expect(measured.injected >= 400 && measured.injected < 500)
        let difference = try #require(measured.magnitude50) - (try #require(whole.magnitude50))
        #expect(abs(difference) < 4 * hypot(try #require(measured.magnitude50Error), whole.magnitude50Error ?? .nan))
    }

    @Test("a frame with few usable pixels has too few places, or a result")
    func fewPixels() {
        var frame = stars()
        for index in 0..<(size * size) where index % 997 != 0 { frame.mask.bits[index] |= PixelFlags.bad.rawValue }
        let result = measureCompleteness(detect(frame))
        if case .success(let measured) = result { #expect(measured.usableShare < 0.01) }
    }

    @Test("saturated halves, a bright sky, a gradient, infinities and a wrong gain do no harm")
    func odd() throws {
        let plain = try #require(try measureCompleteness(detect(stars())).get().magnitude50)
        var saturated = stars()
        for index in 0..<(size * size / 2) {
            saturated.mask.bits[index] |= PixelFlags.saturated.rawValue
            saturated.signal.pixels[index] = 90_000
        }
        _ = measureCompleteness(detect(saturated))
        let bright = try measureCompleteness(detect(stars { $0.skyElectrons = 20_000 })).get()
        // sqrt(20,025.. / 225..) of the noise.
        let fainter = 1.25 * log10((20_000 + 25.0) / (200 + 25.0))
        #expect(abs(plain - fainter - (try #require(bright.magnitude50))) < 0.25)
        var broken = stars()
        for index in stride(from: 5, to: size * size, by: 301) { broken.signal.pixels[index] = .infinity }
        for index in stride(from: 9, to: size * size, by: 401) { broken.variance.pixels[index] = -1 }
        _ = measureCompleteness(detect(broken))
        let parameters = DetectionParameters(gainKnown: false)
        #expect(try measureCompleteness(detect(stars(), parameters)).get().magnitude50 != nil)
        for side in [1, 2, 5, 17] {
            let tiny = CalibratedFrame(
                signal: Image(width: side, height: side, filledWith: 10),
                variance: Image(width: side, height: side, filledWith: 10), mask: Mask(width: side, height: side))
            _ = measureCompleteness(detect(tiny))
        }
    }

    @Test("instrumental magnitudes are those of the flux per second, and need an exposure time")
    func instrumental() throws {
        let measured = try measureCompleteness(detect(stars())).get()
        let shifted = try measured.instrumental(exposureSeconds: 100).get()
        #expect(abs((shifted.magnitude50 ?? .nan) - (measured.magnitude50 ?? .nan) - 5) < 1e-12)
        #expect(abs(shifted.efficiency[0].magnitude - measured.efficiency[0].magnitude - 5) < 1e-12)
        #expect(shifted.fluxError == measured.fluxError)
        for seconds in [0, -1, .nan, .infinity] {
            #expect(throws: CompletenessFailure.noExposureTime) {
                try measured.instrumental(exposureSeconds: seconds).get()
            }
        }
    }

    @Test("a threshold that nothing passes finds none of the fainter stars and still fits")
    func threshold() throws {
        let measured = try measureCompleteness(detect(stars(), DetectionParameters(threshold: 900))).get()
        #expect(measured.recovered > 0)
    }
}
