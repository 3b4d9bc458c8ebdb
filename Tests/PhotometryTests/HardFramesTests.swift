import Detection
import Foundation
import Imaging
import Photometry
import TestKit
import Testing

@Suite("Measuring difficult frames")
struct HardFramesTests {
    static func field(_ stars: [GaussianStars.Star], size: Int = 160) -> GaussianStars {
        GaussianStars(width: size, height: size, fwhm: 3.5, sky: 100, readNoise: 8, stars: stars)
    }

    @Test("rows come by descending flux, and the same frame gives the same rows")
    func order() {
        let frame = GaussianStars.random(
            count: 40, width: 256, height: 256, fluxes: 3000...100_000, fwhm: 3.5, sky: 100, readNoise: 8, seed: 1
        ).frame(seed: 2)
        let first = measure(frame)
        #expect(first.rows.count > 20)
        #expect(zip(first.rows, first.rows.dropFirst()).allSatisfy { $0.fluxAperture >= $1.fluxAperture })
        let again = measure(frame)
        #expect(again.summary == first.summary)
        #expect(again.rows.map { "\($0)" } == first.rows.map { "\($0)" })
    }

    @Test("the summary tells sky, scatter, seeing, limit and that the variance is honest")
    func summary() throws {
        let field = GaussianStars.grid(spacing: 40, size: 320, flux: 30_000, fwhm: 3.5, sky: 100, readNoise: 8, seed: 1)
        let summary = measure(field.frame(seed: 3)).summary
        #expect(abs(summary.backgroundElectrons - 100) < 2)
        #expect(abs(summary.skyRMSElectrons / 164.0.squareRoot() - 1) < 0.05)
        #expect(abs(summary.noiseRatio - 1) < 0.05)
        let seeing = try #require(summary.seeing)
        // A pixel's own width adds 1/12 px^2 to each second moment.
        let expected = 2.3548 * (pow(3.5 / 2.3548, 2) + 1.0 / 12).squareRoot()
        #expect(abs(seeing.fwhmPixels / expected - 1) < 0.01)
        #expect(seeing.ellipticity < 0.02)
        #expect(abs(summary.apertureRadiusPixels - 1.5 * seeing.fwhmPixels) < 1e-9)
        let area = Double.pi * pow(summary.apertureRadiusPixels, 2)
        #expect(summary.limitingFlux > 5 * (area * 164).squareRoot())
        #expect(summary.limitingFlux < 5.5 * (area * 164).squareRoot())
    }

    @Test("elongated stars give their ellipticity and angle")
    func elongated() throws {
        var field = GaussianStars.grid(spacing: 40, size: 320, flux: 100_000, fwhm: 4, sky: 100, readNoise: 8, seed: 1)
        field.axisRatio = 1.5
        let result = measure(field.frame(seed: 3))
        let seeing = try #require(result.summary.seeing)
        #expect(abs(seeing.ellipticity - (1 - 1 / 1.5)) < 0.03)
        #expect(result.rows.prefix(20).allSatisfy { abs(abs($0.thetaDegrees) - 90) < 5 })
    }

    @Test("a saturated star says so, a good one beside it does not")
    func saturated() throws {
        var frame = Self.field([(40, 40, 2_000_000), (110, 110, 50_000)]).frame(seed: 1)
        for index in frame.signal.pixels.indices where frame.signal.pixels[index] > 60_000 {
            frame.signal.pixels[index] = 60_000
            frame.mask.bits[index] = PixelFlags.saturated.rawValue
        }
        let rows = measure(frame).rows
        let bright = try #require(rows.first { hypot($0.x - 40, $0.y - 40) < 2 })
        let good = try #require(rows.first { hypot($0.x - 110, $0.y - 110) < 2 })
        #expect(bright.flags.contains(.saturated))
        #expect(!good.flags.contains(.saturated))
    }

    @Test("a star at the edge has a truncated aperture; bad pixels in an aperture are flagged and made up for")
    func edgeAndMask() throws {
        var frame = Self.field([(1, 80, 50_000), (80, 80, 50_000)]).frame(seed: 1)
        frame.signal[83, 80] = .nan
        frame.signal[80, 84] = 1e9
        frame.mask[80, 84] = .bad
        frame.mask[83, 80] = .noData
        let rows = measure(frame).rows
        let edge = try #require(rows.first { hypot($0.x - 1, $0.y - 80) < 2 })
        let masked = try #require(rows.first { hypot($0.x - 80, $0.y - 80) < 2 })
        #expect(edge.flags.contains(.apertureTruncated))
        #expect(masked.flags.contains(.masked))
        #expect(abs(masked.fluxAperture / 50_000 - 1) < 0.05)
    }

    @Test("two stars that overlap are told apart and flagged")
    func neighbours() {
        let rows = measure(Self.field([(78, 80, 50_000), (85, 80, 30_000)]).frame(seed: 1)).rows
        #expect(rows.count == 2)
        #expect(rows.allSatisfy { !$0.flags.isDisjoint(with: [.neighbour, .blended]) })
    }

