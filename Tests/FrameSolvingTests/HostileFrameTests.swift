import CatalogueTiles
import Foundation
import FrameSolving
import PlateSolving
import ReferenceCatalogue
import Sky
import Testing

@Suite("Frames that are hard or impossible to solve")
struct HostileFrameTests {
    private let place = SkyPosition.at(210, -12)

    private func hinted(_ frame: FrameToSolve, scale: Double = 3) -> FrameToSolve {
        var frame = frame
        frame.pointing = PointingEstimate(
            centre: place.displaced(separationDegrees: 0.3, positionAngleDegrees: 10), uncertaintyDegrees: 1,
            origin: "the header's pointing")
        frame.scale = ScaleEstimate(range: (scale / 1.2)...(scale * 1.2), isCertain: false, origin: "the header")
        return frame
    }

    @Test("five stars are solved rightly or not at all; three are too few, in words")
    func fewStars() throws {
        let sky = try SimulatedSky(place, radius: 4, density: 20)
        for seed in 1...12 as ClosedRange<UInt64> {
            let exposure = Exposure(centroidError: 0.1, missing: 0, spurious: 0, limit: 5, seed: seed)
            let (frame, truth) = exposure.frame(of: sky, at: place)
            let result = SolvingLadder(sky.source).solve(hinted(frame))
            if let solution = result.solution {
                #expect(solution.error(from: truth) < 1.5)
            } else {
                #expect(result.notSolvedBecause?.isEmpty == false)
            }
        }
        var (frame, _) = Exposure(missing: 0, spurious: 0, limit: 3).frame(of: sky, at: place)
        frame = hinted(frame)
        let result = SolvingLadder(sky.source).solve(frame)
        #expect(result.solution == nil && result.attempts.count == 1)
        #expect(result.notSolvedBecause?.contains("3 stars on the frame; 4 are needed") == true)
        #expect(result.advice == [.moreStars])
    }

    @Test("fifty thousand stars on a frame, of which the catalogue has some")
    func manyStars() throws {
        let sky = try SimulatedSky(place, radius: 2.2, density: 3000)
        var (frame, truth) = Exposure(width: 3000, height: 3000, spurious: 0).frame(of: sky, at: place)
        frame.stars += Exposure(width: 3000, height: 3000, seed: 9).noiseFrame(50_000 - frame.stars.count).stars.map {
            // Fainter than the catalogue.
            var star = $0
            star.flux *= 1e-4
            return star
        }
        let result = SolvingLadder(sky.source).solve(hinted(frame))
        let solution = try #require(result.solution, "\(result.notSolvedBecause ?? "")")
        #expect(solution.error(from: truth) < 0.3)
        #expect(solution.rmsPixels < 1.2 * solution.expectedRMSPixels)
    }

    @Test("frames of noise are not solved, and each rung says where it looked", arguments: [30, 300])
    func noise(count: Int) throws {
        let sky = try SimulatedSky(place, radius: 5, density: 150)
        var ladder = SolvingLadder(sky.source)
        ladder.wideRadiusDegrees = 4
        for seed in 1...3 as ClosedRange<UInt64> {
            let result = ladder.solve(hinted(Exposure(seed: seed).noiseFrame(count)))
            #expect(result.solution == nil)
            let reason = try #require(result.notSolvedBecause)
            #expect(reason.contains("around the pointing: ") && reason.contains("farther around: "))
            #expect(reason.contains("within 1.0 degrees of 210.053, -11.705 (the header's pointing) at 2.5 to 3.6"))
        }
    }

    @Test("without a pointing the frame says what it needs")
    func noPointing() throws {
        let sky = try SimulatedSky(place, radius: 2, density: 150)
        let (frame, _) = Exposure().frame(of: sky, at: place)
        let result = SolvingLadder(sky.source).solve(frame)
        #expect(result.solution == nil && result.attempts.allSatisfy { $0.outcome == .notTried })
        #expect(result.notSolvedBecause?.contains("no pointing is known") == true)
        #expect(result.advice == [.givePointing, .searchBlind])
    }

