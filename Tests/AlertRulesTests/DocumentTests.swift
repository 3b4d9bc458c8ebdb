import AlertRules
import Foundation
import Testing

@Suite("Rule documents")
struct DocumentTests {
    private let minimal = #"{"id":"a","name":"A","revision":1,"target":"*","kind":{"brighterThan":{"magnitude":9.5}}}"#

    private func problems(_ json: String) -> [String] {
        do {
            _ = try RuleDocument(json: Data(json.utf8), file: "rule.json")
            return []
        } catch {
            return error.description.split(separator: "\n").map(String.init)
        }
    }

    private func with(_ field: String) -> [String] {
        problems(minimal.replacingOccurrences(of: #""id":"a""#, with: #""id":"a",\#(field)"#))
    }

    @Test("the published example reads, and says what it is meant to say")
    func example() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let json = try Data(contentsOf: root.appending(path: "schemas/documents/rule.example.json"))
        let rule = try RuleDocument(json: json, file: "rule.example.json")
        let change = Change(
            sigma: 5, direction: .brighter, minimumMagnitudes: 0.3,
            baseline: BaselineWindow(windowDays: 30, minimumPoints: 10, excludeInAlert: true))
        #expect(rule.kind == .changedBy(change))
        #expect(rule.clearLevel == 2.5)
        #expect(try RuleDocument(json: rule.json(), file: "again") == rule)
    }

    @Test("the documents in docs/rules.md read as they stand")
    func documentation() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "docs/rules.md"), encoding: .utf8)
        let blocks = text.components(separatedBy: "```json\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
        let documents = blocks.filter { $0.contains("\"id\"") }
        #expect(documents.count == 2)
        for document in documents { #expect(problems(document) == []) }
        for kind in blocks where !kind.contains("\"id\"") {
            #expect(problems(#"{"id":"a","name":"A","revision":1,"target":"*","kind":\#(kind)}"#) == [])
        }
    }

    @Test("defaults are filled in, and survive writing and reading")
    func defaults() throws {
        let rule = try RuleDocument(json: Data(minimal.utf8), file: "rule.json")
        #expect(rule.confirmation == Confirmation(points: 2, outOf: 3))
        #expect(rule.clearLevel == 9.6)
        #expect(rule.kind == .brighterThan(Threshold(magnitude: 9.5, sigma: 3)))
        let again = try RuleDocument(json: rule.json(), file: "again")
        #expect(again.hysteresis == 9.6)
        #expect(try again.json() == rule.json())
        #expect(try JSONDecoder().decode(RuleDocument.self, from: rule.json()) == again)
    }

    @Test(
        "every kind survives writing and reading",
        arguments: [
            RuleKind.fainterThan(Threshold(magnitude: 14, sigma: 0)),
            .changedBy(Change(sigma: 4, direction: .any)), .risingFasterThan(Rise(magnitudesPerDay: 2)),
        ])
    func kinds(kind: RuleKind) throws {
        let rule = RuleDocument(id: "k", name: "K", revision: 3, target: "t", filters: ["V"], kind: kind, hysteresis: 1)
        #expect(try RuleDocument(json: rule.json(), file: "k") == rule)
    }

    @Test("all problems are told at once, each with file and field")
    func together() {
        let bad = #"""
            {"id":"Bad Id","revision":1.5,"target":"","kind":{"changedBy":{"sigma":"3","baseline":{"minimumPoints":2}}},
             "confirmation":{"points":4,"outOf":3},"maxAgeHours":-1,"colour":"red","filters":[]}
            """#
        let told = problems(bad)
        for field in [
            "id", "name", "revision", "target", "kind.changedBy.sigma", "kind.changedBy.baseline.minimumPoints",
            "confirmation.points", "maxAgeHours", "colour", "filters",
        ] {
            #expect(told.contains { $0.hasPrefix("rule.json: \(field): ") }, "\(field)")
        }
        #expect(told.count == 10)
    }

    @Test(
        "wrong single fields are refused",
        arguments: [
            (#""hysteresis":{"magnitude":9}"#, "hysteresis.magnitude"),
            (#""hysteresis":{"sigma":2}"#, "hysteresis.sigma"),
            (#""hysteresis":3"#, "hysteresis"), (#""filters":["V","V"]"#, "filters[1]"),
            (#""filters":[1]"#, "filters[0]"),
            (#""confirmation":{"points":1,"outOf":1,"minimumSpanMinutes":5}"#, "confirmation.minimumSpanMinutes"),
            (#""confirmation":{"points":2,"outOf":3,"minimumInstruments":3}"#, "confirmation.minimumInstruments"),
            (#""maxAgeHours":true"#, "maxAgeHours"), (#""maxAgeHours":null"#, "maxAgeHours"),
            (#""minimumTransparency":0"#, "minimumTransparency"),
            (#""minimumTransparency":1.5"#, "minimumTransparency"),
            (#""minimumTransparency":null"#, "minimumTransparency"),
            (#""minimumTransparency":"clear""#, "minimumTransparency"),
            (#""systematicMagnitudes":1e300"#, "systematicMagnitudes"), (#""instruments":"east""#, "instruments"),
        ])
    func single(field: String, name: String) {
        #expect(with(field).contains { $0.hasPrefix("rule.json: \(name): ") })
    }

    @Test(
        "kinds: none, two or an unknown one are refused",
        arguments: [
            "{}", #"{"brighterThan":{"magnitude":1},"fainterThan":{"magnitude":2}}"#, #"{"colourOf":{}}"#, "7",
            #"{"brighterThan":7}"#, #"{"changedBy":{"sigma":3,"direction":"up"}}"#,
        ])
    func wrongKind(kind: String) {
        let json = #"{"id":"a","name":"A","revision":1,"target":"*","kind":\#(kind)}"#
        #expect(problems(json).contains { $0.hasPrefix("rule.json: kind") })
    }

    @Test(
        "what is not a document gets one clear line",
        arguments: [
            "", "{", "[]", "NaN", #"{"id":NaN}"#, "\"text\"", "\u{0}",
        ])
    func hostile(text: String) {
        let told = problems(text)
        #expect(told.count >= 1)
        #expect(told.allSatisfy { $0.hasPrefix("rule.json: ") })
    }

    @Test("a document nested a hundred thousand deep is refused, not followed")
    func deep() {
        #expect(problems(String(repeating: "[", count: 100_000)).count == 1)
        #expect(problems(String(repeating: #"{"a":"#, count: 100_000)).count == 1)
    }

    @Test("a document of two megabytes is refused before it is read")
    func large() {
        #expect(problems(String(repeating: " ", count: 2_000_000)).first?.contains("too many") == true)
    }

    @Test("an alert's subject keeps its parts apart whatever they contain")
    func subject() {
        let one = AlertIdentity(ruleID: "r", revision: 1, target: "a|b", filter: "V", firstMeasurementKey: "f")
        let two = AlertIdentity(ruleID: "r", revision: 1, target: "a", filter: "b|V", firstMeasurementKey: "f")
        #expect(one.subject != two.subject)
        #expect(one.subject == "r|1|a%7Cb|V|f")
    }

    @Test("an alert says in words why it was raised")
    func words() throws {
        let found = try #require(events(brighterThan(9.5), curve([12, 8.016, 8.016])).first)
        let text = found.current.explanation(filter: "V", kind: brighterThan(9.5).kind)
        #expect(
            text == "V 8.02 ± 0.02 mag, brighter than 9.50 mag; confirmed by 2 points, first at MJD 60000.00069 (UTC)")
    }
}
