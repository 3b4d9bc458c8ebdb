import Events
import Foundation
import Pipeline
import PostgresStore
import TestKit
import Testing

@testable import archiver

@Suite("What changes while a night is closed")
struct ReclosedNightTests {
    @Test("a final recipe that was lost while other masters came does not keep the night open: it is closed anew")
    func mastersChangeMeanwhile() throws {
        try withBench { bench in
            try bench.target(targetDocument())
            try bench.observe([0, 1, 2, 3])
            try bench.requestClose()
            try bench.close.advance()
            var recipes = [0: "c1", 1: "c1", 2: "c2", 3: "c1"]
            try bench.hear(bench.recalibrated(recipes, revision: 1))
            for _ in 0..<3 { try bench.close.advance() }
            #expect(try bench.state == "measuring")
            #expect(try bench.fate(2) == "pending", "announced again by the sweep")
            // The frame that was announced again meets flats that came meanwhile.
            try bench.observe([2], recipe: "c3")
            try bench.close.advance()
            #expect(try bench.state == "requested")
            try bench.close.advance()
            #expect(try bench.said(NightClosed.self).map(\.revision) == [1, 2])
            try bench.hear(bench.recalibrated(recipes, revision: 1))
            #expect(try bench.state == "recalibrating", "the answer to the first closing")
            recipes = [0: "c3", 1: "c3", 2: "c3", 3: "c3"]
            try bench.hear(bench.recalibrated(recipes, revision: 2))
            try bench.observe([0, 1, 3], recipe: "c3", rank: 2)
            for _ in 0..<3 { try bench.close.advance() }
            #expect(try bench.state == "closed")
            #expect(try bench.points().map(\.version) == [3, 3, 3, 3])
            #expect(try bench.points().allSatisfy { !$0.provisional })
        }
    }

    @Test("other masters that came before the frame was asked for again do not keep it pending, nor the night open")
    func mastersChangedBefore() throws {
        try withBench { bench in
            try bench.observe([0, 1])
            try bench.requestClose()
            try bench.close.advance()
            try bench.hear(bench.recalibrated([0: "c1", 1: "c2"], revision: 1))
            try bench.observe([1], recipe: "c3")
            try bench.close.advance()
            #expect(try bench.fate(1) == "pending")
            try bench.observe([1], recipe: "c3")
            #expect(try bench.fate(1) == "measured", "said again with the same words")
            for _ in 0..<2 { try bench.close.advance() }
            #expect(try bench.said(NightClosed.self).map(\.revision) == [1, 2])
            try bench.hear(bench.recalibrated([0: "c1", 1: "c3"], revision: 2))
            for _ in 0..<3 { try bench.close.advance() }
            #expect(try bench.state == "closed")
        }
    }

    @Test("the points of a frame that its channels supersede are withdrawn, and the closing of its night leaves it out")
    func superseded() throws {
        try withBench { bench in
            try bench.target(targetDocument())
            try bench.observe([0, 1, 2])
            #expect(try bench.points().count == 3)
            let whole = bench.received(2)
            for channel in FrameName.channels {
                var frame = whole
                frame.frameID = FrameName.id(ofFile: whole.raw.sha256, channel: channel)
                frame.exposure.bayer = BayerFacts(channel: channel, pattern: "RGGB", width: 400, height: 300)
                try bench.hear(frame)
                try bench.hear(
                    FrameRejected(
                        frameID: frame.frameID, originalName: "c", instrument: "cam", raw: nil, stage: "calibrator",
                        code: "corrupt", reason: "damaged"))
            }
            let points = try bench.points()
            #expect(points.map(\.withdrawn) == [false, false, true])
            #expect(points[2].magnitude == nil && points[2].version == 2)
            try bench.closeNight([0: "c1", 1: "c1", 2: "c2"])
            #expect(try bench.state == "closed", "its final recipe is not waited for")
            #expect(try bench.points().map(\.withdrawn) == [false, false, true])
            // A target that is added later is not looked for on it.
            try bench.target(targetDocument(revision: 2))
            try bench.measure.placeNewTargets()
            #expect(try bench.points().map(\.withdrawn) == [false, false, true])
        }
    }

    @Test("a final recipe that comes late is taken, without another closing")
    func lateVersion() throws {
        try withBench { bench in
            try bench.target(targetDocument())
            try bench.observe([0, 1, 2, 3])
            try bench.requestClose()
            try bench.close.advance()
            try bench.hear(bench.recalibrated([0: "c1", 1: "c1", 2: "c2", 3: "c1"], revision: 1))
            for _ in 0..<3 { try bench.close.advance() }
            // What was known is said again meanwhile, as after a broker that came back.
            for _ in 0..<2 {
                try bench.observe([2])
                #expect(try bench.fate(2) == "measured")
                try bench.close.advance()
                #expect(try bench.state == "measuring" && bench.fate(2) == "pending")
            }
            try bench.observe([2], recipe: "c2", rank: 1)
            for _ in 0..<3 { try bench.close.advance() }
            #expect(try bench.state == "closed")
            #expect(try bench.said(NightClosed.self).map(\.revision) == [1])
        }
    }
}