    @Test("a catalogue without stars there is named")
    func emptyCatalogue() throws {
        let sky = try SimulatedSky(place, radius: 4, density: 150)
        let (frame, _) = Exposure().frame(of: sky, at: place)
        let result = SolvingLadder(StarSource { _ in [] }).solve(hinted(frame))
        #expect(result.notSolvedBecause?.contains("the catalogue has 0.0 stars in an area of the frame's size") == true)
        #expect(result.advice.contains(.deeperCatalogue))
    }

    @Test("stars whose magnitudes are not known are borne", arguments: [0.3, 1.0])
    func unknownMagnitudes(share: Double) throws {
        let sky = try SimulatedSky(place, radius: 4, density: 150, unknownMagnitudes: share)
        let (frame, truth) = Exposure().frame(of: sky, at: place)
        let result = SolvingLadder(sky.source).solve(hinted(frame))
        if let solution = result.solution {
            #expect(solution.error(from: truth) < 0.3)
        } else {
            #expect(share == 1, "\(result.notSolvedBecause ?? "")")
        }
    }

    @Test("detections that are not numbers do no harm")
    func strangeDetections() throws {
        let sky = try SimulatedSky(place, radius: 4, density: 150)
        var (frame, truth) = Exposure().frame(of: sky, at: place)
        for index in 0..<20 {
            let odd = [Double.nan, .infinity, -.infinity, 1e300, -1][index % 5]
            frame.stars.append(DetectedStar(x: odd, y: 5, xErrorPixels: odd, flux: 1e6))
            frame.stars.append(DetectedStar(x: 40 * Double(index), y: 40, yErrorPixels: odd, flux: odd))
        }
        let solution = try #require(SolvingLadder(sky.source).solve(hinted(frame)).solution)
        #expect(solution.error(from: truth) < 0.3)
    }

    @Test("a missing tile, a damaged one and a date that cannot be are the reason, with what to do")
    func tiles() throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "tiles-\(UUID().uuidString)").path
        defer { do { try FileManager.default.removeItem(atPath: root) } catch { Issue.record(error) } }
        let sky = try SimulatedSky(place, radius: 4, density: 150)
        let builder = try CatalogueBuilder(
            path: root, id: "test", title: "Test", source: "made up", bands: [CatalogueBand(name: "V", system: .vega)],
            order: 5)
        for star in sky.stars { try builder.add(star) }
        _ = try builder.finish()
        let (frame, truth) = Exposure().frame(of: sky, at: place)
        let whole = SolvingLadder(try Self.source(root)).solve(hinted(frame))
        #expect(try #require(whole.solution).error(from: truth) < 0.3)

        var future = hinted(frame)
        future.epoch = 2600
        let later = SolvingLadder(try Self.source(root)).solve(future)
        #expect(later.solution == nil && later.advice.contains(.checkDate))

        let tile = root + "/" + TileFolder.name(of: SkyCell(containing: place, order: 5))
        let bytes = try Data(contentsOf: URL(fileURLWithPath: tile))
        var damaged = bytes
        damaged[bytes.count / 2] ^= 0x40
        try damaged.write(to: URL(fileURLWithPath: tile))
        for isMissing in [false, true] {
            if isMissing { try FileManager.default.removeItem(atPath: tile) }
            let result = SolvingLadder(try Self.source(root)).solve(hinted(frame))
            #expect(result.solution == nil && result.advice.contains(.repairCatalogue))
            #expect(result.notSolvedBecause?.contains(tile) == true)
        }
    }

    private static func source(_ path: String) throws -> StarSource {
        let folder = try TileFolder(path)
        return StarSource { cone in
            try folder.stars(
                in: Cone(
                    centre: cone.centre, radiusDegrees: cone.radiusDegrees, epoch: cone.epoch, limit: cone.limit))
        }
    }

    @Test("a date in the future moves the stars as far as they will go")
    func future() throws {
        let sky = try SimulatedSky(place, radius: 4, density: 150)
        let (frame, truth) = Exposure(epoch: 2150).frame(of: sky, at: place)
        let solution = try #require(SolvingLadder(sky.source).solve(hinted(frame)).solution)
        #expect(solution.error(from: truth) < 0.3)
    }
}
