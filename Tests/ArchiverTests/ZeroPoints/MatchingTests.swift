import Foundation
import FrameStore
import PhotometricCalibration
import ReferenceCatalogue
import Sky
import TestKit
import Testing

@testable import archiver

@Suite("Matching a frame with a catalogue")
struct MatchingTests {
    @Test("bands are known by their system: Gaia's G is not the green of a camera, AB is not Vega")
    func bands() {
        func band(_ name: String, _ system: MagnitudeSystem, _ title: String? = nil) -> String? {
            CatalogueBands([CatalogueBand(name: name, system: system, title: title)]).columns[0]?.id
        }
        #expect(band("G", .vega) == "Gaia G" && band("RP", .vega) == "Gaia RP")
        #expect(band("V", .vega) == "Johnson-Cousins V" && band("V", .ab) == nil)
        #expect(band("g", .ab) == "SDSS g" && band("g", .ab, "Pan-STARRS g") == "Pan-STARRS g")
        #expect(band("VT", .vega, "Tycho VT") == nil)
        let gaia = CatalogueBands(["G", "BP", "RP"].map { CatalogueBand(name: $0, system: .vega) })
        #expect(gaia.colour?.name == "Gaia BP-RP")
        #expect(gaia.reachable.contains { $0.id == "Johnson-Cousins R" })
        #expect(BandOfFrame(filter: "Clear", bands: gaia, catalogue: "gaia") == .known(gaia.columns[0]!))
        let johnson = CatalogueBands(["V", "B"].map { CatalogueBand(name: $0, system: .vega) })
        #expect(BandOfFrame(filter: "Clear", bands: johnson, catalogue: "tycho-1") == .toBeChosen)
        #expect(BandOfFrame(filter: "H-alpha", bands: johnson, catalogue: "tycho-1") == .toBeChosen)
        #expect(BandOfFrame(filter: "TG", bands: johnson, catalogue: "tycho-1") == .known(johnson.columns[0]!))
    }

    @Test("a star without a colour or a magnitude is counted as such, and a covariance has its sign")
    func magnitudes() throws {
        let bands = CatalogueBands(["V", "B"].map { CatalogueBand(name: $0, system: .vega) })
        let place = try SkyPosition(raDegrees: 1, decDegrees: 2)
        let known = bands.magnitudes(
            of: CatalogueStar(
                identifier: 1, position: place, epoch: 2016, magnitudes: [10, .nan], magnitudeErrors: [0.02, .nan]))
        #expect(known.count == 1 && bands.colour(known) == nil)
        let both = bands.magnitudes(
            of: CatalogueStar(
                identifier: 1, position: place, epoch: 2016, magnitudes: [10, 11], magnitudeErrors: [0.02, .nan]))
        #expect(bands.colour(both)?.value == 1)
        #expect(abs(bands.covariance(of: bands.columns[0]!, both) + 0.0004) < 1e-8)
    }

    @Test(
        "header coordinates that are 4 arcsec off, mirrored and turned, at the pole and across RA 0, match all the same"
    )
    func shifted() throws {
        for (ra, dec) in [(359.98, 41.0), (80, 89.9), (200, -30)] {
            let centre = try SkyPosition(raDegrees: ra, decDegrees: dec)
            let stars = (0..<60).map { index in
                centre.displaced(
                    separationDegrees: 0.2 * (Double(index + 1) / 60).squareRoot(),
                    positionAngleDegrees: (Double(index) * 137.5).truncatingRemainder(dividingBy: 360))
            }
            try withBench { bench in
                let rows = stars.enumerated().map { index, star -> SkyRow in
                    let offset = centre.offset(to: star)
                    let angle = (offset.positionAngleDegrees + 33) * .pi / 180
                    let pixels = offset.separationDegrees * 1800
                    let own = offset.positionAngleDegrees * .pi / 180
                    let east = offset.separationDegrees * sin(own) + 3.0 / 3600
                    let north = offset.separationDegrees * cos(own) - 2.6 / 3600
                    let wrong = centre.displaced(
                        separationDegrees: hypot(east, north), positionAngleDegrees: atan2(east, north) * 180 / .pi)
                    let (x, y) = (400 + pixels * sin(angle), 400 + pixels * cos(angle))
                    return (x, y, wrong.raDegrees, wrong.decDegrees, 1e5 - 1e3 * Double(index), 300)
                }
                let table = try DetectionTable(
                    try bench.skyTable(rows, hasSky: true, as: "detections/s.fits"), in: bench.store)
                let plane = try #require(try FramePlane(table, seeingPixels: 3))
                let matched = MatchedStars(table, stars.map { ($0, 10) }, on: plane)
                #expect(matched.pairs.count == 60 && matched.pairs.allSatisfy { $0.detection == $0.star })
                #expect(matched.scatterArcsec < 0.5)
            }
        }
    }

    @Test("detections on a line, or without places on the sky, match nothing and do no harm")
    func degenerate() throws {
        try withBench { bench in
            let line = (0..<5).map { index -> SkyRow in
                let step = Double(index)
                return (step, 2 * step, 10 + 0.001 * step, 0, 1000, 30)
            }
            let table = try DetectionTable(
                try bench.skyTable(line, hasSky: true, as: "detections/l.fits"), in: bench.store)
            let plane = try #require(try FramePlane(table, seeingPixels: nil))
            let star = try SkyPosition(raDegrees: 10, decDegrees: 0)
            #expect(MatchedStars(table, [(star, 10)], on: plane).pairs.isEmpty)
            let nowhere = try DetectionTable(
                try bench.skyTable(line, hasSky: false, as: "detections/n.fits"), in: bench.store)
            let none = try FramePlane(nowhere, seeingPixels: 3)
            #expect(none == nil)
        }
    }
}
