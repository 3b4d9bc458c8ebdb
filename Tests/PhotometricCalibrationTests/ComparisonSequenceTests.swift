internal import Documents
internal import Foundation
internal import PhotometricCalibration
internal import PortableNumbers
internal import Testing

private let frame = SimulatedField().frame

private let chart = """
    {"id": "X1", "target": "SS Cyg", "source": "a chart", "stars": [
      {"id": "109", "raDegrees": 325.6, "decDegrees": 43.5, "role": "comparison",
       "magnitudes": {"V": {"magnitude": 10.9, "error": 0.01}, "B": {"magnitude": 11.4}}},
      {"id": "113", "raDegrees": 325.7, "decDegrees": 43.6, "role": "comparison",
       "magnitudes": {"V": {"magnitude": 11.3, "error": 0.01}}},
      {"id": "117", "raDegrees": 325.8, "decDegrees": 43.7, "role": "check",
       "magnitudes": {"V": {"magnitude": 11.7, "error": 0.02}}}]}
    """

private func flux(_ magnitude: Double) -> Double { 30 * Elementary.exp((25 - magnitude) / 1.085_736_204_758_129_6) }

private func shown(_ id: String, _ magnitude: Double) -> SequenceMeasurement {
    SequenceMeasurement(starID: id, flux: Measured(flux(magnitude), error: 0.002 * flux(magnitude)), x: 100, y: 100)
}

@Suite struct ComparisonSequenceTests {
    private func sequence() throws -> ComparisonSequence {
        try decodeDocument(ComparisonSequence.self, from: Array(chart.utf8), name: "chart")
    }

    @Test("comparison stars give the zero point, the check star tells how good it is")
    func check() throws {
        let visual = try #require(PhotometricBand(system: .johnsonCousins, name: "V"))
        let found = try calibrate(
            [shown("109", 10.9), shown("113", 11.3), shown("117", 11.73)], by: sequence(), band: visual, frame: frame,
            colourTerm: .none(pivotColour: 0.6))
        #expect(abs(found.solution.zeroPoint.value - 25) < 1e-3)
        #expect(found.solution.counts.given == 2)
        let check = try #require(found.check)
        #expect(check.id == "117")
        #expect(abs(check.residual.value - 0.03) < 2e-3)
        #expect(check.residual.error > 0.02)
        #expect(check.residual.error < 0.06)
    }

    @Test("check stars' residuals have honest errors over many frames")
    func honest() throws {
        let visual = try #require(PhotometricBand(system: .johnsonCousins, name: "V"))
        let sequence = try sequence()
        var pulls = Pulls()
        var words = SplitMix64(seed: 1)
        for _ in 0..<800 {
            let stars = zip(["109", "113", "117"], [10.9, 11.3, 11.7]).map { id, magnitude in
                let published = id == "117" ? 0.02 : 0.01
                let extra = (published * published + 0.02 * 0.02).squareRoot() * words.gaussian()
                return shown(id, magnitude + extra + 0.00217 * words.gaussian())
            }
            let found = try calibrate(
                stars, by: sequence, band: visual, frame: frame, colourTerm: .none(pivotColour: 0.6))
            pulls.add(try #require(found.check).residual, truth: 0)
        }
        // Two comparison stars do not tell the scatter: errors are wide.
        #expect((0.58...1.2).contains(pulls.width), "\(pulls.width)")
    }

    @Test("one comparison star is enough, none is not")
    func few() throws {
        let blue = try #require(PhotometricBand(system: .johnsonCousins, name: "B"))
        let one = try calibrate(
            [shown("109", 11.4), shown("113", 11.9)], by: sequence(), band: blue, frame: frame,
            colourTerm: .none(pivotColour: 0.6))
        #expect(abs(one.solution.zeroPoint.value - 25) < 1e-3)
        #expect(one.solution.zeroPoint.error > 0.01)
        #expect(one.check == nil)
        let red = try #require(PhotometricBand(system: .johnsonCousins, name: "R"))
        #expect(throws: NoZeroPoint.noStars) {
            try calibrate(
                [shown("109", 10.9)], by: sequence(), band: red, frame: frame, colourTerm: .none(pivotColour: 0.6))
        }
    }

    @Test(
        "a filter's frames are calibrated in its own band, or in the one that stands for it",
        arguments: [
            ("V", "V"), ("Johnson V", "V"), ("TG", "V"), ("CV", "V"), ("B", "B"), ("TB", "B"), ("R", nil),
            ("Clear", nil), ("CR", nil), ("Halpha", nil), ("", nil), (nil, nil),
        ] as [(String?, String?)])
    func bands(filter: String?, name: String?) throws {
        let band = try sequence().band(ofFilter: filter)
        #expect(band == name.flatMap { PhotometricBand(system: .johnsonCousins, name: $0) })
    }

    @Test("magnitudes of the check star alone make no band")
    func checkAlone() throws {
        var only = try sequence()
        only.stars[2].magnitudes["Ic"] = .init(magnitude: 10)
        #expect(only.band(ofFilter: "I") == nil)
        only.stars[0].magnitudes["SDSS r"] = .init(magnitude: 10)
        #expect(only.band(ofFilter: "rp") == PhotometricBand(system: .sdss, name: "r"))
    }

    @Test("the schema, the complete example and the type name the same fields, and a document survives being written")
    func example() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "schemas/documents")
        let bytes = try Data(contentsOf: folder.appending(path: "sequence.example.json"))
        let schema = try JSONSerialization.jsonObject(
            with: Data(contentsOf: folder.appending(path: "sequence.schema.json")))
        let properties = (schema as? [String: Any])?["properties"] as? [String: Any] ?? [:]
        let shown = try JSONSerialization.jsonObject(with: bytes) as? [String: Any] ?? [:]
        #expect(Set(properties.keys) == Set(shown.keys))
        #expect(Set(properties.keys).subtracting(["$schema", "comment"]) == Set(ComparisonSequence.fieldNames))
        let document = try decodeDocument(ComparisonSequence.self, from: bytes, name: "example")
        #expect(document.revision == 2 && document.checkStar?.id == "117" && document.comparisonStars.count == 2)
        let again = try decodeDocument(
            ComparisonSequence.self, from: JSONEncoder().encode(document), name: "again")
        #expect(again == document)
    }

    @Test("what is wrong in a sequence is named")
    func problems() throws {
        var wrong = try sequence()
        wrong.stars[1].id = "109"
        wrong.stars[0].role = .check
        wrong.stars[1].raDegrees = 400
        wrong.stars[2].magnitudes["V"]?.magnitude = .nan
        let fields = wrong.problems().map(\.field)
        #expect(fields == ["stars", "stars[1].id", "stars[1]", "stars[2].magnitudes.V"])
        wrong.stars = []
        #expect(wrong.problems().contains { $0.text == "none is a comparison star" })
    }
}
