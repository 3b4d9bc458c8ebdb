import Documents
import Foundation
import Instruments
import Sky
import Testing

private func problems(_ json: String) -> [String] {
    do {
        _ = try decodeDocument(InstrumentDocument.self, from: json.utf8, name: "i.json")
        return []
    } catch {
        return error.problems.map(\.description)
    }
}

private func targetProblems(_ json: String) -> [String] {
    do {
        _ = try decodeDocument(TargetDocument.self, from: json.utf8, name: "t.json")
        return []
    } catch {
        return error.problems.map(\.description)
    }
}

/// Every property of a schema that the example does not show, and the other way round.
private func differences(schema: Any?, example: Any?, path: String) -> [String] {
    guard let schema = schema as? [String: Any] else { return [] }
    if let items = schema["items"], let list = example as? [Any] {
        return differences(schema: items, example: list.first, path: path + "[0]")
    }
    guard let properties = schema["properties"] as? [String: Any], let shown = example as? [String: Any] else {
        return []
    }
    if let values = schema["additionalProperties"] as? [String: Any] {
        return shown.flatMap { differences(schema: values, example: $0.value, path: "\(path).\($0.key)") }
    }
    let free: Set<String> = ["comment", "$schema"]
    // These exclude what the example shows.
    let excluded: Set<String> = [
        "readNoiseADU", "apertureRadiusPixels", "apertureRadiusFWHM", "headerGainIsElectronsPerADU",
    ]
    let missing = Set(properties.keys).subtracting(shown.keys).subtracting(free).subtracting(excluded)
    let extra = Set(shown.keys).subtracting(properties.keys)
    return missing.sorted().map { "\(path).\($0) is in the schema only" }
        + extra.sorted().map { "\(path).\($0) is in the example only" }
        + properties.flatMap { differences(schema: $0.value, example: shown[$0.key], path: "\(path).\($0.key)") }
}

@Suite("documents")
struct DocumentTests {
    @Test("the schema, the complete example and the type name the same fields", arguments: ["instrument", "target"])
    func schemaAndExample(kind: String) throws {
        let folder = Places.root.appending(path: "schemas/documents")
        let schemaBytes = try Data(contentsOf: folder.appending(path: "\(kind).schema.json"))
        let exampleBytes = try Data(contentsOf: folder.appending(path: "\(kind).example.json"))
        let schema = try JSONSerialization.jsonObject(with: schemaBytes) as? [String: Any]
        let example = try JSONSerialization.jsonObject(with: exampleBytes)
        #expect(differences(schema: schema, example: example, path: "") == [])
        let fields = Set((schema?["properties"] as? [String: Any] ?? [:]).keys).subtracting(["comment", "$schema"])
        #expect(fields == Set(kind == "target" ? TargetDocument.fieldNames : InstrumentDocument.fieldNames))
    }

    @Test("a document survives being written and read again")
    func roundTrip() throws {
        let folder = Places.root.appending(path: "schemas/documents")
        let bytes = try Data(contentsOf: folder.appending(path: "instrument.example.json"))
        let instrument = try decodeDocument(InstrumentDocument.self, from: bytes, name: "instrument.example.json")
        let again = try decodeDocument(InstrumentDocument.self, from: JSONEncoder().encode(instrument), name: "again")
        #expect(again == instrument)
        #expect(instrument.keywords[.rightAscension] == ["OBJCTRA"])
        let targetBytes = try Data(contentsOf: folder.appending(path: "target.example.json"))
        let target = try decodeDocument(TargetDocument.self, from: targetBytes, name: "target.example.json")
        #expect(try decodeDocument(TargetDocument.self, from: JSONEncoder().encode(target), name: "again") == target)
        #expect(try JSONDecoder().decode(TargetDocument.self, from: targetBytes) == target)
        let position = try #require(try target.position())
        #expect(abs(position.raDegrees - (21 + 42.0 / 60 + 42.8 / 3600) * 15) < 1e-9)
        #expect(target.shows(object: " ss  CYG "))
        #expect(!target.shows(object: "SS Cygni") && !target.shows(object: nil))
    }

