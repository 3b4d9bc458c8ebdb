public import Events

/// Which handler gets which event. Event in, events out; the handler is called by one thread, one message at a time.
///
///     Routes()
///         .on(FrameReceived.self) { event in [Outgoing(try stage.calibrate(event.payload))] }
///         .on(NightClosed.self, stage.close)
public struct Routes {
    /// What became of a message that could be read.
    enum Handled {
        case outputs([Outgoing], Trace)
        case rejected(FrameRejected, Rejection, Trace)
    }

    private var handlers: [String: (Message, String) throws -> Handled] = [:]
    /// The types there is a handler for, in the order they were added.
    public private(set) var types: [EventType] = []

    public init() {}

    /// The topics to subscribe to.
    public var topics: [String] { types.map(\.topic) }

    /// These routes and one more.
    ///
    /// - Parameter handle: its fate is what it throws: `Rejection`, `Unavailable`, `MalformedEvent`, anything else.
    public func on<Payload: EventPayload>(
        _ payload: Payload.Type, _ handle: @escaping (Event<Payload>) throws -> [Outgoing]
    ) -> Routes {
        precondition(handlers[Payload.type.topic] == nil, "two handlers for \(Payload.type.topic)")
        var routes = self
        routes.types.append(Payload.type)
        routes.handlers[Payload.type.topic] = { message, service in
            var event = try EventCodec.decode(Payload.self, from: message)
            if event.trace.parent == nil, let frame = event.payload as? any AboutFrame {
                let started = Trace(startingAt: frame.frameID)
                event = Event(
                    id: event.id, source: event.source, payload: event.payload,
                    trace: Trace(parent: started.parent, timings: event.trace.timings))
            }
            do {
                return .outputs(try handle(event), event.trace)
            } catch let rejection as Rejection {
                guard let frame = event.payload as? any AboutFrame else { throw rejection }
                return .rejected(FrameRejected(frame, stage: service, rejection), rejection, event.trace)
            }
        }
        return routes
    }

    func handle(_ message: Message, service: String) throws -> Handled {
        guard let handler = handlers[message.topic] else {
            throw UnknownTopic(topic: message.topic)
        }
        return try handler(message, service)
    }
}

/// No handler for this topic: a type or major version this service does not know.
struct UnknownTopic: Error, CustomStringConvertible {
    let topic: String
    var description: String { "no handler for messages on \(topic): unknown type or major version" }
}

extension FrameRejected {
    init(_ frame: any AboutFrame, stage: String, _ rejection: Rejection) {
        self.init(
            frameID: frame.frameID, originalName: frame.originalName, instrument: frame.instrumentID,
            raw: frame.rawFile,
            stage: stage, code: rejection.code.rawValue, reason: rejection.reason)
    }
}
