import Events
import Foundation
import Sky
import Testing

@testable import photometer

/// Frames that only a search of the whole sky finds.
@Suite struct BlindFrameTests {
    private let sky = SmallSky(seed: 4, arcsecPerPixel: 50)

    private func error(_ event: FrameMeasured) throws -> Double {
        let solution = try #require(event.solution, "\(event.notSolved ?? "")")
        return SkyPosition.test(ra: solution.centreRADegrees, dec: solution.centreDecDegrees)
            .separationDegrees(from: SmallSky.centre) * 3600
    }

    @Test("a frame without a pointing is found by the catalogue's index; without the index it is another recipe")
    func noPointing() throws {
        try SkyBench.with(sky, index: true) { here in
            for scale in [52.0, nil] {
                var frame = try sky.frame(here.bench, pointing: false)
                frame.instrument.pixelScaleArcsec = scale
                let event = try here.stage.measured(frame)
                #expect(try error(event) < 25 && event.solution?.rung == "blind" && event.notSolved == nil)
                #expect(event.solution?.attempts.map(\.rung).contains("hint") == true)
                let index = try Data(contentsOf: here.index)
                try FileManager.default.removeItem(at: here.index)
                let without = try here.stage.measured(frame)
                #expect(without.solution == nil && without.recipe != event.recipe)
                try index.write(to: here.index)
                #expect(try here.stage.measured(frame) == event)
            }
        }
    }

    @Test("a pointing that is 60 degrees off is left behind, and said to be")
    func wrongPointing() throws {
        try SkyBench.with(sky, index: true) { here in
            var frame = try sky.frame(here.bench)
            frame.exposure.decDegrees = -30
            let event = try here.stage.measured(frame)
            #expect(try error(event) < 25 && event.solution?.rung == "blind")
            #expect(event.solution?.notes.contains { $0.contains("degrees from the pointing") } == true)
        }
    }

    @Test("stars of no sky are not found, with the reason of every rung")
    func nowhere() throws {
        let other = SmallSky(seed: 77, arcsecPerPixel: 50)
        try SkyBench.with(sky, index: true) { here in
            let event = try here.stage.measured(try other.frame(here.bench))
            #expect(event.solution == nil && event.flags.contains("notSolved"))
            for rung in ["around the pointing: ", "farther around: ", "over the whole sky: "] {
                #expect(event.notSolved?.contains(rung) == true, "\(event.notSolved ?? "-")")
            }
        }
    }
}
