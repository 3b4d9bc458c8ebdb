public import Events
public import Foundation
public import Pipeline

/// Messages on an event's topic that nobody of ours would write, each with words that its error must hold.
public struct HostileMessage: Sendable {
    public let message: Message
    public let cause: String
}

public enum HostileMessages {
    /// - Parameter example: a sound payload of the type; hostile ones are made from it.
    public static func all(on type: EventType, example: Data) throws -> [HostileMessage] {
        let sound = try JSONSerialization.jsonObject(with: example) as? [String: Any] ?? [:]
        var hostile: [HostileMessage] = []
        func add(_ name: String, _ value: Data, cause: String, topic: String? = nil, _ headers: [String: String?] = [:])
        {
            var all: [String: String?] = [
                "ce_id": "hostile-\(type.name)-\(name)", "ce_type": type.cloudEventType,
                "ce_dataschema": type.dataSchema,
            ]
            all.merge(headers) { $1 }
            let listed = all.sorted { $0.key < $1.key }.compactMap { name, text in text.map { Message.Header(name, $0) }
            }
            hostile.append(
                HostileMessage(
                    message: Message(topic: topic ?? type.topic, key: name, headers: listed, value: value), cause: cause
                ))
        }
        add("garbage", Data([0, 255, 1, 2, 3]), cause: "not JSON")
        add("nothing", Data(), cause: "not JSON")
        add("cut", example.prefix(example.count / 2), cause: "not JSON")
        add("list", Data("[1, 2]".utf8), cause: "not a")
        add("no-fields", Data("{}".utf8), cause: "is missing")
        add("no-id", example, cause: "ce_id", ["ce_id": nil as String?])
        add("other-type", example, cause: "ce_type is 'nightjar.other'", ["ce_type": "nightjar.other"])
        add(
            "next-major", example, cause: "another major version",
            ["ce_dataschema": "schemas/\(type.name)/v2.schema.json"])
        add("next-topic", example, cause: "unknown type or major version", topic: nextTopic(type))
        for (field, wrong, cause) in [("instrument", 5 as Any, "instrument"), ("target", [1], "target")]
        where sound[field] != nil {
            var changed = sound
            changed[field] = wrong
            add("wrong-\(field)", try JSONSerialization.data(withJSONObject: changed), cause: "field '\(cause)'")
        }
        return hostile
    }

    /// The topic of the next major version, which nobody knows yet.
    public static func nextTopic(_ type: EventType) -> String { "nightjar.\(type.name).v\(type.major + 1)" }
}

/// Runs a worker of a service over messages until none is left.
///
/// The third attempt at a message is made by a program that fails at once.
///
/// - Returns: the dead letters, by key of the message.
public func handleAll(
    _ messages: [Message], service: String, routes: Routes, bus: InMemoryBus, log: Log
) throws -> [String: MessageDeadLettered] {
    let topics = Set(messages.map(\.topic)).sorted()
    try bus.sink().publish(messages)
    let stop = StopFlag()
    let source = DrainedSource(bus.source(group: service, topics: topics), stop)
    Worker(
        service: service, from: source, to: bus.sink(), routes: routes,
        options: WorkerOptions(
            markers: MemoryAttemptMarkers(), environment: [:], child: ChildProcess(executable: "/bin/false")),
        stop: stop, log: log
    ).run()
    let letters = try bus.messages(on: MessageDeadLettered.type.topic)
        .filter { $0.header("ce_source") == "nightjar/\(service)" }
        .map { try EventCodec.decode(MessageDeadLettered.self, from: $0).payload }
    return Dictionary(
        letters.map { ("\($0.originalTopic) \($0.originalKey)", $0) }, uniquingKeysWith: { first, _ in first })
}

/// Raises the stop flag once nothing is left.
private final class DrainedSource: Source {
    private let source: any Source
    private let stop: StopFlag

    init(_ source: any Source, _ stop: StopFlag) {
        self.source = source
        self.stop = stop
    }

    func receive(timeoutMilliseconds: Int) throws(Unavailable) -> Delivery? {
        let delivery = try source.receive(timeoutMilliseconds: timeoutMilliseconds)
        if delivery == nil { stop.raise() }
        return delivery
    }

    func acknowledge(_ delivery: Delivery) throws(Unavailable) { try source.acknowledge(delivery) }

    func stayAlive(milliseconds: Int) throws(Unavailable) { try source.stayAlive(milliseconds: milliseconds) }
}

/// The published example of an event type, `schemas/<type>/v<major>.example.json`.
public func publishedExample(of type: EventType, source: String = #filePath) throws -> Data {
    let root = URL(filePath: source).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    return try Data(contentsOf: root.appending(path: "schemas/\(type.name)/v\(type.major).example.json"))
}
