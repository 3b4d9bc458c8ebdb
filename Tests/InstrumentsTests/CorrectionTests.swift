import Documents
import Imaging
import Instruments
import Testing

private func document(_ fields: String) throws -> InstrumentDocument {
    try decodeDocument(InstrumentDocument.self, from: "{\"id\": \"cam\", \(fields)}".utf8, name: "i.json")
}

private func problems(_ fields: String) -> [String] {
    do {
        _ = try document(fields)
        return []
    } catch let error as DocumentError {
        return error.problems.map(\.description)
    } catch {
        return ["\(error)"]
    }
}

private func facts(_ fields: String, _ cards: [(String, HeaderValue)] = []) throws -> ExposureFacts {
    var header = Header()
    for (keyword, value) in [
        ("IMAGETYP", .string("light")), ("EXPTIME", .real(60)), ("DATE-OBS", .string("2024-03-01T22:00:00")),
    ] + cards { header.append(keyword, value) }
    return try normalise(header: header, width: 1064, height: 1024, instrument: document(fields))
}

private let twoRegions = """
    "overscan": {"regions": [
        {"biassec": "[513:532,1:1024]", "trimsec": "[1:512,1:1024]"},
        {"biassec": "[533:552,1:1024]", "trimsec": "[553:1064,1:1024]"}], "fit": "legendre"}
    """

private func plainFacts(_ fields: String) throws -> InstrumentFacts { try facts(fields).instrument }

@Suite("corrections of the camera in the instrument document")
struct CorrectionTests {
    @Test("sections of the document become sections of the frame, and trim counts from what is left")
    func document() throws {
        let facts = try facts(twoRegions + ", \"trim\": {\"firstRows\": 4}, \"bleeding\": \"none\"").instrument
        let overscan = try #require(facts.corrections.overscan)
        #expect(overscan.regions[1].data == FrameSection(x0: 552, x1: 1064, y0: 0, y1: 1024))
        #expect(overscan.fit == .legendre && overscan.order == 3 && overscan.along == .rows)
        #expect(facts.corrections.preparedSize(width: 1064, height: 1024) == (1024, 1024))
        #expect(facts.usableRegion == PixelRegion(x0: 0, x1: 1024, y0: 4, y1: 1024))
        #expect(facts.corrections.bleedingAlong == nil)
        #expect(try plainFacts("\"name\": \"plain\"").corrections == DetectorCorrections())
    }

    @Test("sections come from BIASSEC and TRIMSEC, else DATASEC, of the header; without them there is a note")
    func header() throws {
        let field = "\"overscan\": {\"fromHeader\": true}"
        let trim = try facts(
            field,
            [
                ("BIASSEC", .string("[1041:1064,1:1024]")), ("DATASEC", .string("[1:1040,1:1024]")),
                ("TRIMSEC", .string("[17:1040,1:1024]")),
            ])
        #expect(trim.instrument.corrections.overscan?.regions[0].data.fitsText == "[17:1040,1:1024]")
        let data = try facts(
            field, [("BIASSEC", .string("[1041:1064,1:1024]")), ("DATASEC", .string("[1:1040,1:1024]"))])
        #expect(data.instrument.corrections.overscan?.regions[0].data.fitsText == "[1:1040,1:1024]")
        for cards: [(String, HeaderValue)] in [
            [], [("BIASSEC", .string("[1041:1064,1:1024]"))],
            [("BIASSEC", .string("everything")), ("TRIMSEC", .string("[1:1040,1:1024]"))],
            [("BIASSEC", .string("[1041:2000,1:1024]")), ("TRIMSEC", .string("[1:1040,1:1024]"))],
            [("BIASSEC", .string("[1000:1064,1:1024]")), ("TRIMSEC", .string("[1:1040,1:1024]"))],
        ] {
            let found = try facts(field, cards)
            #expect(found.instrument.corrections.overscan == nil)
            #expect(found.notes.contains { $0.code == .correctionSkipped })
        }
    }

    @Test("sections that are not in a frame of this size are left out with a note, and so is a linearity without level")
    func otherSize() throws {
        let outside = twoRegions.replacing("553:1064", with: "553:2000")
        let found = try facts(outside + ", \"linearity\": {\"coefficients\": [1e-7]}")
        #expect(found.instrument.corrections.overscan == nil && found.instrument.corrections.linearity == nil)
        #expect(found.notes.filter { $0.code == .correctionSkipped }.count == 2)
        let rows = try facts("\"rowNoise\": {\"from\": \"darkColumns\", \"darkColumns\": \"[1:9,1:5000]\"}")
        #expect(rows.instrument.corrections.rowNoise == nil)
    }

    @Test(
        "what makes no sense is a problem with its field",
        arguments: [
            ("\"overscan\": {}", "overscan.regions"),
            ("\"overscan\": {\"fromHeader\": true, \"order\": 2}", "overscan.order"),
            ("\"overscan\": {\"regions\": [{\"biassec\": \"[1:9\", \"trimsec\": \"[10:20,1:5]\"}]}", "[0].biassec"),
            ("\"overscan\": {\"regions\": [{\"biassec\": \"[1:9,1:5]\", \"trimsec\": \"[9:20,1:5]\"}]}", "[0].biassec"),
            ("\"overscan\": {\"regions\": [], \"bias\": 3}", "overscan.bias"),
            ("\"linearity\": {\"coefficients\": [1e-6]}", "linearity.pedestalADU"),
            ("\"linearity\": {\"coefficients\": [], \"pedestalADU\": 0}", "linearity.coefficients"),
            ("\"linearity\": {\"coefficients\": [-1e-5], \"pedestalADU\": 0}", "linearity.coefficients"),
            ("\"rowNoise\": {\"from\": \"darkColumns\"}", "rowNoise.darkColumns"),
            ("\"rowNoise\": {\"from\": \"stars\"}", "rowNoise.from"),
            ("\"bleeding\": \"sideways\"", "bleeding"),
            ("\"dark\": {\"model\": \"cubic\"}", "dark.model"),
            (
                "\"crosstalk\": {\"amplifiers\": [{\"section\": \"[1:9,1:9]\"}], \"coefficients\": [[0]]}",
                "crosstalk.amplifiers"
            ),
            (
                "\"crosstalk\": {\"amplifiers\": [{\"section\": \"[1:9,1:9]\"}, {\"section\": \"[10:18,1:9]\"}], "
                    + "\"coefficients\": [[0, 0.7], [1e-3, 1e-3]]}", "crosstalk.coefficients[1][1]"
            ),
        ])
    func problem(fields: String, field: String) {
        let found = problems(fields)
        #expect(found.contains { $0.contains(field) }, "\(found)")
    }
}
