import Events
import Foundation
import Pipeline
import PortableNumbers
import PostgresStore
import TestKit
import Testing

@testable import archiver

@Suite("Closing a night")
struct NightTests {
    private let all = [0: "c1", 1: "c1", 2: "c1", 3: "c1", 4: "c1"]

    @Test("a night is closed step by step, and only when each step's work is done")
    func states() throws {
        try withBench { bench in
            try bench.target(targetDocument())
            try bench.observe([0, 1, 2, 3])
            try bench.hear(bench.received(4))
            try bench.requestClose()
            try bench.close.advance()
            #expect(try bench.state == "requested", "frame 4 has no fate yet")
            try bench.observe([4])
            try bench.close.advance()
            #expect(try bench.state == "recalibrating")
            #expect(try bench.said(NightClosed.self).map(\.frames) == [5])
            try bench.hear(bench.recalibrated(all, revision: 7))
            try bench.close.advance()
            #expect(try bench.state == "recalibrating", "the answer to another closing")
            var recipes = all
            recipes[2] = "c2"
            try bench.hear(bench.recalibrated(recipes, revision: 1))
            try bench.close.advance()
            #expect(try bench.state == "measuring", "frame 2 is not measured with its final masters yet")
            try bench.observe([2], recipe: "c2", rank: 1)
            try bench.close.advance()
            #expect(try bench.state == "forcing")
            try bench.close.advance()
            #expect(try bench.state == "closed")
            let sums = try bench.said(LedgerReconciled.self)
            #expect(sums.map { [$0.received, $0.measured, $0.rejected, $0.deadLettered] } == [[5, 5, 0, 0]])
            #expect(try bench.points().allSatisfy { !$0.provisional && $0.version == 2 })
        }
    }

    @Test(
        "points get versions: provisional, final, and a new one only when the night says something else; then withdrawn"
    )
    func versions() throws {
        try withBench { bench in
            try bench.target(targetDocument())
            try bench.observe(Array(0...4))
            #expect(try bench.points().map(\.version) == [1, 1, 1, 1, 1])
            #expect(try bench.points().allSatisfy { $0.provisional && $0.magnitude != nil })
            try bench.closeNight(all)
            #expect(try bench.points().map(\.version) == [2, 2, 2, 2, 2])
            let first = try bench.points()
            try bench.closeNight(all, revision: 2)
            #expect(try bench.points() == first, "nothing new, no new versions")
            // Frame 3 in new masters is fainter, and on frame 4 the field is another one.
            try bench.observe([3], recipe: "c2", rank: 3, target: 45_000)
            try bench.hear(
                bench.measured(
                    4, recipe: "c2", rank: 3, table: bench.table([(100, 70, 5_000)], as: "detections/o.fits")))
            try bench.closeNight([0: "c1", 1: "c1", 2: "c1", 3: "c2", 4: "c2"], revision: 3)
            let last = try bench.points()
            #expect(last[4].withdrawn && last[4].magnitude == nil && last[4].limitMagnitude == nil)
            #expect((last[3].magnitude ?? 0) > (first[3].magnitude ?? 0) + 0.7)
            #expect(last[3].version == 4 && last[4].version == 4)
            let said = try bench.said(PhotometryMeasured.self)
            #expect(Set(said.map(\.measurementID)).count == said.count)
            #expect(try bench.count("archive.point") == said.count)
        }
    }

