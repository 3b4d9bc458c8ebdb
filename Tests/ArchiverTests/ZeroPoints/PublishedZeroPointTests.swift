import Events
import Foundation
import PhotometricCalibration
import PostgresStore
import Sky
import TestKit
import Testing

@testable import archiver
@testable import nightjar

@Suite("Zero points of frames in the events of their points")
struct PublishedZeroPointTests {
    private func target(_ sky: SimulatedSky, star: Int = 0) -> String {
        let place = sky.fields[0][star].position
        return """
            {"id": "star-\(star)", "revision": 1, "ra": \(place.raDegrees), "dec": \(place.decDegrees)}
            """
    }

    /// Over four hours, a cloud before one of the frames.
    private let numbers = [0, 14, 28, 42, 56, 70]
    private func frames(filter: String? = "V") -> [SkyFrame] {
        numbers.map { SkyFrame(number: $0, field: 0, filter: filter, cloud: $0 == 42 ? 0.4 : 0, isSolved: true) }
    }

    @Test("band, catalogue, error, stars, scatter, colour term, airmass, extinction and transparency are the record's")
    func record() throws {
        let sky = try SimulatedSky(seed: 43, fields: 1, starsPerField: 60)
        try withSky(sky) { bench, _ in
            try bench.target(target(sky))
            try bench.observe(frames(), of: sky)
            let early = try bench.said(PhotometryMeasured.self).compactMap(\.frameZeroPoint)
            #expect(early.count == 6 && early.allSatisfy { $0.extinction == nil && $0.bandChoice == nil })
            try bench.closeNight(numbers)
            let points = try bench.said(PhotometryMeasured.self)
            for (point, row) in zip(points, try bench.zeroPoints()) {
                let said = try #require(point.frameZeroPoint)
                #expect(try said.id == row.text("zero_point_id") && said.catalogue == row.text("catalogue"))
                #expect(said.band == "Johnson-Cousins V" && said.magnitudeSystem == "Vega")
                #expect(try said.magnitude == row.double("zero_point"))
                #expect(try said.magnitudeError == row.double("zero_point_err"))
                #expect(try said.stars == row.int("stars") && said.intrinsicScatter == row.double("scatter"))
                #expect(said.scatter > 0.005 && said.scatter < 0.05)
                let term = try #require(said.colourTerm)
                #expect(term.colour == "Johnson-Cousins B-V" && term.pivot == 0.65)
                #expect(abs(term.value - SimulatedSky.colourTerm) < 4 * term.error && term.error < 0.02)
                #expect(try said.airmass == row.double("airmass"))
                #expect(try said.transparency?.value == row.double("transparency"))
                let clear = try #require(said.transparency)
                let truth = point.frameID == hexadecimal(42) ? pow(10, -0.4 * 0.4) : 1
                #expect(abs(clear.value - truth) < 4 * clear.error && clear.error < 0.05, "\(clear) \(truth)")
                let extinction = try #require(said.extinction)
                #expect(abs(extinction.value - SimulatedSky.extinction) < 4 * extinction.error)
                #expect(extinction.error < 0.1)
            }
            #expect(Set(points.map(\.measurementID)).count == 6)
            try bench.closeNight(numbers, revision: 2)
            #expect(try bench.said(PhotometryMeasured.self).isEmpty, "nothing new is nothing to say")
        }
    }

    @Test("where the filter does not say the band, the choice and its rivals are told, of the frame and of the night")
    func choice() throws {
        let sky = try SimulatedSky(seed: 19, fields: 1, starsPerField: 40)
        try withSky(sky) { bench, _ in
            try bench.target(target(sky))
            try bench.observe(frames(filter: nil), of: sky)
            try bench.closeNight(numbers)
            for point in try bench.said(PhotometryMeasured.self) {
                let said = try #require(point.frameZeroPoint)
                let choice = try #require(said.bandChoice)
                #expect(choice.decidedBy == (point.provisional ? "frame" : "night"))
                #expect(choice.chosen.band == said.band && said.band == "Johnson-Cousins V")
                #expect(choice.rivals.contains { $0.band == "Johnson-Cousins B" })
                let least = try #require(choice.chosen.scatterPerRootN)
                #expect(choice.rivals.allSatisfy { ($0.scatterPerRootN ?? 1) > least || $0.objection != nil })
                let (scatter, stars) = (try #require(choice.chosen.scatter), try #require(choice.chosen.stars))
                #expect(abs(least - scatter / Double(stars).squareRoot()) < 1e-12)
            }
            // The same for people: in the table of zero points and in the ledger's line.
            let shown = try FrameZeroPoints(Record(bench.database))
            #expect(shown.rows.allSatisfy { $0.tried?.first?.band == "Johnson-Cousins V" })
            let lines = shown.csv.split(separator: "\n")
            #expect(lines[0].contains("airmass,extinction,extinction_err,transparency,transparency_err,bands_tried"))
            #expect(lines[1].contains(";") && lines[1].contains("Johnson-Cousins B"))
            let summary = try #require(shown.summaries.first)
            #expect(summary.tried?.first?.band == "Johnson-Cousins V" && summary.extinction != nil)
            #expect(summary.text.contains("bands by scatter per root n: Johnson-Cousins V 0.00"))
        }
    }

    @Test("a point on a sequence's scale has the frame's zero point too; without a catalogue there is none")
    func besides() throws {
        let sky = try SimulatedSky(seed: 47, fields: 1, starsPerField: 50)
        for hasCatalogue in [true, false] {
            try withSky(sky) { bench, _ in
                if !hasCatalogue { bench.reference = nil }
                try bench.target(target(sky))
                let stars = (21...26).map { index in
                    ComparisonSequence.Star(
                        id: "\(index)", raDegrees: sky.fields[0][index].position.raDegrees,
                        decDegrees: sky.fields[0][index].position.decDegrees, role: index == 26 ? .check : .comparison,
                        magnitudes: ["V": .init(magnitude: sky.fields[0][index].trueV, error: 0.01)])
                }
                try Record(bench.database).add(
                    ComparisonSequence(id: "X", target: "star-0", source: "simulated", stars: stars))
                try bench.observe(frames(), of: sky)
                try bench.closeNight(numbers)
                let points = try bench.said(PhotometryMeasured.self)
                #expect(points.count == 12 && points.allSatisfy { $0.zeroPoint == nil && $0.checkStar != nil })
                #expect(points.allSatisfy { ($0.frameZeroPoint != nil) == hasCatalogue })
            }
        }
    }
}
