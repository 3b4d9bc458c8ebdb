public import Foundation
internal import Hashing

/// Why the bytes of a message are not the event they claim to be.
public struct MalformedEvent: Error, Sendable, CustomStringConvertible {
    public let topic: String
    public let reason: String

    public init(topic: String, reason: String) {
        self.topic = topic
        self.reason = reason
    }

    public var description: String { "malformed event on \(topic): \(reason)" }
}

/// The one place where payloads become messages and messages become payloads.
public enum EventCodec {
    /// Namespace of all event ids: UUIDv5 of "nightjar" in the DNS namespace of RFC 9562.
    static let namespace = UUID(
        uuid: (
            0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8
        ))

    /// The id of an event: UUIDv5 of (type, subject, recipe and revision). The same fact has the same id, however often
    /// it is said.
    public static func id<Payload: EventPayload>(of payload: Payload) -> String {
        uuid5("\(Payload.type.topic)|\(payload.subject)|\(payload.identity)", namespace: namespace)
    }

    /// Writes an event. Keys of the JSON are sorted: same payload, same bytes.
    ///
    /// - Parameter time: ISO 8601 of now; travels in the `ce_time` header only.
    public static func encode<Payload: EventPayload>(
        _ payload: Payload, source: String, trace: Trace, time: String
    ) throws -> Message {
        var headers = [
            Message.Header("ce_specversion", "1.0"),
            Message.Header("ce_id", id(of: payload)),
            Message.Header("ce_source", "nightjar/\(source)"),
            Message.Header("ce_type", Payload.type.cloudEventType),
            Message.Header("ce_time", time),
            Message.Header("ce_subject", headerSafe(payload.subject)),
            Message.Header("ce_dataschema", Payload.type.dataSchema),
            Message.Header("content-type", "application/json"),
        ]
        if let parent = trace.parent { headers.append(Message.Header("traceparent", parent)) }
        if !trace.timings.isEmpty { headers.append(Message.Header("nightjar_timings", trace.timings)) }
        let value = try json(payload)
        return Message(topic: Payload.type.topic, key: payload.key, headers: headers, value: value)
    }

    /// Reads an event; unknown fields are ignored, missing or mistyped ones are named.
    public static func decode<Payload: EventPayload>(
        _ type: Payload.Type, from message: Message
    ) throws(MalformedEvent) -> Event<Payload> {
        guard let id = message.eventID else {
            throw MalformedEvent(topic: message.topic, reason: "it has no ce_id header")
        }
        if let claimed = message.header("ce_type"), claimed != Payload.type.cloudEventType {
            throw MalformedEvent(
                topic: message.topic, reason: "ce_type is '\(claimed)', expected '\(Payload.type.cloudEventType)'")
        }
        if let schema = message.header("ce_dataschema"), schema.hasPrefix("schemas/"), schema != Payload.type.dataSchema
        {
            throw MalformedEvent(
                topic: message.topic,
                reason: "ce_dataschema is '\(schema)', expected '\(Payload.type.dataSchema)': another major version")
        }
        do {
            let payload = try JSONDecoder().decode(Payload.self, from: message.value)
            let trace = Trace(parent: message.header("traceparent"), timings: message.header("nightjar_timings") ?? "")
            return Event(id: id, source: message.header("ce_source") ?? "unknown", payload: payload, trace: trace)
        } catch let error as DecodingError {
            let reason = explain(error)
            let isUnnamed = reason == notJSON
            throw MalformedEvent(
                topic: message.topic, reason: isUnnamed ? MisfitNumber.explain(type, message.value) ?? reason : reason)
        } catch {
            throw MalformedEvent(topic: message.topic, reason: "\(error)")
        }
    }

    /// Compact JSON with sorted keys.
    public static func json(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }

    private static func headerSafe(_ text: String) -> String {
        String(text.unicodeScalars.map { $0.value < 32 ? " " : Character($0) })
    }

    private static let notJSON = "it is not JSON"

    private static func explain(_ error: DecodingError) -> String {
        func path(_ context: DecodingError.Context, _ last: (any CodingKey)? = nil) -> String {
            let keys = context.codingPath + (last.map { [$0] } ?? [])
            return keys.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context): return "field '\(path(context, key))' is missing"
        case .typeMismatch(let type, let context): return "field '\(path(context))' is not a \(type)"
        case .valueNotFound(let type, let context): return "field '\(path(context))' has no \(type)"
        case .dataCorrupted(let context):
            let place = path(context)
            return place.isEmpty ? notJSON : "field '\(place)': \(context.debugDescription)"
        @unknown default: return "\(error)"
        }
    }
}