    @Test("every document under examples is sound")
    func examples() throws {
        let folder = Places.root.appending(path: "examples")
        var count = 0
        for set in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil) {
            for file in try Places.json(in: set.appending(path: "instruments")) {
                _ = try decodeDocument(
                    InstrumentDocument.self, from: Data(contentsOf: file), name: file.lastPathComponent)
                count += 1
            }
            for file in try Places.json(in: set.appending(path: "targets")) {
                _ = try decodeDocument(TargetDocument.self, from: Data(contentsOf: file), name: file.lastPathComponent)
                count += 1
            }
        }
        #expect(count >= 9)
    }

    @Test("only the id is needed, and software may be one name")
    func minimal() throws {
        #expect(problems(#"{"id": "a"}"#) == [])
        let one = try decodeDocument(
            InstrumentDocument.self, from: #"{"id": "a", "software": "nina"}"#.utf8, name: "i")
        #expect(one.software == ["nina"])
    }

    @Test("values that make no sense are all named")
    func values() {
        let json = """
            {"id": "../x", "revision": 0, "software": ["maxindl"], "gain": {"electronsPerADU": -1},
             "readNoiseElectrons": 5, "readNoiseADU": 2, "saturationADU": 0, "binning": 0,
             "keywords": {"rightAscension": ["RA"], "gain": "EGAIN"},
             "time": {"utcOffset": "PST"}, "site": {"latitude": 95, "longitude": 0},
             "acceptance": {"minimumTemperatureCelsius": 5, "maximumTemperatureCelsius": -5},
             "photometry": {"apertureRadiusPixels": 4, "apertureRadiusFWHM": 1.5,
                            "annulus": {"innerRadiusPixels": 9, "outerRadiusPixels": 9}},
             "trim": {"firstRows": -1}}
            """
        let found = problems(json)
        let fields = found.map { String($0.prefix { $0 != ":" }) }
        #expect(
            fields == [
                "id", "revision", "software", "keywords.declination", "gain.electronsPerADU", "readNoiseADU",
                "saturationADU", "binning", "time.utcOffset", "site", "acceptance.maximumTemperatureCelsius",
                "photometry.apertureRadiusFWHM", "photometry.annulus.outerRadiusPixels", "trim.firstRows",
            ])
        #expect(found.contains { $0.contains("did you mean \"maximdl\"?") })
    }

    @Test("two spellings that are compared as one are refused")
    func sameSpelling() {
        #expect(
            problems(#"{"id": "a", "imageTypes": {"Sky-1": "flat", "sky 1": "dark"}, "filters": {"v": "V", "V": "B"}}"#)
                == [
                    "imageTypes.sky 1: is the same as \"Sky-1\" when compared",
                    "filters.v: is the same as \"V\" when compared",
                ])
    }

    @Test("a misspelt fact or enumeration inside a document is named with its path")
    func misspelt() {
        #expect(
            problems(#"{"id": "a", "keywords": {"exposre": ["EXPTIME"]}, "time": {"timestamp": "mid"}}"#) == [
                "time.timestamp: \"mid\" is not one of start, middle, end",
                "keywords.exposre: unknown field; did you mean \"exposure\"?",
            ])
        #expect(
            problems(#"{"id": "a", "imageTypes": {"Lite": "lihgt"}}"#) == [
                "imageTypes.Lite: \"lihgt\" is not one of light, bias, dark, flat; did you mean \"light\"?"
            ])
        #expect(problems(#"{"id": "a", "site": {"latitude": true, "longitude": "1 2 3"}}"#).count == 1)
    }

    @Test("a target needs a place, and pixels need their frame")
    func targetPlaces() {
        #expect(targetProblems(#"{"id": "t", "ra": 10, "dec": "-5 30 00"}"#) == [])
        #expect(targetProblems(#"{"id": "t"}"#) == ["ra: give ra and dec, or pixel, or both"])
        #expect(targetProblems(#"{"id": "t", "ra": 10}"#) == ["dec: is missing beside ra"])
        #expect(
            targetProblems(#"{"id": "t", "pixel": {"x": 1, "y": 2}}"#) == [
                "pixel.frame: must name the frame the pixels belong to"
            ])
        #expect(targetProblems(#"{"id": "t", "ra": "25:00:00 x", "dec": 91}"#).count == 2)
        let twice = """
            {"id": "t", "ra": 1, "dec": 2, "comparisonStars": [
              {"id": "A", "pixel": {"x": 1, "y": 1}}, {"id": "A", "ra": 3, "dec": 4}]}
            """
        #expect(
            targetProblems(twice).map { String($0.prefix(24)) } == [
                "comparisonStars[0].pixel", "comparisonStars[1].id: \"",
            ])
    }
}
