import Astrometry
import Calibration
import CatalogueTiles
import Detection
import Foundation
import FrameSolving
import Imaging
import PlateSolving
import PortableNumbers
import ReferenceCatalogue
import Simulation
import Sky
import Testing

/// A night as that of the real frames of HAT-P-32, of which all is known: 650 x 500 px of 5.2 arcsec, mirrored, a drift
/// of 273 x 63 px, saturated stars, no flat field; a catalogue as dense and as deep as Tycho's in 600 square degrees,
/// written to tiles and with an index; stars on the frames that it does not have.
@Suite("A simulated night is solved, from pixels to coordinates")
final class SolvedNightTests {
    private let root = FileManager.default.temporaryDirectory.path + "/solved-\(UUID().uuidString)"
    private let sky: StarField
    private let catalogue: TileFolder

    init() throws {
        let centre = SkyPosition.at(31, 46.7)
        let bright = try StarField(seed: 12, centre: centre, sideDegrees: 24.5, count: 16_000, magnitudes: 6...11.5)
        let faint = try StarField(seed: 13, centre: centre, sideDegrees: 3, count: 900, magnitudes: 11.5...13.5)
        sky = StarField(centre: centre, stars: bright.stars + faint.stars)
        let builder = try CatalogueBuilder(
            path: root, id: "simulated", title: "Test", source: "made up",
            bands: [CatalogueBand(name: "V", system: .vega)])
        var words = SplitMix64(seed: 14)
        for star in bright.stars {
            let error = 0.08 / 3600 * 2.0.squareRoot() * abs(words.gaussian())
            let place = star.position.displaced(
                separationDegrees: error, positionAngleDegrees: 360 * words.uniform())
            try builder.add(
                CatalogueStar(
                    identifier: Int64(star.id), position: place, epoch: 2017.97, positionErrorMas: 80,
                    magnitudes: [Float(star.magnitude + 0.1 * words.gaussian())], magnitudeErrors: [0.1]))
        }
        _ = try builder.finish()
        catalogue = try TileFolder(root)
        _ = try catalogue.writeBlindIndex()
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: root) } catch { Issue.record(error) }
    }

    private func night(arcsecPerPixel: Double, frames: Int) throws -> SimulatedNight {
        var camera = SimulatedInstrument(name: "dome", width: 650, height: 500)
        (camera.pixelScaleArcseconds, camera.isMirrored, camera.positionAngleDegrees) = (arcsecPerPixel, true, 178)
        (camera.zeroPointMagnitude, camera.writesWorldCoordinates) = (18, false)
        var plan = ObservingPlan()
        (plan.biasCount, plan.darkCount, plan.flatCount, plan.lightCount) = (0, 0, 0, frames)
        (plan.overheadSeconds, plan.driftX, plan.driftY) = (4937, 39.3, 9.1)
        var night = SimulatedNight(
            seed: 15, objectName: "HAT-P-32", field: sky,
            site: try Site(latitudeDegrees: 31.7, longitudeDegrees: -110.9, elevationMeters: 1300),
            cameras: [SimulatedCamera(camera, plan: plan)], startMJD: 58_107.065)
        night.seeingArcseconds = 2.3 * arcsecPerPixel
        return night
    }

    /// Each frame as it is to be solved, without pointing or scale, and its truth.
    private func frames(_ night: SimulatedNight) throws -> [(frame: FrameToSolve, truth: [TruthRow])] {
        let renderer = FrameRenderer(night, camera: 0)
        return try night.exposures().map { exposure in
            let image = try renderer.render(exposure)
            let detector = DetectorFacts(gain: 1.5, readNoiseElectrons: 7, saturationADU: 60_000)
            let light = try LightCalibration(masters: MasterSet(), detector: detector).calibrate(
                image.image, exposureSeconds: exposure.seconds)
            let stars = detect(light.frame, DetectionParameters(threshold: 5)).sources.map { DetectedStar($0) }
            let size = FrameSize(width: image.image.width, height: image.image.height)
            let epoch = FrameToSolve.julianYear(mjd: exposure.midpointMJD)
            return (FrameToSolve(stars: stars, size: size, epoch: epoch, header: image.header), image.truth)
        }
    }

    private func ladder() -> SolvingLadder {
        var ladder = SolvingLadder(
            StarSource { [catalogue] cone in
                try catalogue.stars(
                    in: Cone(
                        centre: cone.centre, radiusDegrees: cone.radiusDegrees, epoch: cone.epoch, limit: cone.limit))
            })
        ladder.blind = { [catalogue] image, size, range, epoch in
            try catalogue.solveBlind(image: image, size: size, scaleRange: range, epoch: epoch).outcome.map(\.tangent)
        }
        return ladder
    }

    /// Greatest distance between where the solution and the truth have a star of the frame [px].
    private func error(_ solution: FrameSolution, _ truth: [TruthRow]) -> Double {
        truth.map { row in
            solution.fit.pixel(of: row.position).map { hypot($0.x - row.x, $0.y - row.y) } ?? .infinity
        }.max() ?? .infinity
    }

    @Test("six frames, from a poor pointing and scale, have every star within half a pixel of its true place")
    func hinted() throws {
        for (frame, truth) in try frames(night(arcsecPerPixel: 5.2, frames: 6)) {
            var frame = frame
            frame.pointing = PointingEstimate(
                centre: sky.centre.displaced(separationDegrees: 0.4, positionAngleDegrees: 70), uncertaintyDegrees: 1,
                origin: "RA and DEC")
            frame.scale = ScaleEstimate(arcsecPerPixel: 5.5)
            let result = ladder().solve(frame)
            let solution = try #require(result.solution, "\(result.notSolvedBecause ?? "")")
            #expect(solution.rung == .hint && solution.parity == .mirrored && solution.fit.residuals.used >= 12)
            #expect(error(solution, truth) < 0.5 && solution.rmsPixels < 1.5 * solution.expectedRMSPixels)
            #expect(abs(solution.fit.arcsecPerPixel - 5.2) < 0.01)
        }
    }

    @Test("wider frames are found without any pointing or scale, and with one that is 40 degrees off")
    func blind() throws {
        for (number, (frame, truth)) in try frames(night(arcsecPerPixel: 10, frames: 3)).enumerated() {
            var frame = frame
            if number == 1 {
                frame.pointing = PointingEstimate(
                    centre: .at(90, 60), uncertaintyDegrees: 1, origin: "the header's pointing")
                frame.scale = ScaleEstimate(arcsecPerPixel: 9)
            }
            let result = ladder().solve(frame)
            let solution = try #require(result.solution, "\(result.notSolvedBecause ?? "")")
            #expect(solution.rung == .blind && error(solution, truth) < 0.5)
            #expect(solution.notes.contains { $0.contains("degrees from the pointing") } == (number == 1))
        }
    }

    @Test("stars at the wrong places are on no sky, which is known after ten seconds of a processor at the most")
    func nowhere() throws {
        for (frame, _) in try frames(night(arcsecPerPixel: 10, frames: 1)) {
            var frame = frame
            let rows = frame.stars.map(\.y)
            for index in frame.stars.indices { frame.stars[index].y = rows[rows.count - 1 - index] }
            let begin = Self.threadSeconds
            let result = ladder().solve(frame)
            #expect(result.solution == nil && result.catalogueError == nil)
            #expect(result.notSolvedBecause?.contains("over the whole sky: ") == true)
            #expect(Self.threadSeconds - begin < 10)
        }
    }

    private static var threadSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
    }
}
