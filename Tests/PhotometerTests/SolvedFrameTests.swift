import Events
import Foundation
import Sky
import Testing

@testable import photometer

@Suite struct SolvedFrameTests {
    private let sky = SmallSky(seed: 4)

    @Test("a frame with a poor pointing and no coordinates gets those of the sky, and every source its place")
    func solved() throws {
        try SkyBench.with(sky) { here in
            let frame = try sky.frame(here.bench)
            let event = try here.stage.measured(frame)
            let solution = try #require(event.solution)
            #expect(event.hasWorldCoordinates && event.notSolved == nil && solution.rung == "hint")
            #expect(solution.stars >= 10 && abs(solution.arcsecPerPixel - 10) < 0.05 && !solution.isMirrored)
            let centre = SkyPosition.test(ra: solution.centreRADegrees, dec: solution.centreDecDegrees)
            #expect(centre.separationDegrees(from: SmallSky.centre) * 3600 < 3)
            let covariance = try #require(solution.centreCovarianceArcsec2)
            #expect(covariance.count == 3 && covariance[0] > 0 && covariance[0] < 4)
            #expect(solution.rmsArcsec < 3 * solution.expectedRMSArcsec && solution.catalogue == "small")
            // Announced to a worker that knows nothing of it, the frame has the same solution and the same recipe.
            var again = frame
            again.flags = ["asked again"]
            let other = try here.stage.measured(again)
            #expect(other.solution == solution && other.recipe == event.recipe && other.detections == event.detections)
        }
    }

    @Test("a frame that is not found keeps what it has, says why, and has a flag")
    func notSolved() throws {
        try SkyBench.with(sky) { here in
            let event = try here.stage.measured(try sky.frame(here.bench, pointing: false))
            #expect(event.solution == nil && !event.hasWorldCoordinates && event.flags.contains("notSolved"))
            let reason = try #require(event.notSolved)
            #expect(reason.contains("no pointing is known"))
            #expect(reason.contains("over the whole sky: catalogue small has no index of the whole sky"), "\(reason)")
        }
    }

    @Test("a date to which no star can be followed is the frame's own fault, whatever the catalogue is like")
    func impossibleDate() throws {
        try SkyBench.with(sky, index: true) { here in
            for isDamaged in [false, true] {
                if isDamaged { try [here.tile, here.index].forEach(SkyBench.damage) }
                var frame = try sky.frame(here.bench)
                // 9999-12-31
                frame.exposure.midpointMJDUTC = 2_973_483
                let event = try here.stage.measured(frame)
                #expect(event.flags.contains("notSolved") && event.solution == nil)
                let reason = try #require(event.notSolved)
                #expect(reason.contains("epoch [yr] 9999") && reason.contains("correct the date"), "\(reason)")
            }
        }
    }

    @Test("a pointing that is none is the frame's own fault", arguments: [95, -1e9])
    func impossiblePointing(declination: Double) throws {
        try SkyBench.with(sky) { here in
            var frame = try sky.frame(here.bench)
            frame.exposure.decDegrees = declination
            #expect(try here.stage.measured(frame).notSolved?.contains("no pointing is known") == true)
        }
    }
}
