import Astrometry
import FrameSolving
import Imaging
import PlateSolving
import Sky
import Testing

@testable import Detection

@Suite("Stars whose centroids are in doubt")
struct DoubtfulStarsTests {
    private let place = SkyPosition.at(31.04, 46.69)

    private func hinted(_ frame: FrameToSolve) -> FrameToSolve {
        var frame = frame
        frame.pointing = PointingEstimate(
            centre: place.displaced(separationDegrees: 0.3, positionAngleDegrees: 10), uncertaintyDegrees: 1,
            origin: "the header's pointing")
        frame.scale = ScaleEstimate(range: 2.5...3.6, isCertain: false, origin: "the header")
        return frame
    }

    /// Charge that overflows along y takes the centroids of the brightest stars with it.
    private func bled(_ frame: FrameToSolve, share: Double) -> FrameToSolve {
        var frame = frame
        for index in 0..<Int(share * Double(frame.stars.count)) {
            frame.stars[index].y += 1.5
            frame.stars[index].isDoubtful = true
            (frame.stars[index].xErrorPixels, frame.stars[index].yErrorPixels) = (0.5, 0.5)
        }
        return frame
    }

    @Test("saturated stars that bleed are matched and named, and the coordinates rest on the others")
    func leftOut() throws {
        let sky = try SimulatedSky(place, radius: 3, density: 150)
        let (plain, truth) = Exposure(centroidError: 0.05, spurious: 0).frame(of: sky, at: place)
        let result = SolvingLadder(sky.source).solve(hinted(bled(plain, share: 0.25)))
        let solution = try #require(result.solution, "\(result.notSolvedBecause ?? "")")
        #expect(solution.error(from: truth) < 0.1)
        let leftOut = solution.pairs.filter(\.isLeftOut)
        #expect(Double(leftOut.count) > 0.2 * Double(plain.stars.count))
        #expect(leftOut.allSatisfy { !$0.isUsed && abs($0.yResidualPixels - 1.5) < 0.4 })
        // With them it would be ten times what is expected of the others.
        #expect(solution.rmsPixels < 1.15 * solution.expectedRMSPixels && solution.rmsPixels < 0.12)
    }

    @Test("where nearly all stars are in doubt they are fitted all the same")
    func allDoubtful() throws {
        let sky = try SimulatedSky(place, radius: 3, density: 150)
        let (plain, truth) = Exposure(spurious: 0).frame(of: sky, at: place)
        var frame = hinted(plain)
        for index in frame.stars.indices.dropLast(5) { frame.stars[index].isDoubtful = true }
        let solution = try #require(SolvingLadder(sky.source).solve(frame).solution)
        #expect(solution.error(from: truth) < 0.3)
        #expect(Double(solution.pairs.count(where: \.isUsed)) > 0.9 * Double(plain.stars.count))
        #expect(solution.pairs.filter(\.isLeftOut).isEmpty)
    }

    @Test("an order of distortion that the stars do not support is fitted lower, and that is said")
    func order() throws {
        let sky = try SimulatedSky(place, radius: 3, density: 60)
        let (frame, truth) = Exposure(spurious: 0, limit: 25).frame(of: sky, at: place)
        var ladder = SolvingLadder(sky.source)
        ladder.orders = 4...4
        let solution = try #require(ladder.solve(hinted(frame)).solution)
        #expect(solution.fit.order < 4 && solution.error(from: truth) < 0.5)
        let said = solution.notes.filter { $0.contains("do not support a distortion of order 4") }
        #expect(said.count == 1 && said[0].hasSuffix("order \(solution.fit.order) was fitted"))
        ladder.orders = 1...4
        let free = try #require(ladder.solve(hinted(frame)).solution)
        #expect(free.notes.isEmpty)
    }

    private func source(_ peak: Double, flux: Double, _ flags: SourceFlags = []) -> Source {
        Source(
            x: 10, y: 10, xError: 0.01, yError: 0.01, a: 1, b: 1, theta: 0, area: 20, peak: peak, isophotalFlux: flux,
            significance: 100, fwhmPixels: 2.4, ellipticity: 0.1, thetaDegrees: 0, flags: flags)
    }

    @Test("full pixels show by peaks that stars of any brightness have in common")
    func commonPeak() throws {
        let faint = (1...20).map { source(100 * Double($0), flux: 700 * Double($0)) }
        #expect(DetectedStar.commonPeak(of: faint) == nil)
        let full = [(3727.9, 60_000.0), (3726, 31_000), (3705, 28_000)].map { source($0.0, flux: $0.1) }
        let found = try #require(DetectedStar.commonPeak(of: faint + full))
        #expect(found.sources == 3 && found.least > 3690 && found.least < 3700)
        let stars = DetectedStar.stars(of: faint + full)
        #expect(stars.map(\.isDoubtful) == faint.map { _ in false } + full.map { _ in true })
        #expect(stars[0].xErrorPixels == 0.01 && stars[21].xErrorPixels > 0.4)
        // Two are chance; three of one brightness are three like stars; and known saturation needs no guess.
        #expect(DetectedStar.commonPeak(of: faint + full.prefix(2)) == nil)
        #expect(DetectedStar.commonPeak(of: faint + (1...3).map { _ in source(3727, flux: 30_000) }) == nil)
        #expect(DetectedStar.commonPeak(of: faint + full + [source(5000, flux: 9e5, .saturated)]) == nil)
        // Numbers that are none, and no sources at all.
        #expect(DetectedStar.commonPeak(of: []) == nil)
        #expect(
            DetectedStar.commonPeak(of: [source(.nan, flux: .nan), source(-1, flux: 1), source(.infinity, flux: 2)])
                == nil)
    }
}
