public import Foundation

/// What travels on the bus: a topic, a key, headers and bytes. CloudEvents 1.0, Kafka binding, binary mode.
public struct Message: Sendable, Equatable {
    public var topic: String
    public var key: String
    /// In order; names are unique.
    public var headers: [Header]
    public var value: Data

    public struct Header: Sendable, Equatable, Codable {
        public let name: String
        public let value: String
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public init(topic: String, key: String, headers: [Header], value: Data) {
        self.topic = topic
        self.key = key
        self.headers = headers
        self.value = value
    }

    public func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }

    /// The CloudEvents id; nil in a message nobody of ours wrote.
    public var eventID: String? { header("ce_id") }
}

/// A payload of one event type. Swift and JSON spell every name alike; units are in the names.
public protocol EventPayload: Codable, Sendable, Equatable {
    static var type: EventType { get }
    /// The Kafka key: what must stay in order together.
    var key: String { get }
    /// What the event is about, `ce_subject`.
    var subject: String { get }
    /// Tells two events of one subject apart: recipe and revision. Part of the event's id.
    var identity: String { get }
}

/// One event as a reader sees it.
public struct Event<Payload: EventPayload>: Sendable, Equatable {
    public let id: String
    public let source: String
    public let payload: Payload
    public let trace: Trace

    public init(id: String, source: String, payload: Payload, trace: Trace) {
        self.id = id
        self.source = source
        self.payload = payload
        self.trace = trace
    }
}
