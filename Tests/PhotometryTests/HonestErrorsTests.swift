import Detection
import Foundation
import Imaging
import Photometry
import Testing

/// Pull = (measured - true) / quoted error. Honest errors have pulls of width 1 and mean 0.
@Suite("Photometric errors are honest")
struct HonestErrorsTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let flux: Double
        let fwhm: Double
        let sky: Double
        let readNoise: Double
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "empty apertures", flux: 0, fwhm: 3.5, sky: 100, readNoise: 8),
        Case(name: "empty apertures on a dark sky", flux: 0, fwhm: 3.5, sky: 2, readNoise: 1),
        Case(name: "stars below the detection limit", flux: 200, fwhm: 3.5, sky: 100, readNoise: 8),
        Case(name: "faint stars", flux: 1500, fwhm: 3.5, sky: 100, readNoise: 8),
        Case(name: "faint stars on a dark sky", flux: 300, fwhm: 3, sky: 2, readNoise: 1),
        Case(name: "bright stars", flux: 200_000, fwhm: 3.5, sky: 100, readNoise: 8),
        Case(name: "sharp stars", flux: 20_000, fwhm: 1.8, sky: 100, readNoise: 8),
        Case(name: "broad stars on a bright sky", flux: 20_000, fwhm: 6, sky: 3000, readNoise: 5),
    ]

    func pulls(_ test: Case, annulus: Bool, recentre: Bool) -> [Double] {
        (0..<4).flatMap { seed -> [Double] in
            let field = StarField.grid(
                spacing: 64, size: 1024, flux: test.flux, fwhm: test.fwhm, sky: test.sky, readNoise: test.readNoise,
                seed: UInt64(seed))
            var parameters = MeasurementParameters(radius: .pixels(1.5 * test.fwhm))
            parameters.detection.fwhmPixels = test.fwhm
            if !annulus { parameters.annulus = nil }
            let positions = field.stars.map { (x: $0.x, y: $0.y) }
            let rows = forcedPhotometry(
                field.frame(seed: UInt64(seed) + 1000), at: positions, recentre: recentre, parameters)
            let enclosed = 0.998  // of a Gaussian within 1.5 FWHM: 1 - 2^(-4 * 1.5^2)
            return zip(rows, field.stars).map { ($0.fluxAperture - enclosed * $1.flux) / $0.fluxApertureError }
        }
    }

    @Test("the pulls of forced fluxes have width 1 and mean 0 with a local annulus", arguments: cases)
    func localSky(_ test: Case) {
        let (mean, deviation) = moments(pulls(test, annulus: true, recentre: false))
        print("PULL", test.name, mean, deviation)
        #expect(abs(deviation - 1) < 0.08, "width \(deviation)")
        #expect(abs(mean) < 0.15, "mean \(mean)")
    }

    @Test("the pulls of forced fluxes have width 1 with the background mesh", arguments: cases)
    func meshSky(_ test: Case) {
        let (mean, deviation) = moments(pulls(test, annulus: false, recentre: false))
        print("MESH", test.name, mean, deviation)
        #expect(abs(deviation - 1) < 0.08, "width \(deviation)")
    }

    @Test("position errors of detected stars have pulls of width 1", arguments: [1500.0, 10_000, 300_000])
    func positions(flux: Double) {
        var (pullX, pullY, widths): ([Double], [Double], [Double]) = ([], [], [])
        for seed in 0..<3 {
            let field = StarField.grid(
                spacing: 64, size: 1024, flux: flux, fwhm: 3.5, sky: 100, readNoise: 8, seed: UInt64(seed))
            let rows = measure(field.frame(seed: UInt64(seed) + 50)).rows
            for star in field.stars {
                let match = rows.first { hypot($0.x - star.x, $0.y - star.y) < 2 }
                guard let match, !match.flags.contains(.centroidFailed) else { continue }
                pullX.append((match.x - star.x) / match.xError)
                pullY.append((match.y - star.y) / match.yError)
                widths.append(match.fwhmPixels)
            }
        }
        print("POS", flux, pullX.count, moments(pullX), moments(pullY), moments(widths.filter { $0.isFinite }))
        #expect(pullX.count > 500)
        #expect(abs(moments(pullX).deviation - 1) < 0.12)
        #expect(abs(moments(pullY).deviation - 1) < 0.12)
        #expect(abs(moments(pullX).mean) < 0.15)
    }

    @Test("in a crowded field the pulls of stars without neighbour flags have width 1 and mean near 0")
    func crowded() {
        let field = StarField.random(
            count: 1500, width: 1024, height: 1024, fluxes: 500...300_000, fwhm: 3, sky: 100, readNoise: 8, seed: 5)
        let rows = measure(field.frame(seed: 6)).rows
        var pulls: [Double] = []
        for star in field.stars where star.flux > 3000 {
            let isAlone = !field.stars.contains {
                hypot($0.x - star.x, $0.y - star.y) < 9 && ($0.x, $0.y) != (star.x, star.y)
            }
            guard isAlone, let row = rows.first(where: { hypot($0.x - star.x, $0.y - star.y) < 1 }),
                row.flags.isDisjoint(with: [.neighbour, .blended, .edge, .apertureTruncated])
            else { continue }
            pulls.append((row.fluxAperture - 0.998 * star.flux) / row.fluxApertureError)
        }
        let (mean, deviation) = moments(pulls)
        print("CROWDED", rows.count, pulls.count, mean, deviation)
        #expect(pulls.count > 100)
        #expect(abs(deviation - 1) < 0.15)
        #expect(abs(mean) < 0.25)
    }

    @Test("Kron fluxes of isolated stars are whole within 3 % and their errors honest")
    func kron() {
        let field = StarField.grid(spacing: 64, size: 1024, flux: 20_000, fwhm: 3.5, sky: 100, readNoise: 8, seed: 3)
        let rows = measure(field.frame(seed: 4)).rows
        let pulls = rows.map { ($0.fluxAuto - 20_000) / $0.fluxAutoError }
        let (mean, deviation) = moments(pulls)
        print("KRON", rows.count, mean, deviation)
        #expect(abs(deviation - 1) < 0.15)
        #expect(abs(moments(rows.map(\.fluxAuto)).mean / 20_000 - 1) < 0.03)
    }
}
