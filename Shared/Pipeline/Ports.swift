public import Events

/// A message as the bus handed it over, with its place.
public struct Delivery: Sendable, Equatable {
    public let message: Message
    public let partition: Int
    public let offset: Int

    public init(message: Message, partition: Int, offset: Int) {
        self.message = message
        self.partition = partition
        self.offset = offset
    }
}

/// Where messages come from. Used by one thread.
public protocol Source: AnyObject {
    /// The next message, or nil when none came within the time.
    func receive(timeoutMilliseconds: Int) throws(Unavailable) -> Delivery?

    /// The message is done: it need not come again. It may all the same.
    func acknowledge(_ delivery: Delivery) throws(Unavailable)

    /// Keeps the membership in the group alive without receiving, while something the service needs is away.
    func stayAlive(milliseconds: Int) throws(Unavailable)

    /// Commits what was acknowledged and leaves the group.
    func close()
}

extension Source {
    public func close() {}
}

/// Where messages go.
public protocol Sink: AnyObject {
    /// Returns when the broker has acknowledged every message.
    ///
    /// - Throws: `Unavailable` when it has not in the time the sink allows itself; `UnpublishableMessage` when it never
    ///   will.
    func publish(_ messages: [Message]) throws
}

/// The bus will never take this message, however often it is tried: too large, invalid.
public struct UnpublishableMessage: Error, Sendable, Equatable, CustomStringConvertible {
    public let topic: String
    public let key: String
    public let reason: String

    public init(topic: String, key: String, reason: String) {
        self.topic = topic
        self.key = key
        self.reason = reason
    }

    public var description: String { "message for \(topic) with key '\(key)' cannot be published: \(reason)" }
}

/// An event to be published, before the worker adds source, trace and time.
public struct Outgoing: Sendable {
    public let type: EventType
    public let key: String
    private let write: @Sendable (_ source: String, _ trace: Trace, _ time: String) throws -> Message

    public init<Payload: EventPayload>(_ payload: Payload) {
        type = Payload.type
        key = payload.key
        write = { source, trace, time in try EventCodec.encode(payload, source: source, trace: trace, time: time) }
    }

    public func message(source: String, trace: Trace, time: String) throws -> Message {
        try write(source, trace, time)
    }
}