    @Test("the final light curve is the same, whatever the order in which the frames came")
    func orderOfArrival() throws {
        var curves: [[PhotometryMeasured]] = []
        var order = SplitMix64(seed: 3)
        for _ in 0..<4 {
            try withBench { bench in
                try bench.target(targetDocument())
                try bench.observe(Array(0...4).shuffled(using: &order))
                try bench.closeNight(all)
                curves.append(try bench.points())
            }
        }
        #expect(curves[0].count == 5)
        for curve in curves { #expect(curve == curves[0]) }
    }

    @Test("frames that failed do not keep a night open, and are in its sums")
    func failed() throws {
        try withBench { bench in
            try bench.target(targetDocument())
            try bench.observe([0, 1, 2])
            for number in [3, 4] { try bench.hear(bench.received(number)) }
            try bench.hear(bench.rejected(3, by: "calibrator"))
            try bench.hear(bench.letter(4, by: "photometer"))
            try bench.closeNight([0: "c1", 1: "c1", 2: "c1", 4: "c1"])
            #expect(try bench.state == "closed")
            let sums = try bench.said(LedgerReconciled.self)
            #expect(sums.map { [$0.received, $0.measured, $0.rejected, $0.deadLettered] } == [[5, 3, 1, 1]])
        }
    }

    @Test("a frame of another field is measured and says nothing of the target")
    func otherField() throws {
        try withBench { bench in
            try bench.target(targetDocument())
            try bench.observe([0, 1])
            let other = (0..<20).map { index -> Star in
                let (x, y) = (Double((index * 71) % 190), Double((index * index * 13) % 140))
                return (x, y, Double(5_000 + index))
            }
            try bench.hear(bench.received(2))
            try bench.hear(bench.measured(2, table: bench.table(other, as: "detections/other.fits")))
            #expect(try bench.fate(2) == "measured")
            try bench.hear(bench.received(3))
            try bench.hear(bench.measured(3, table: bench.table([], as: "detections/none.fits")))
            #expect(try bench.fate(3) == "measured")
            try bench.closeNight([0: "c1", 1: "c1", 2: "c1", 3: "c1"])
            #expect(try bench.state == "closed")
            #expect(try bench.points().map(\.frameID) == [hexadecimal(0), hexadecimal(1)])
        }
    }
}

@Suite("Forced photometry")
struct ForcedTests {
    private func answer(_ request: MeasurementRequested) -> MeasurementMade {
        MeasurementMade(
            requestID: request.requestID, frameID: request.frame.frameID, field: request.field,
            calibratedRecipe: request.frame.recipe,
            measurements: request.positions.map {
                ForcedMeasurement(
                    star: $0.star, x: $0.x, y: $0.y, fluxElectrons: 50_000, fluxErrorElectrons: 250,
                    backgroundElectrons: 1,
                    flags: 4096)
            })
    }

    @Test("a request without an answer is asked again, with the same id, until it is answered; twice answered is once")
    func unanswered() throws {
        try withBench { bench in
            try bench.target(targetDocument(forced: "always"))
            try bench.observe([0])
            let request = try #require(bench.said(MeasurementRequested.self).first)
            #expect(request.positions.count == 4)
            usleep(20_000)
            try bench.sweep.run()
            #expect(try bench.said(MeasurementRequested.self) == [request])
            for _ in 0..<2 { try bench.hear(answer(request)) }
            usleep(20_000)
            try bench.sweep.run()
            #expect(try bench.said(MeasurementRequested.self).isEmpty)
            #expect(try bench.bus.events(PhotometryMeasured.self).count == 1)
            #expect(try bench.count("archive.star_flux") == 4)
        }
    }

    @Test("an answer nobody asked for changes nothing")
    func unasked() throws {
        try withBench { bench in
            try bench.observe([0])
            let made = MeasurementMade(
                requestID: "nobody's", frameID: hexadecimal(0), field: "f", calibratedRecipe: "c1", measurements: [])
            try bench.hear(made)
            #expect(try bench.count("archive.star_flux") == 0)
        }
    }

    @Test("a request that was dead-lettered does not keep the night open for ever")
    func deadLettered() throws {
        try withBench { bench in
            try bench.target(targetDocument(forced: "always"))
            try bench.observe([0, 1])
            let requests = try bench.said(MeasurementRequested.self)
            #expect(requests.count == 2)
            try bench.hear(answer(requests[0]))
            try bench.closeNight([0: "c1", 1: "c1"])
            #expect(try bench.state == "forcing")
            var letter = bench.letter(1, by: "photometer")
            letter.originalTopic = MeasurementRequested.type.topic
            letter.originalValueBase64 = try EventCodec.json(requests[1]).base64EncodedString()
            try bench.hear(letter)
            try bench.close.advance()
            #expect(try bench.state == "closed")
            #expect(try bench.fate(1) == "measured")
            #expect(try bench.points().count == 1)
        }
    }
}
