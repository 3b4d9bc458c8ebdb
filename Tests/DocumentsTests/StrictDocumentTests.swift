import Documents
import Testing

private enum Mode: String, Decodable, CaseIterable { case fast, slow }

private struct Part: Decodable, Equatable {
    var width: Int
    var height: Int?
}

private struct Sample: CheckedDocument {
    var id: String
    var revision: Int
    var gain: Double?
    var mode: Mode?
    var parts: [Part]?
    var aliases: [String: String]?

    func problems() -> [DocumentProblem] {
        revision < 1 ? [DocumentProblem(field: "revision", text: "must be at least 1")] : []
    }
}

private func problems(_ json: String) -> [String] {
    do {
        _ = try decodeDocument(Sample.self, from: json.utf8, name: "camera.json")
        return []
    } catch {
        return error.description.split(separator: "\n").map(String.init)
    }
}

@Suite("strict documents")
struct StrictDocumentTests {
    @Test("a sound document is read, with comments anywhere and null as not given")
    func sound() throws {
        let json = """
            {"$schema": "x", "comment": "why", "id": "c\\u00e9\\n\\ud83d\\ude00", "revision": 2.0, "gain": null,
            "mode": "slow",
             "parts": [{"width": 3, "comment": 4}], "aliases": {"L": "clear", "comment": "ignored"}}
            """
        let sample = try decodeDocument(Sample.self, from: json.utf8, name: "camera.json")
        #expect(sample.id == "cé\n😀")
        #expect(sample.revision == 2)
        #expect(sample.gain == nil)
        #expect(sample.mode == .slow)
        #expect(sample.parts == [Part(width: 3, height: nil)])
        #expect(sample.aliases == ["L": "clear"])
    }

    @Test("all problems of a document come together, each with file and field")
    func together() {
        let json = """
            {"revision": "two", "gian": 1.5, "gain": "1.5", "mode": "slwo",
             "parts": [{"width": 1.5}, {"widht": 3}, 7, {"width": 2, "height": false}]}
            """
        #expect(
            problems(json) == [
                "camera.json: id: is missing",
                "camera.json: revision: must be a whole number, is the text \"two\"",
                "camera.json: gain: must be a number, is the text \"1.5\"",
                "camera.json: mode: \"slwo\" is not one of fast, slow; did you mean \"slow\"?",
                "camera.json: parts[0].width: must be a whole number, is the number 1.5",
                "camera.json: parts[1].width: is missing",
                "camera.json: parts[2]: must be an object, is the number 7",
                "camera.json: parts[3].height: must be a whole number, is false",
                "camera.json: gian: unknown field; did you mean \"gain\"?",
                "camera.json: parts[1].widht: unknown field; did you mean \"width\"?",
            ])
    }

    @Test("a document that reads well is still checked as a whole")
    func checked() {
        #expect(problems(#"{"id": "a", "revision": 0}"#) == ["camera.json: revision: must be at least 1"])
    }

    @Test("an unknown field that resembles nothing gets no suggestion")
    func noSuggestion() {
        #expect(problems(#"{"id": "a", "revision": 1, "weather": 3}"#) == ["camera.json: weather: unknown field"])
    }

    @Test(
        "a text that is not JSON is reported with line and column",
        arguments: [
            ("", "line 1, column 1: the text ends where a value should be"),
            ("{\n  \"id\": \"a\",\n}", "line 3, column 1: expected a field name in double quotes"),
            ("{\"id\": \"a\" \"b\"}", "line 1, column 12: expected ',' or '}'"),
            ("{\"id\": \"a\", \"id\": \"b\"}", "line 1, column 17: the field \"id\" is given twice"),
            ("{\"id\": NaN}", "line 1, column 8: expected a value"),
            ("{\"gain\": 1.}", "line 1, column 12: '1.' is not a JSON number"),
            ("{\"gain\": 012}", "line 1, column 13: '012' is not a JSON number"),
            ("{\"gain\": 1e999}", "line 1, column 15: '1e999' is not a JSON number"),
            ("{\"id\": \"a\nb\"}", "line 1, column 10: a line break or control character inside a text"),
            ("{\"id\": \"\\ud800\"}", "line 1, column 15: half a surrogate pair"),
            ("{} {}", "line 1, column 4: more text after the end of the document"),
            ("// no\n{}", "line 1, column 1: expected a value"),
        ])
    func syntax(json: String, expected: String) {
        #expect(problems(json) == ["camera.json: \(expected)"])
    }

    @Test("hostile depth ends in an error, not in a crash")
    func deep() {
        let json = String(repeating: "[", count: 100_000)
        #expect(problems(json) == ["camera.json: line 1, column 65: nested deeper than 64 levels"])
    }

    @Test("bytes that are not UTF-8 are refused")
    func notUTF8() {
        let bytes: [UInt8] = Array("{\"id\": \"".utf8) + [0xFF, 0xFE] + Array("\"}".utf8)
        #expect(throws: DocumentError.self) { try decodeDocument(Sample.self, from: bytes, name: "x") }
    }

    @Test("the nearest choice is near or nothing")
    func nearest() {
        #expect(nearestChoice(to: "saturaton", among: ["gain", "saturation"]) == "saturation")
        #expect(nearestChoice(to: "Gain", among: ["gain"]) == "gain")
        #expect(nearestChoice(to: "zzz", among: ["gain"]) == nil)
        #expect(nearestChoice(to: "x", among: []) == nil)
    }
}
