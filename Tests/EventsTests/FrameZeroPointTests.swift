import Events
import Foundation
import Testing

@Suite("The frame's zero point in a point of a light curve")
struct FrameZeroPointTests {
    private static func example(_ variant: String) throws -> String {
        try String(
            contentsOf: ContractFiles.schemas.appending(path: "photometry.measured/v1.example.\(variant).json"),
            encoding: .utf8)
    }

    private func decode(_ text: String) throws -> PhotometryMeasured {
        let message = Message(
            topic: PhotometryMeasured.type.topic, key: "t", headers: [.init("ce_id", "1")], value: Data(text.utf8))
        return try EventCodec.decode(PhotometryMeasured.self, from: message).payload
    }

    @Test("is read with its transparency, extinction, colour term and the bands that were tried")
    func whole() throws {
        let point = try #require(try decode(Self.example("unfiltered")).frameZeroPoint)
        #expect(point.transparency == EstimateFacts(value: 0.962, error: 0.0113))
        #expect(point.extinction == EstimateFacts(value: 0.157, error: 0.018))
        #expect(point.colourTerm?.colour == "Johnson-Cousins B-V" && point.colourTerm?.pivot == 0.65)
        let choice = try #require(point.bandChoice)
        #expect(choice.decidedBy == "night" && choice.chosen.band == point.band)
        #expect(choice.rivals.map(\.band) == ["Johnson-Cousins R", "Johnson-Cousins B", "SDSS g"])
        #expect(choice.rivals[2].stars == nil && choice.rivals[2].objection != nil)
        let numbers = try ([choice.chosen] + choice.rivals.prefix(2)).map { trial in
            (try #require(trial.scatterPerRootN), try #require(trial.scatter), Double(try #require(trial.stars)))
        }
        for (merit, scatter, stars) in numbers { #expect(abs(merit - scatter / stars.squareRoot()) < 1e-5) }
    }

    @Test("may be absent, wholly or in part: events of before are read")
    func absent() throws {
        #expect(try decode(Self.example("check")).frameZeroPoint == nil)
        let least = FrameZeroPointFacts(
            id: "4f7be2190c3d4a56", catalogue: "tycho-1", band: "Johnson-Cousins V", magnitudeSystem: "Vega",
            magnitude: 20, magnitudeError: 0.01, stars: 5, scatter: 0, intrinsicScatter: 0)
        var point = try decode(Self.example("catalogue"))
        point.frameZeroPoint = least
        let written = String(decoding: try EventCodec.json(point), as: UTF8.self)
        #expect(try decode(written) == point && !written.contains("transparency"))
        let nulls = written.replacing("\"airmass\":1.118", with: "\"airmass\":1.118,\"checkStar\":null")
            .replacing("\"catalogue\":\"tycho-1\",\"id\"", with: "\"airmass\":null,\"catalogue\":\"tycho-1\",\"id\"")
        #expect(nulls != written)
        #expect(try decode(nulls) == point)
    }

    @Test(
        "hostile values are refused with the name of the field",
        arguments: [
            ("\"magnitudeError\": 0.0104", "\"magnitudeError\": -0.01", "frameZeroPoint.magnitudeError"),
            ("\"magnitude\": 20.4127", "\"magnitude\": \"NaN\"", "frameZeroPoint.magnitude"),
            ("\"magnitude\": 20.4127", "\"magnitude\": null", "frameZeroPoint.magnitude"),
            ("\"stars\": 58,\n    \"scatter\": 0.0806,\n    \"intr", "\"stars\": 0,\n \"intr", "frameZeroPoint.stars"),
            ("\"intrinsicScatter\": 0.0412", "\"intrinsicScatter\": -1", "frameZeroPoint.intrinsicScatter"),
            ("\"airmass\": 1.121", "\"airmass\": -3", "frameZeroPoint.airmass"),
            ("\"value\": 0.962", "\"value\": 0", "frameZeroPoint.transparency"),
            ("\"value\": 0.962", "\"value\": -0.5", "frameZeroPoint.transparency"),
            ("\"error\": 0.0113", "\"error\": -1", "frameZeroPoint.transparency.error"),
            ("\"error\": 0.0113", "\"other\": 1", "frameZeroPoint.transparency.error"),
            ("\"error\": 0.018", "\"error\": true", "frameZeroPoint.extinction.error"),
            ("\"error\": 0.0121", "\"error\": -2", "frameZeroPoint.colourTerm.error"),
            ("\"decidedBy\": \"night\"", "\"decidedBy\": 7", "frameZeroPoint.bandChoice.decidedBy"),
            ("\"stars\": 41", "\"stars\": -41", "frameZeroPoint.bandChoice.rivals.[0].stars"),
            ("\"stars\": 41", "\"stars\": 41.5", "frameZeroPoint.bandChoice.rivals[0].stars"),
            (
                "\"scatterPerRootN\": 0.01426", "\"scatterPerRootN\": -1",
                "frameZeroPoint.bandChoice.rivals.[0].scatterPerRootN"
            ),
            ("\"band\": \"SDSS g\"", "\"name\": \"g\"", "frameZeroPoint.bandChoice.rivals.[2].band"),
        ])
    func hostile(good: String, bad: String, field: String) throws {
        let example = try Self.example("unfiltered")
        let damaged = example.replacing(good, with: bad)
        #expect(damaged != example)
        let error = #expect(throws: MalformedEvent.self) { try decode(damaged) }
        #expect(error?.reason.contains("'\(field)'") == true, "\(error?.reason ?? "no error")")
    }
}
