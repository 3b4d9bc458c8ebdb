import Detection
import Foundation
import Imaging
import Photometry
import TestKit
import Testing

/// The same stars with and without masked pixels.
@Suite("Masked pixels within apertures")
struct MaskedPixelsTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        /// Offsets from the star's nearest pixel.
        let pixels: [(x: Int, y: Int)]
        let flux: Double
        var testDescription: String { "\(name), \(flux) e-" }
    }

    static let shapes: [(name: String, pixels: [(x: Int, y: Int)])] = [
        ("central pixel", [(0, 0)]), ("pixel beside the centre", [(1, 0)]),
        ("three pixels of the core", [(0, 1), (1, 0), (1, 1)]),
        ("pixel at the rim", [(5, 0)]), ("four pixels near the rim", [(3, 3), (4, 3), (3, 4), (4, 2)]),
        ("column through the core", (-8...8).map { (0, $0) }), ("row beside the core", (-8...8).map { ($0, -2) }),
        ("both sides of the centre", [(1, 1), (-1, -1), (1, 0), (-1, 0)]),
    ]

    static let cases = shapes.flatMap { shape in
        [2000.0, 30_000, 500_000].map { Case(name: shape.name, pixels: shape.pixels, flux: $0) }
    }

    static let fields: [Double: (GaussianStars, CalibratedFrame)] = Dictionary(
        uniqueKeysWithValues: [2000.0, 30_000, 500_000].map { flux in
            let field = GaussianStars.grid(
                spacing: 40, size: 480, flux: flux, fwhm: 3.5, sky: 100, readNoise: 8, seed: 8)
            return (flux, (field, field.frame(seed: 10)))
        })

    static func fluxes(_ frame: CalibratedFrame, _ field: GaussianStars) -> [Photometry.Measurement] {
        var parameters = MeasurementParameters(radius: .pixels(5.25))
        parameters.detection.fwhmPixels = 3.5
        return forcedPhotometry(frame, at: field.stars.map { ($0.x, $0.y) }, parameters)
    }

    @Test(
        "filled fluxes are biased by less than a third of their error, and the error covers the scatter",
        arguments: cases)
    func bias(_ test: Case) throws {
        let (field, whole) = try #require(Self.fields[test.flux])
        var frame = whole
        for (index, star) in field.stars.enumerated() where index % 3 != 0 {
            for pixel in test.pixels {
                let (x, y) = (Int(star.x.rounded()) + pixel.x, Int(star.y.rounded()) + pixel.y)
                frame.mask[x, y] = .bad
                frame.signal[x, y] = 1e6
            }
        }
        let (masked, clean) = (Self.fluxes(frame, field), Self.fluxes(whole, field))
        let pairs = zip(zip(masked, clean), field.stars).enumerated().filter { $0.offset % 3 != 0 }.map(\.element)
        let share = field.enclosedShare(radius: 5.25)
        let pulls = pairs.map { ($0.0.0.fluxAperture - share * $0.1.flux) / $0.0.0.fluxApertureError }
        let (mean, deviation) = moments(pulls)
        #expect(pairs.allSatisfy { $0.0.0.flags.contains(.masked) && !$0.0.1.flags.contains(.masked) })
        #expect(pairs.allSatisfy { $0.0.0.fluxApertureError >= 0.999 * $0.0.1.fluxApertureError })
        #expect(abs(mean) < 0.33)
        #expect(deviation < 1.2)
        // Optimal weights do without the pixels; the faintest frame has no bright stars to be normalised by.
        guard test.flux > 10_000 else { return }
        let optimal = pairs.map { ($0.0.0.fluxOptimal - $0.1.flux) / $0.0.0.fluxOptimalError }
        #expect(abs(moments(optimal).mean) < 0.33)
        #expect(moments(optimal).deviation < 1.25)
    }

    @Test("a star of which half is gone says so, one of which all is gone has no flux")
    func mostlyGone() {
        let field = GaussianStars(
            width: 120, height: 120, fwhm: 3.5, sky: 100, readNoise: 8, stars: [(30, 60, 50_000), (90, 60, 50_000)])
        var frame = field.frame(seed: 4)
        for y in 50...70 {
            for x in 29...40 { frame.mask[x, y] = .bad }
            for x in 80...100 { frame.mask[x, y] = .bad }
        }
        var parameters = MeasurementParameters(radius: .pixels(5.25))
        parameters.detection.fwhmPixels = 3.5
        let rows = forcedPhotometry(frame, at: [(30, 60), (90, 60)], parameters)
        #expect(rows[0].flags.contains([.masked, .mostlyFilled]))
        #expect(abs(rows[0].fluxAperture - 49_900) < 3 * rows[0].fluxApertureError)
        #expect(rows[1].flags.contains(.noData) && rows[1].fluxAperture.isNaN)
    }
}
