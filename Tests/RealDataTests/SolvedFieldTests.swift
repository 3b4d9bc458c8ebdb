import Astrometry
import Calibration
import CatalogueTiles
import Detection
import FITS
import Foundation
import FrameSolving
import Imaging
import PlateSolving
import ReferenceCatalogue
import Sky
import Testing

/// Frames of HAT-P-32 with a pointing in degrees, a scale, no world coordinates, and a drift of 273 x 63 px.
///
/// `FrameSolvingTests/SolvedNightTests` solves a simulated night like this one wherever the tests run.
@Suite("hatp32b: frames are solved")
struct SolvedFieldTests {
    /// HAT-P-32, and where the README of the set has it on the first frame.
    private static let target = (ra: 31.04283, dec: 46.68783, x: 424.0, y: 286.0)

    /// What `make catalog` builds; nil, with one line that says so, where nobody has.
    private static func tycho() throws -> TileFolder? {
        let given = ProcessInfo.processInfo.environment["NIGHTJAR_CATALOG"]
        let places = [given, RealFrames.root.appending(path: ".catalogs/tycho-1").path].compactMap { $0 }
        let found = places.first { FileManager.default.fileExists(atPath: $0 + "/" + TileFolder.descriptionName) }
        if found == nil { print("skipped: there is no catalogue in .catalogs/tycho-1 (make catalog builds it)") }
        return try found.map { try TileFolder($0) }
    }

    private static func names(_ folder: URL) throws -> [String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".FITS.gz") }.sorted()
        try #require(names.count == 142)
        return names
    }

    @Test("five frames of the night are solved by the stars of the first one, the target where the drift took it")
    func byFirstFrame() throws {
        guard let folder = RealFrames.folder("hatp32b") else { return }
        let names = try Self.names(folder)
        let first = try Self.frame(RealFrames.read(folder, names[0]))
        // As the README has it: the target's pixel, 5.2 arcsec/px, mirrored; the rotation is any.
        let target = try SkyPosition(raDegrees: Self.target.ra, decDegrees: Self.target.dec)
        let step = 5.2 / 3600
        let plate = TangentSolution(
            referencePosition: target, referenceX: Self.target.x, referenceY: Self.target.y, cd11: step, cd12: 0,
            cd21: 0, cd22: step)
        let stars = first.stars.enumerated().compactMap {
            index, star -> (star: CatalogueStar, position: SkyPosition)? in
            guard star.flux > 0 else { return nil }
            let place = plate.position(x: star.x, y: star.y)
            let known = CatalogueStar(
                identifier: Int64(index), position: place, epoch: 2018, positionErrorMas: 1000,
                magnitudes: [Float(20 - 2.5 * log10(star.flux))], magnitudeErrors: [0.1])
            return (known, place)
        }.sorted { $0.star.rankingMagnitude < $1.star.rankingMagnitude }
        let ladder = SolvingLadder(
            StarSource { cone in
                Array(
                    stars.filter { $0.position.separationDegrees(from: cone.centre) <= cone.radiusDegrees }
                        .prefix(cone.limit))
            })
        for (index, name) in names.enumerated() where index % 28 == 27 {
            let frame = try Self.frame(RealFrames.read(folder, name))
            let result = ladder.solve(frame)
            let solution = try #require(result.solution, "\(name): \(result.notSolvedBecause ?? "")")
            #expect(solution.fit.residuals.used >= 10 && solution.rmsPixels < 1 && solution.parity == .mirrored)
            #expect(abs(solution.fit.arcsecPerPixel - 5.2) < 0.02)
            let place = try #require(solution.fit.pixel(of: target))
            let nearest = frame.stars.map { hypot($0.x - place.x, $0.y - place.y) }.min() ?? .infinity
            // The README gives the target's place to a pixel.
            #expect(nearest < 1.5)
        }
    }

    @Test("six frames of the night, by Tycho stars from the header's pointing and scale alone, agree on where they are")
    func night() throws {
        guard let folder = RealFrames.folder("hatp32b"), let catalogue = try Self.tycho() else { return }
        let names = try Self.names(folder)
        let ladder = SolvingLadder(
            StarSource { cone in
                try catalogue.stars(
                    in: Cone(
                        centre: cone.centre, radiusDegrees: cone.radiusDegrees, epoch: cone.epoch, limit: cone.limit))
            })
        let target = try SkyPosition(raDegrees: Self.target.ra, decDegrees: Self.target.dec)
        var worst = 0.0
        for (index, name) in names.enumerated() where index % 28 == 0 {
            let frame = try Self.frame(RealFrames.read(folder, name))
            let result = ladder.solve(frame)
            let solution = try #require(result.solution, "\(name): \(result.notSolvedBecause ?? "")")
            #expect(solution.rung == .hint && solution.parity == .mirrored)
            #expect(solution.fit.residuals.used >= 15 && solution.rmsPixels < 1)
            #expect(abs(solution.fit.arcsecPerPixel - 5.2) < 0.1)
            let place = try #require(solution.fit.pixel(of: target))
            if index == 0 { #expect(hypot(place.x - Self.target.x, place.y - Self.target.y) < 1.5) }
            // The target itself is where the coordinates put it.
            let nearest = frame.stars.map { hypot($0.x - place.x, $0.y - place.y) }.min() ?? .infinity
            #expect(nearest < 1)
            worst = max(worst, solution.rmsPixels)
        }
        print("hatp32b: 6 frames solved, largest rms \(worst) px")
    }

    private static func frame(_ image: FITSImage) throws -> FrameToSolve {
        let detector = DetectorFacts(gain: nil, readNoiseElectrons: nil, saturationADU: 4095)
        let light = try LightCalibration(masters: MasterSet(), detector: detector).calibrate(
            image.pixels, exposureSeconds: 60)
        let stars = detect(light.frame, DetectionParameters(threshold: 5, gainKnown: false)).sources.map {
            DetectedStar(x: $0.x, y: $0.y, xErrorPixels: $0.xError, yErrorPixels: $0.yError, flux: $0.isophotalFlux)
        }
        let (ra, dec) = (image.header.number("RA") ?? .nan, image.header.number("DEC") ?? .nan)
        let scale = image.header.number("IM_SCALE") ?? .nan
        return FrameToSolve(
            stars: stars, size: FrameSize(width: image.pixels.width, height: image.pixels.height),
            epoch: FrameToSolve.julianYear(mjd: image.header.number("MJD-OBS") ?? .nan), header: image.header,
            pointing: PointingEstimate(
                centre: try SkyPosition(raDegrees: ra, decDegrees: dec), uncertaintyDegrees: 1, origin: "RA and DEC"),
            scale: ScaleEstimate(range: (scale / 1.2)...(scale * 1.2), isCertain: false, origin: "IM_SCALE"))
    }
}
