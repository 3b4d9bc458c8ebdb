public import Events
public import Foundation

/// A whole event kept in the store beside what it is about, so that it can be announced again when a broker lost it.
public struct Envelope: Codable, Sendable, Equatable {
    public let topic: String
    public let key: String
    public let headers: [Message.Header]
    /// The event's JSON, as text.
    public let value: String
    /// Where and in which state the file was dropped: tells a second look at one file from a second file. Not part of
    /// the event.
    public let origin: String?

    public init(_ message: Message, origin: String? = nil) {
        self.origin = origin
        topic = message.topic
        key = message.key
        headers = message.headers
        value = String(decoding: message.value, as: UTF8.self)
    }

    public var message: Message {
        Message(topic: topic, key: key, headers: headers, value: Data(value.utf8))
    }

    public func data() throws -> Data {
        try EventCodec.json(self)
    }

    public init(data: Data) throws {
        self = try JSONDecoder().decode(Envelope.self, from: data)
    }
}
