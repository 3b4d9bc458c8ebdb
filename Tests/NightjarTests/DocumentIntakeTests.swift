import Foundation
import Testing

@testable import nightjar

@Suite struct DocumentIntakeTests {
    /// The rule as a table: given revision, stored revision (nil: none), removed, differs, --raise.
    @Test(
        "a revision names one content for ever",
        arguments: [
            (1, nil, false, false, false, RevisionDecision.added), (7, nil, false, false, true, .added),
            (1, 1, false, false, false, .unchanged), (1, 3, false, false, false, .unchanged),
            (1, 1, true, false, false, .restored), (2, 1, false, true, false, .updated(2)),
            (9, 1, true, true, false, .updated(9)), (2, 1, false, false, false, .updated(2)),
            (1, 1, false, true, true, .updated(2)), (1, 4, true, true, true, .updated(5)),
        ] as [(Int, Int?, Bool, Bool, Bool, RevisionDecision)])
    func decisions(given: Int, stored: Int?, removed: Bool, differs: Bool, raise: Bool, expected: RevisionDecision) {
        let decision = RevisionDecision(
            given: given, stored: stored.map { ($0, removed) }, differences: differs ? ["ra"] : [], raise: raise)
        #expect(decision == expected)
    }

    @Test("a changed document with an old revision is refused with the field and the revision to set")
    func refusal() {
        let decision = RevisionDecision(given: 1, stored: (3, false), differences: ["dec", "ra"], raise: false)
        guard case .refused(let reason) = decision else {
            Issue.record("not refused")
            return
        }
        #expect(reason.contains("dec, ra") && reason.contains("\"revision\": 4") && reason.contains("--raise"))
        let last = RevisionDecision(
            given: 1, stored: (SubmittedDocument.highestRevision, false), differences: ["ra"], raise: true)
        #expect(last.word == "refused")
    }

    private func target(_ fields: String, name: String = "t.json") throws -> SubmittedDocument {
        try SubmittedDocument(.target, bytes: Data("{\"id\": \"t\", \(fields)}".utf8), name: name)
    }

    @Test("comments, layout and written-out defaults make no difference, values do")
    func differences() throws {
        let first = try target("\"ra\": 10, \"dec\": 20")
        let same = try target("\"dec\": 20.0, \"comment\": \"x\", \"revision\": 5, \"ra\": 10, \"filters\": []")
        let other = try target("\"ra\": 10.00001, \"dec\": 20, \"name\": \"T\"")
        #expect(try same.differences(from: first) == [])
        #expect(try other.differences(from: first) == ["name", "ra"])
    }

    @Test("raising a revision keeps comments and changes nothing else")
    func raise() throws {
        let first = try target("\"ra\": 31.04283, \"dec\": 46.68783, \"comment\": \"why\"")
        let raised = try first.with(revision: 12)
        #expect(raised.revision == 12)
        #expect(try raised.differences(from: first) == [])
        #expect(String(decoding: raised.bytes, as: UTF8.self).contains("why"))
    }

    @Test(
        "documents with ids that are paths, or revisions without end, are refused",
        arguments: [
            "{\"id\": \"../x\", \"ra\": 1, \"dec\": 1}", "{\"id\": \"a/b\", \"ra\": 1, \"dec\": 1}",
            "{\"id\": \"..\", \"ra\": 1, \"dec\": 1}", "{\"id\": \"\", \"ra\": 1, \"dec\": 1}",
            "{\"id\": \"a\\u0000b\", \"ra\": 1, \"dec\": 1}",
            "{\"id\": \"a\", \"ra\": 1, \"dec\": 1, \"revision\": 1000001}",
            "{\"id\": \"a\", \"ra\": 1, \"dec\": 1, \"revision\": 99999999999999999999}", "[]", "", "{\"id\": \"a\"}",
        ])
    func hostile(json: String) {
        #expect(throws: (any Error).self) { try SubmittedDocument(.target, bytes: Data(json.utf8), name: "x.json") }
    }

    // MARK: The folder of instruments

    private func withFolder(_ body: (DataFolder) throws -> Void) throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "nightjar-intake-\(UUID().uuidString)")
        defer {
            do { try FileManager.default.removeItem(at: root) } catch { Issue.record("\(error)") }
        }
        let data = DataFolder(root.path)
        try data.make()
        try body(data)
    }

    private func instrument(_ text: String, name: String = "i.json") throws -> SubmittedDocument {
        try SubmittedDocument(.instrument, bytes: Data(text.utf8), name: name)
    }

    @Test("an instrument is added as its author wrote it, updated, removed and restored")
    func instruments() throws {
        try withFolder { data in
            let folder = InstrumentFolder(data)
            let intake = DocumentIntake(shelf: folder, raise: false)
            let first = try instrument("{\"id\": \"cam\",   \"comment\": \"mine\"}")
            #expect(try intake.add([first]).map(\.outcome) == ["added"])
            let file = data.instruments.appending(path: "cam.json")
            #expect(try Data(contentsOf: file) == first.bytes)
            #expect(try intake.add([first]).map(\.outcome) == ["unchanged"])

            let changed = try instrument("{\"id\": \"cam\", \"saturationADU\": 60000}")
            #expect(throws: SystemError.self) { try intake.add([changed]) }
            #expect(try Data(contentsOf: file) == first.bytes)
            let outcomes = try DocumentIntake(shelf: folder, raise: true).add([changed])
            #expect(outcomes.map(\.revision) == [2])

            try folder.remove("cam")
            #expect(try folder.all().isEmpty)
            #expect(throws: SystemError.self) { try intake.add([first]) }
            let again = try DocumentIntake(shelf: folder, raise: false).add([changed])
            #expect(again.map(\.outcome) == ["restored"] && again.map(\.revision) == [2])
            #expect(try folder.all().map(\.revision) == [2])
        }
    }

    @Test("of documents added together none is stored when one is refused")
    func together() throws {
        try withFolder { data in
            let intake = DocumentIntake(shelf: InstrumentFolder(data), raise: false)
            let one = try instrument("{\"id\": \"a\"}", name: "a.json")
            let twin = try instrument("{\"id\": \"a\", \"name\": \"b\"}", name: "b.json")
            #expect { try intake.add([one, twin]) } throws: { "\($0)".contains("b.json: id: 'a' is in a.json too") }
            #expect(try InstrumentFolder(data).all().isEmpty)
        }
    }

    @Test("a file that is in the way of a new instrument is left alone, and broken files are told of")
    func inTheWay() throws {
        try withFolder { data in
            let file = data.instruments.appending(path: "cam.json")
            try Data("{ not json".utf8).write(to: file)
            let folder = InstrumentFolder(data)
            #expect(folder.entries().first?.problem?.contains("cam.json") == true)
            let intake = DocumentIntake(shelf: folder, raise: false)
            let document = try instrument("{\"id\": \"cam\"}")
            #expect(throws: SystemError.self) { try intake.add([document]) }
            #expect(try Data(contentsOf: file) == Data("{ not json".utf8))
        }
    }
}
