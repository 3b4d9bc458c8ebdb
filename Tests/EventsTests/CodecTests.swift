import Events
import Foundation
import Testing

private let closing = NightClosed(instrument: "ridge-20cm", night: "2017-12-19", revision: 1, frames: 164)

private func message(_ value: String, headers: [Message.Header] = [.init("ce_id", "1")]) -> Message {
    Message(topic: NightClosed.type.topic, key: "ridge-20cm", headers: headers, value: Data(value.utf8))
}

private func reason(_ message: Message) -> String {
    do {
        _ = try EventCodec.decode(NightClosed.self, from: message)
        return "no error"
    } catch {
        return error.description
    }
}

@Suite("Identity of an event")
struct IdentityTests {
    /// Frozen from Python's uuid module: `uuid5(NAMESPACE_DNS, "<topic>|<subject>|<identity>")`.
    @Test("is UUID version 5 of type, subject and identity")
    func frozen() {
        #expect(EventCodec.id(of: closing) == "3aed5db1-410e-57a8-b5be-d9354d331a83")
        let beat = ServiceHeartbeat(
            service: "archiver", instance: "høst/1", sequence: 7, version: "0.1.0", state: "running", handled: 0)
        #expect(EventCodec.id(of: beat) == "f06269b5-27e2-5852-8483-c02834a899cc")
    }

    @Test("does not depend on who says it, when, or how long it took")
    func sameFactSameID() throws {
        let first = try EventCodec.encode(closing, source: "archiver", trace: Trace(), time: "2017-12-20T11:00:00Z")
        let trace = Trace(startingAt: "0123456789abcdef0123456789abcdef").adding(stage: "archiver", milliseconds: 3)
        let again = try EventCodec.encode(closing, source: "nightjar", trace: trace, time: "2026-01-01T00:00:00Z")
        #expect(first.eventID == again.eventID)
        #expect(first.value == again.value)
        #expect(again.header("nightjar_timings") == "archiver=3")
        #expect(again.header("traceparent") == "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01")
        #expect(first.header("traceparent") == nil)
    }

    @Test("differs for another revision, another subject and another type")
    func otherFactOtherID() {
        var reopened = closing
        reopened.revision = 2
        var other = closing
        other.instrument = "tircam"
        let recalibrated = NightRecalibrated(instrument: "ridge-20cm", night: "2017-12-19", revision: 1, recipes: [:])
        let ids = [
            EventCodec.id(of: closing), EventCodec.id(of: reopened), EventCodec.id(of: other),
            EventCodec.id(of: recalibrated),
        ]
        #expect(Set(ids).count == 4)
    }

    @Test("bytes do not depend on the order in which a dictionary was filled")
    func sortedKeys() throws {
        let frames = (0..<50).map { String(repeating: "0", count: 30) + String($0 + 10) }
        func event(_ order: [String]) -> NightRecalibrated {
            var recipes: [String: String] = [:]
            for frame in order { recipes[frame] = "recipe-of-\(frame)" }
            return NightRecalibrated(instrument: "i", night: "2017-12-19", revision: 1, recipes: recipes)
        }
        #expect(try EventCodec.json(event(frames)) == EventCodec.json(event(frames.reversed())))
    }

    @Test("a line break in a subject does not break out of its header")
    func hostileSubject() throws {
        let alert = AlertRaised(
            alertID: "a\r\nce_type: forged\u{0}", alertType: .initial, sequence: 0, rule: "r", ruleRevision: 1,
            target: "t",
            filter: "V", text: "x", confirmations: 1, historical: false)
        let written = try EventCodec.encode(alert, source: "alerter", trace: Trace(), time: "2017-12-20T11:00:00Z")
        let subject = try #require(written.header("ce_subject"))
        #expect(subject.unicodeScalars.allSatisfy { $0.value >= 32 })
        #expect(try EventCodec.decode(AlertRaised.self, from: written).payload == alert)
    }
}