    @Test("frames of NaN, of one value, of noise alone and of bad pixels have no rows and do not crash")
    func empty() {
        let shape = (width: 100, height: 70)
        func frame(_ value: Float, variance: Float = 10, flag: PixelFlags = []) -> CalibratedFrame {
            var mask = Mask(width: shape.width, height: shape.height)
            for index in mask.bits.indices { mask.bits[index] = flag.rawValue }
            return CalibratedFrame(
                signal: Image(width: shape.width, height: shape.height, filledWith: value),
                variance: Image(width: shape.width, height: shape.height, filledWith: variance), mask: mask)
        }
        let frames = [
            frame(.nan), frame(0), frame(65_535), frame(-1e30), frame(.infinity), frame(100, variance: 0),
            frame(100, variance: .infinity), frame(100, variance: .nan), frame(100, flag: .bad),
            frame(60_000, flag: .saturated), frame(.greatestFiniteMagnitude),
        ]
        for frame in frames {
            let result = measure(frame)
            #expect(result.rows.isEmpty)
            #expect(result.summary.seeing == nil)
            let forced = forcedPhotometry(frame, at: [(x: 50, y: 30)])
            #expect(forced.count == 1)
        }
        #expect(measure(Self.field([]).frame(seed: 1)).rows.count <= 1)
    }

    @Test(
        "frames of one pixel, one row and one column can be measured", arguments: [(1, 1), (300, 1), (1, 300), (3, 3)])
    func tiny(_ width: Int, _ height: Int) {
        let field = GaussianStars(width: width, height: height, fwhm: 3, sky: 100, readNoise: 5, stars: [])
        #expect(measure(field.frame(seed: 1)).rows.count < 3)
    }

    @Test("forced photometry keeps the order, measures negative fluxes, and flags what lies outside")
    func forced() {
        var frame = Self.field([(80, 80, 50_000)]).frame(seed: 2)
        for y in 30...50 {
            for x in 30...50 { frame.signal[x, y] -= 30 * exp(-Float((x - 40) * (x - 40) + (y - 40) * (y - 40)) / 9) }
        }
        let places: [(x: Double, y: Double)] = [(40, 40), (80, 80), (-50, 10), (.nan, 3), (1e12, 1e12), (159.4, 0)]
        let rows = forcedPhotometry(frame, at: places)
        #expect(rows.count == places.count)
        #expect(rows[0].fluxAperture < 0 && rows[0].flags.contains([.negative, .forced]))
        #expect(rows[0].upperLimit(sigmas: 5) == 5 * rows[0].fluxApertureError)
        #expect(rows[0].instrumentalMagnitude(exposureSeconds: 1) == nil)
        #expect(abs(rows[1].fluxAperture / 50_000 - 1) < 0.02)
        for row in rows[2...4] { #expect(row.fluxAperture.isNaN && row.flags.contains(.noData)) }
        #expect(rows[5].flags.contains(.apertureTruncated))
    }

    @Test("recentring finds a star within one FWHM and stays where there is none")
    func recentre() {
        let frame = Self.field([(80.3, 79.6, 50_000)]).frame(seed: 2)
        let rows = forcedPhotometry(frame, at: [(81.5, 80.5), (30, 30)], recentre: true)
        #expect(hypot(rows[0].x - 80.3, rows[0].y - 79.6) < 0.05)
        #expect(rows[0].xError < 0.05)
        #expect(hypot(rows[1].x - 30, rows[1].y - 30) <= 3.7)
    }

    @Test("without a known gain the error leaves out the star's own noise and says so")
    func unknownGain() throws {
        let frame = Self.field([(80, 80, 500_000)]).frame(seed: 2)
        let known = try #require(measure(frame).rows.first)
        let unknown = try #require(measure(frame, MeasurementParameters(gainKnown: false)).rows.first)
        #expect(unknown.flags.contains(.gainUnknown))
        #expect(abs(known.fluxAperture - unknown.fluxAperture) < 1)
        // Half a rim pixel has half the photons and a quarter of their variance.
        let own = pow(known.fluxApertureError, 2) - pow(unknown.fluxApertureError, 2)
        #expect(own < known.fluxAperture && own > 0.99 * known.fluxAperture)
    }

    @Test("more radii give more of the light")
    func radii() throws {
        let parameters = MeasurementParameters(extraRadiiPixels: [2, 4, 8])
        let row = try #require(measure(Self.field([(80, 80, 500_000)]).frame(seed: 2), parameters).rows.first)
        #expect(row.extraFluxes.map(\.radiusPixels) == [2, 4, 8])
        #expect(row.extraFluxes[0].flux < row.extraFluxes[1].flux && row.extraFluxes[1].flux < row.extraFluxes[2].flux)
        let pixelated = pow(3.5 / 2.3548, 2) + 1.0 / 12
        #expect(abs(row.extraFluxes[1].flux / 500_000 / (1 - exp(-8 / pixelated)) - 1) < 0.01)
    }
}
