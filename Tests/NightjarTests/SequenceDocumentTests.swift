import Events
import Foundation
import Instruments
import PhotometricCalibration
import Testing

@testable import nightjar

@Suite("comparison sequences as documents")
struct SequenceDocumentTests {
    /// A setup folder with one target and these sequences.
    private func problem(target: String, _ sequences: String...) throws -> String {
        let shop = SetupShop()
        try shop.write("instruments/cam.json", #"{"id": "cam"}"#)
        try shop.write("targets/t.json", target)
        for (number, text) in sequences.enumerated() { try shop.write("sequences/s\(number).json", text) }
        defer { shop.remove() }
        do {
            let setup = try SetupFolder(shop.root.path)
            #expect(setup.sequences.count == sequences.count)
            return ""
        } catch {
            return "\(error)".replacingOccurrences(of: shop.root.path + "/", with: "")
        }
    }

    private func sequence(_ id: String = "X1", target: String = "SS Cyg", star: String = "113", ra: Double = 325.7)
        -> String
    {
        """
        {"id": "\(id)", "target": "\(target)", "source": "a chart", "stars": [
          {"id": "\(star)", "raDegrees": \(ra), "decDegrees": 43.6, "role": "comparison",
           "magnitudes": {"V": {"magnitude": 11.3, "error": 0.01}}},
          {"id": "117", "raDegrees": 325.8, "decDegrees": 43.7, "role": "check",
           "magnitudes": {"V": {"magnitude": 11.7}}}]}
        """
    }

    private let star = #"{"id": "ss-cyg", "name": "SS Cygni", "ra": 325.67, "dec": 43.58, "objectNames": ["SS Cyg"]}"#

    @Test("a setup folder's sequences are read with the others, and belong to a target by any of its names")
    func setup() throws {
        #expect(try problem(target: star) == "")
        for name in ["SS Cyg", "ss-cyg", "SS  CYGNI"] {
            #expect(try problem(target: star, sequence(target: name)) == "")
        }
        let misspelt = try problem(target: star, sequence().replacingOccurrences(of: "\"role\"", with: "\"rôle\""))
        #expect(misspelt.contains("sequences/s0.json: stars[0].rôle: unknown field; did you mean \"role\"?"))
        #expect(misspelt.contains("sequences/s0.json: stars[1].role: is missing"))
    }

    @Test("a target has one list of comparison stars: its own and a sequence's together are refused, and so on")
    func claims() throws {
        let own = star.dropLast() + #", "comparisonStars": [{"id": "A", "ra": 325.7, "dec": 43.5}]}"#
        #expect(
            try problem(target: String(own), sequence()) == "sequences/s0.json: target: ss-cyg has comparison stars of "
                + "its own (A), and only one can come first: take comparisonStars out of the target's document, or do "
                + "without the sequence")
        #expect(
            try problem(target: star, sequence(target: "ss-cy")) == "sequences/s0.json: target: there is no target "
                + "'ss-cy'; did you mean ss-cyg?")
        #expect(
            try problem(target: star, sequence(), sequence("X2", target: "ss-cyg")) == "sequences/s1.json: target: "
                + "ss-cyg has the sequence of sequences/s0.json already; one is allowed")
        #expect(try problem(target: star, sequence(), sequence()).contains("s1.json: id: 'X1' is in sequences/s0.json"))
        #expect(
            try problem(
                target: #"{"id": "ss-cyg", "pixel": {"frame": "a", "x": 1, "y": 2}}"#, sequence(target: "ss-cyg")
            )
            .contains("ss-cyg has no ra and dec"))
        let same = star.replacingOccurrences(of: "325.67", with: "325.7").replacingOccurrences(
            of: "43.58", with: "43.6")
        #expect(try problem(target: same, sequence()).contains("stars: 113 is the target ss-cyg itself"))
    }

    @Test(
        "hostile values are refused by file and field, never a crash",
        arguments: [
            ("\"X1\"", "\"../X1\"", "id: \"../X1\" must be 1 to 100 letters"),
            ("\"X1\"", "\"\"", "id: \"\" must be"),
            ("\"X1\"", "7", "id: must be a text"),
            ("\"X1\"", "\"X1\", \"revision\": 0", "revision: must be at least 1, is 0"),
            ("\"X1\"", "\"X1\", \"revision\": 9999999", "revision: must be at most 1000000"),
            ("\"113\"", "\"@target\"", "stars[0].id: must be 1 to 100 printable"),
            ("\"113\"", "\"a\\u0000b\"", "stars[0].id: must be 1 to 100 printable"),
            ("\"113\"", "\"117\"", "stars[1].id: is empty or another star's"),
            ("\"SS Cyg\"", "\"\\u001b[2J\"", "target: must be 1 to 100 printable"),
            ("325.7,", "1e400,", "is not a JSON number"), ("325.7,", "-0.1,", "stars[0]: raDegrees and decDegrees"),
            ("325.7,", "null,", "stars[0].raDegrees: is missing"),
            ("11.3", "1e9", "stars[0].magnitudes.V: is no magnitude"),
            ("0.01", "-0.01", "stars[0].magnitudes.V: is no magnitude"),
            ("{\"V\"", "{\"Rc\": {\"magnitude\": 11}, \"R\"", "stars[0].magnitudes.Rc: is the same band as \"R\""),
            ("{\"V\"", "{\"Vis\"", "stars[0].magnitudes.Vis: is no band that is known here"),
            ("\"comparison\"", "\"check\"", "stars: none is a comparison star"),
            ("\"comparison\"", "\"Comparison\"", "stars[0].role"),
        ])
    func hostile(old: String, new: String, expected: String) throws {
        let text = sequence().replacingOccurrences(of: old, with: new)
        #expect(text != sequence())
        do {
            _ = try SubmittedDocument(.sequence, bytes: Data(text.utf8), name: "s.json")
            Issue.record("accepted")
        } catch {
            #expect("\(error)".contains("s.json: ") && "\(error)".contains(expected), "\(error)")
        }
    }

    @Test("two stars at one place, on either side of 0 h or at a pole, are refused; a close pair is two stars")
    func onePlace() throws {
        func told(_ one: (Double, Double), _ other: (Double, Double)) -> String {
            let stars = [("A", one), ("B", other)].map { id, place in
                ComparisonSequence.Star(
                    id: id, raDegrees: place.0, decDegrees: place.1, role: .comparison, magnitudes: [:])
            }
            return ComparisonSequence(id: "X", target: "t", source: "", stars: stars).problems().map { "\($0)" }.joined(
                separator: "\n")
        }
        let same = "stars[1]: is at the place of \"A\""
        #expect(told((325.7, 43.6), (325.7, 43.6)) == same)
        #expect(told((359.9999, 0), (0.0001, 0)) == same)
        #expect(told((10, 90), (190, 90)) == same)
        #expect(told((325.7, 43.6), (325.7, 43.601)).isEmpty)
        #expect(told((10, 89), (10.01, 89)).contains(same) == true)
        #expect(told((10, 0), (10.01, 0)).isEmpty)
    }

    @Test("too many stars are told of once, and bytes that are no sequence in a sentence")
    func shapes() throws {
        let stars = (0..<600).map {
            #"{"id": "\#($0)", "raDegrees": 1, "decDegrees": 1, "role": "comparison", "magnitudes": {}}"#
        }
        let text = #"{"id": "X", "target": "t", "source": "", "stars": [\#(stars.joined(separator: ","))]}"#
        #expect(throws: (any Error).self) {
            try SubmittedDocument(.sequence, bytes: Data(text.utf8), name: "s.json")
        }
        for text in ["", "[]", "{}", "null", "{\"stars\": {}}", "\u{feff}{}", "{\"id\": \"X\", \"stars\": [[]]}"] {
            #expect(throws: (any Error).self, "\(text)") {
                try SubmittedDocument(.sequence, bytes: Data(text.utf8), name: "s.json")
            }
        }
    }

    // MARK: Charts

    private static let chart = """
        {"chartid": "X00000AA", "image_uri": "https://example.org/x.png", "star": "Made Up", "fov": 60.0,
         "maglimit": 16.0, "title": "", "special": null, "auid": "000-AAA-000", "ra": "01:00:00.0", "dec": "10:00:00",
         "photometry": [
          {"auid": "000-AAA-001", "ra": "01:00:10.00", "dec": "-00:30:36.0", "label": "109", "comments": "",
           "bands": [{"band": "V", "mag": 10.935, "error": 0.029}, {"band": "Rc", "mag": 10.83, "error": null},
                     {"band": "B", "mag": 11.141, "error": 0}]},
          {"auid": "000-AAA-002", "ra": "01:00:20.00", "dec": "10:00:00", "label": "114", "comments": "",
           "bands": [{"band": "V", "mag": 11.401, "error": 0.029}, {"band": "Vis", "mag": 11.0, "error": null}]},
          {"auid": "000-AAA-003", "ra": "01:00:30.00", "dec": "10:00:00", "label": "114", "comments": "",
           "bands": [{"band": "V", "mag": 11.43, "error": 0.02}]},
          {"auid": "000-AAA-004", "ra": "01:00:40.00", "dec": "10:00:00", "label": "120", "comments": "", "bands": []}]}
        """

    private func chart(_ text: String = chart, target: String? = nil, check: String? = nil) throws -> ChartFile {
        try ChartFile(Data(text.utf8), name: "c.json", target: target, check: check)
    }

    @Test("a chart of the AAVSO's plotter becomes a document: places in degrees, bands, errors where they are known")
    func imported() throws {
        let made = try chart(check: "000-AAA-003")
        #expect(made.sequence.id == "X00000AA" && made.sequence.target == "Made Up")
        #expect(made.sequence.stars.map(\.id) == ["000-AAA-001", "000-AAA-002", "000-AAA-003"])
        #expect(made.sequence.checkStar?.id == "000-AAA-003")
        let first = made.sequence.stars[0]
        #expect(abs(first.raDegrees - 15.041666667) < 1e-8 && abs(first.decDegrees + 0.51) < 1e-9)
        #expect(first.magnitudes["V"] == .init(magnitude: 10.935, error: 0.029))
        #expect(first.magnitudes["Rc"]?.error == nil && first.magnitudes["B"] == .init(magnitude: 11.141))
        #expect(made.sequence.stars[1].magnitudes.keys.sorted() == ["V"])
        #expect(made.remarks.count == 2, "a band that is not known, and a star without magnitudes")
        let written = try SubmittedDocument(.sequence, bytes: made.document(), name: "written")
        guard case .sequence(let back) = written.content else { throw UsageError("not a sequence") }
        #expect(back.stars.map(\.magnitudes) == made.sequence.stars.map(\.magnitudes))
        #expect(String(decoding: written.bytes, as: UTF8.self).contains("\"comment\" : \"label 109\""))
    }

    @Test("of two magnitudes in one band none is taken, and it is said; so are bands without a magnitude")
    func doubtfulBands() throws {
        let rc = #"{"band": "Rc", "mag": 10.83, "error": null}"#
        func remarks(_ instead: String) throws -> (stars: [ComparisonSequence.Star], remarks: String) {
            let made = try chart(Self.chart.replacingOccurrences(of: rc, with: instead))
            return (made.sequence.stars, made.remarks.joined(separator: "\n"))
        }
        let (stars, told) = try remarks(#"{"band": "V", "mag": 12.5, "error": 0.1}, {"band": "Ic", "mag": null}"#)
        #expect(stars[0].magnitudes.keys.sorted() == ["B"])
        #expect(told.contains("000-AAA-001: band V is left out: it is given twice (V 10.935 and V 12.5)"))
        #expect(told.contains("000-AAA-001: band Ic is left out: it has no magnitude"))
        let alike = try remarks(rc + ", " + rc)
        #expect(alike.stars[0].magnitudes["Rc"]?.magnitude == 10.83 && !alike.remarks.contains("twice"))
        let spelled = try remarks(rc + #", {"band": "R", "mag": 10.9}"#)
        #expect(spelled.stars[0].magnitudes.keys.sorted() == ["B", "V"])
    }

    @Test("what is wrong with a chart, or with the check star that is asked for, is said")
    func chartErrors() throws {
        func complaint(_ text: String = Self.chart, check: String? = nil) -> String {
            do {
                _ = try chart(text, check: check)
                return ""
            } catch { return "\(error)" }
        }
        #expect(complaint(check: "109") == "")
        #expect(complaint(check: "114").contains("more than one star of c.json has this label or AUID"))
        #expect(complaint(check: "99").contains("--check 99: no star of c.json"))
        #expect(complaint("{\"errors\": []}").contains("c.json: chartid: is missing; is this a chart"))
        #expect(complaint("<html>").contains("c.json: "))
        let bare = #"{"chartid": "X1", "star": "S", "photometry": "#
        #expect(complaint(bare + "[]}", check: "109") == "c.json: the chart has no comparison star")
        #expect(complaint(bare + "null}").contains("photometry: is null; is this a chart"))
        #expect(complaint(bare + "7}").contains("photometry: is of another kind than it should be; is this"))
        let damaged = Self.chart.replacingOccurrences(of: "\"mag\": 10.935", with: "\"mag\": \"bright\"")
        #expect(complaint(damaged).contains("c.json: photometry[0].bands[0].mag: "))
        let misplaced = Self.chart.replacingOccurrences(of: "01:00:10.00", with: "99:00:10")
        #expect(complaint(misplaced).contains("c.json: photometry[0]: "))
        let unnamed = Self.chart.replacingOccurrences(of: "\"Made Up\"", with: "null")
        #expect(complaint(unnamed).contains("give --target"))
        let twice = Self.chart.replacingOccurrences(of: "AAA-002", with: "AAA-001")
        #expect(complaint(twice).contains("stars[1].id: is empty or another star's"))
    }

    @Test("nightjar sequence import writes the document that sequence add takes, and keeps its options to itself")
    func command() throws {
        let shop = SetupShop()
        defer { shop.remove() }
        try shop.write("chart.json", Self.chart)
        let (chart, out) = (shop.path("chart.json"), shop.path("s.json"))
        let words = ["sequence", "import", chart, "--check", "109", "--target", "made-up", "--out"]
        #expect(try Nightjar.run(words + [out]) == 0)
        let document = try SubmittedDocument(.sequence, path: out)
        guard case .sequence(let sequence) = document.content else { throw UsageError("not a sequence") }
        #expect(throws: UsageError.self, "nothing is replaced") { try Nightjar.run(words + [out]) }
        #expect(throws: UsageError.self) { try Nightjar.run(words + [shop.root.path]) }
        let raw = #expect(throws: UsageError.self) { try ComparisonSequence(path: chart) }
        #expect(raw?.description.contains("nightjar sequence import") == true)
        #expect(sequence.target == "made-up" && sequence.checkStar?.id == "000-AAA-001")
        #expect(throws: UsageError.self) { try Nightjar.run(words + [chart]) }
        #expect(throws: UsageError.self) { try Nightjar.run(["sequence", "import"]) }
        #expect(throws: UsageError.self) { try Nightjar.run(["sequence", "list", "--check", "109"]) }
        #expect(throws: UsageError.self) { try Nightjar.run(["sequence", "import", shop.path("none.json")]) }
    }
}

/// A folder for files of a test.
private struct SetupShop {
    let root = FileManager.default.temporaryDirectory.appending(path: "nightjar-sequences-\(UUID().uuidString)")

    func path(_ name: String) -> String { root.appending(path: name).path }

    func write(_ name: String, _ text: String) throws {
        let file = root.appending(path: name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    func remove() {
        do { try FileManager.default.removeItem(at: root) } catch { Issue.record("\(error)") }
    }
}