@Suite("A malformed message")
struct MalformedMessageTests {
    @Test("without ce_id says so")
    func noID() {
        #expect(
            reason(message("{}", headers: [])) == "malformed event on nightjar.night.closed.v1: it has no ce_id header")
    }

    @Test("of another type says what it is and what was expected")
    func otherType() {
        let headers = [Message.Header("ce_id", "1"), Message.Header("ce_type", "nightjar.night.opened")]
        let said = reason(message("{}", headers: headers))
        #expect(said.contains("'nightjar.night.opened'") && said.contains("'nightjar.night.closed'"))
    }

    @Test(
        "that is no JSON, or no object, is refused and never crashes",
        arguments: [
            "", " ", "{", "null", "[]", "[{}]", "\"text\"", "12", "NaN", "{\"revision\": NaN}", "\u{0}", "\u{FEFF}",
            "{\"instrument\":\"a\",}", "{'instrument':'a'}",
        ])
    func notAnObject(value: String) {
        let said = reason(message(value))
        #expect(said.hasPrefix("malformed event on nightjar.night.closed.v1: ") && said.count > 46, "\(said)")
    }

    @Test("of bytes that are not UTF-8 is refused")
    func notUTF8() {
        var broken = message("")
        broken.value = Data([0x7B, 0x22, 0xFF, 0xFE, 0x80, 0x22, 0x3A, 0x31, 0x7D])
        #expect(reason(broken).hasPrefix("malformed event"))
    }

    @Test(
        "with a value of the wrong type names the field",
        arguments: [
            ("instrument", "12"), ("night", "[]"), ("revision", "\"1\""), ("frames", "true"), ("frames", "{}"),
        ])
    func wrongType(field: String, value: String) {
        let said = reason(message(replacing(field, by: value)))
        #expect(said.contains("'\(field)'"), "\(said)")
    }

    /// Foundation does not say which number it was, so neither can we.
    @Test(
        "with a number that its field cannot hold is refused",
        arguments: ["1.5", "1e400", "-1e400", "123456789012345678901234567890"])
    func numberOutOfRange(value: String) {
        #expect(reason(message(replacing("frames", by: value))).hasPrefix("malformed event"))
    }

    private func replacing(_ field: String, by value: String) -> String {
        let fields = ["instrument": "\"i\"", "night": "\"2017-12-19\"", "revision": "1", "frames": "3"]
            .merging([field: value]) { $1 }
        return "{" + fields.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ",") + "}"
    }

    @Test("names a field deep inside by its path")
    func deepPath() throws {
        let file = try ContractFiles.examples(of: MeasurementMade.type)[0]
        let example = try JSON(file: file)
        let rows = example.members["measurements"]?.elements ?? []
        let damaged = example.with("measurements", .array([rows[0], rows[1].with("flags", .string("none"))]))
        let sent = Message(
            topic: MeasurementMade.type.topic, key: "f", headers: [.init("ce_id", "1")], value: try damaged.bytes)
        let error = #expect(throws: MalformedEvent.self) { try EventCodec.decode(MeasurementMade.self, from: sent) }
        #expect(error?.reason.contains("measurements.[1].flags") == true, "\(error?.reason ?? "")")
    }

    @Test("with a kind or an alert type that does not exist names it")
    func unknownCase() throws {
        let example = try JSON(file: ContractFiles.examples(of: AlertRaised.type)[0])
        let sent = Message(
            topic: AlertRaised.type.topic, key: "t", headers: [.init("ce_id", "1")],
            value: try example.with("alertType", .string("panic")).bytes)
        let error = #expect(throws: MalformedEvent.self) { try EventCodec.decode(AlertRaised.self, from: sent) }
        #expect(error?.reason.contains("alertType") == true && error?.reason.contains("panic") == true)
    }

    @Test("not a number cannot be written: the payload is refused, nothing is sent")
    func notANumber() {
        var point = HarvestedPoint(
            pointID: "p", filter: "V", magnitudeSystem: "Vega", midpointMJDUTC: 58107, provenance: "a.csv line 2")
        point.magnitude = .nan
        let harvest = PhotometryHarvested(target: "t", source: "csv", batchID: "b", points: [point])
        #expect(throws: EncodingError.self) {
            try EventCodec.encode(harvest, source: "harvester", trace: Trace(), time: "2017-12-20T11:00:00Z")
        }
    }
}

@Suite("Masters of a kind that a reader does not know")
struct LaterMasterTests {
    @Test("are kept as they are said, in the list of a light and as an event of their own")
    func passedOver() throws {
        func later<Payload: EventPayload>(_ type: Payload.Type) throws -> Payload {
            let example = try String(contentsOf: ContractFiles.examples(of: type.type)[0], encoding: .utf8)
            let text = example.replacing("\"kind\": \"flat\"", with: "\"kind\": \"illumination\"")
            #expect(text != example)
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        }
        let light = try later(FrameCalibrated.self)
        #expect(light.masters.map(\.kind.rawValue) == ["bias", "dark", "illumination"])
        #expect(try later(MasterBuilt.self).kind == MasterKind(rawValue: "illumination"))
        #expect(String(decoding: try EventCodec.json(light), as: UTF8.self).contains("\"kind\":\"illumination\""))
    }
}
