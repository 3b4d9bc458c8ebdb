import Events
import Foundation
import Testing

private let typeNames = EventType.all.map(\.name)

@Suite("Published examples")
struct ExampleTests {
    @Test("every event type has a payload, a schema and an example, and there is no schema without an event type")
    func everyTypeIsPublished() throws {
        #expect(Set(ContractFiles.payloads.map { $0.type.topic }) == Set(EventType.all.map(\.topic)))
        #expect(Set(typeNames).count == EventType.all.count)
        for type in EventType.all {
            #expect(FileManager.default.fileExists(atPath: ContractFiles.schema(of: type).path), "\(type.dataSchema)")
            for example in try ContractFiles.examples(of: type) {
                #expect(FileManager.default.fileExists(atPath: example.path), "\(example.path)")
            }
        }
        let folders = try FileManager.default.contentsOfDirectory(atPath: ContractFiles.schemas.path)
            .filter { $0.contains(".") && !$0.hasSuffix(".yaml") }
        #expect(Set(folders) == Set(typeNames))
    }

    @Test(
        "an example decodes into its payload and encodes to the same JSON: one spelling, nothing lost",
        arguments: typeNames)
    func roundTrip(name: String) throws {
        func check<Payload: EventPayload>(_ type: Payload.Type) throws {
            for file in try ContractFiles.examples(of: type.type) {
                let bytes = try Data(contentsOf: file)
                let payload = try JSONDecoder().decode(Payload.self, from: bytes)
                let written = try EventCodec.json(payload)
                #expect(try JSONDecoder().decode(JSON.self, from: written) == JSON(file: file), "\(file.path)")
                #expect(try JSONDecoder().decode(Payload.self, from: written) == payload)
                #expect(try EventCodec.json(payload) == written, "the same payload gives the same bytes")
            }
        }
        try check(ContractFiles.payload(of: name))
    }

    @Test(
        "an example survives the codec: message out, event in, headers as CloudEvents wants them", arguments: typeNames)
    func throughTheCodec(name: String) throws {
        func check<Payload: EventPayload>(_ type: Payload.Type) throws {
            for file in try ContractFiles.examples(of: type.type) {
                let payload = try JSONDecoder().decode(Payload.self, from: Data(contentsOf: file))
                let trace = Trace(startingAt: "0123456789abcdef0123456789abcdef").adding(
                    stage: "ingest", milliseconds: 12)
                let message = try EventCodec.encode(
                    payload, source: "ingest", trace: trace, time: "2017-12-20T05:04:21Z")
                #expect(message.topic == "nightjar.\(name).v1")
                #expect(message.key == payload.key)
                #expect(message.header("ce_dataschema") == "schemas/\(name)/v1.schema.json")
                #expect(message.header("ce_type") == "nightjar.\(name)")
                #expect(message.header("ce_subject")?.isEmpty == false)
                #expect(Set(message.headers.map(\.name)).count == message.headers.count)
                let event = try EventCodec.decode(type, from: message)
                #expect(event.payload == payload)
                #expect(event.trace == trace)
                #expect(event.source == "nightjar/ingest")
            }
        }
        try check(ContractFiles.payload(of: name))
    }

    @Test("a field nobody knows yet is ignored, at the top and inside", arguments: typeNames)
    func unknownFields(name: String) throws {
        func check<Payload: EventPayload>(_ type: Payload.Type) throws {
            let example = try JSON(file: ContractFiles.examples(of: type.type)[0])
            let known = try JSONDecoder().decode(Payload.self, from: example.bytes)
            var later = example.with("fieldOfTomorrow", .array([.number(1), .null]))
            for (name, value) in example.members where !value.members.isEmpty && name != "recipes" {
                later = later.with(name, value.with("fieldOfTomorrow", .string("x")))
            }
            #expect(try JSONDecoder().decode(Payload.self, from: later.bytes) == known)
        }
        try check(ContractFiles.payload(of: name))
    }

    @Test("each required field is named when it is missing, and named when it is null", arguments: typeNames)
    func missingFields(name: String) throws {
        func check<Payload: EventPayload>(_ type: Payload.Type) throws {
            let example = try JSON(file: ContractFiles.examples(of: type.type)[0])
            let required = try JSON(file: ContractFiles.schema(of: type.type)).members["required"]?.elements ?? []
            #expect(!required.isEmpty)
            for field in required.compactMap(\.text) {
                for damaged in [example.with(field, nil), example.with(field, .null)] {
                    let message = Message(
                        topic: type.type.topic, key: "k", headers: [.init("ce_id", "1")], value: try damaged.bytes)
                    let error = #expect(throws: MalformedEvent.self) { try EventCodec.decode(type, from: message) }
                    #expect(error?.reason.contains("'\(field)'") == true, "\(error?.reason ?? "no error")")
                }
            }
        }
        try check(ContractFiles.payload(of: name))
    }

    @Test("examples of every released version still decode", arguments: typeNames)
    func released(name: String) throws {
        func check<Payload: EventPayload>(_ type: Payload.Type) throws {
            for file in try ContractFiles.releasedExamples(of: type.type) {
                let payload = try JSONDecoder().decode(Payload.self, from: Data(contentsOf: file))
                #expect(!payload.subject.isEmpty, "\(file.path)")
            }
        }
        try check(ContractFiles.payload(of: name))
    }
}
