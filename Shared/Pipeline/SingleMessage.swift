internal import Events
internal import Foundation

/// What one attempt at a message came to. Written by a child process for its parent, or made in the worker itself.
enum Outcome: Sendable, Equatable {
    case done([Message])
    /// The input can never work; the messages say so to the world, the text to the log.
    case rejected([Message], reason: String)
    /// Nothing but a dead letter can say what is wrong with it.
    case unusable(error: String)
    case unavailable(reason: String)
    case failed(error: String)
}

/// The files through which a message goes to a child process and its outcome comes back.
enum SingleMessage {
    /// Names the file with the message; the outcome is written beside it.
    static let environmentName = "NIGHTJAR_SINGLE_MESSAGE"
    static let memoryName = "NIGHTJAR_SINGLE_MESSAGE_MEGABYTES"
    static let secondsName = "NIGHTJAR_SINGLE_MESSAGE_SECONDS"

    static func outcomePath(of messagePath: String) -> String { messagePath + ".outcome" }

    static func write(_ delivery: Delivery, to path: String) throws {
        let stored = StoredDelivery(
            message: StoredMessage(delivery.message), partition: delivery.partition, offset: delivery.offset)
        try EventCodec.json(stored).write(to: URL(filePath: path), options: .atomic)
    }

    static func delivery(at path: String) throws -> Delivery {
        let stored = try JSONDecoder().decode(StoredDelivery.self, from: Data(contentsOf: URL(filePath: path)))
        return Delivery(message: stored.message.message, partition: stored.partition, offset: stored.offset)
    }

    static func write(_ outcome: Outcome, to path: String) throws {
        try EventCodec.json(StoredOutcome(outcome)).write(to: URL(filePath: path), options: .atomic)
    }

    static func outcome(at path: String) throws -> Outcome {
        try JSONDecoder().decode(StoredOutcome.self, from: Data(contentsOf: URL(filePath: path))).outcome
    }

    /// Sets the child's own limits: memory by RLIMIT_DATA, and an alarm that outlives a parent that was killed.
    static func limitThisProcess(_ environment: [String: String]) {
        if let megabytes = environment[memoryName].flatMap({ UInt($0) }) {
            var limit = rlimit(rlim_cur: megabytes << 20, rlim_max: megabytes << 20)
            setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit)
        }
        if let seconds = environment[secondsName].flatMap({ UInt32($0) }) { alarm(seconds + 5) }
    }
}

private struct StoredMessage: Codable {
    var topic: String
    var key: String
    var headers: [Message.Header]
    var valueBase64: Data

    init(_ message: Message) {
        topic = message.topic
        key = message.key
        headers = message.headers
        valueBase64 = message.value
    }

    var message: Message { Message(topic: topic, key: key, headers: headers, value: valueBase64) }
}

private struct StoredDelivery: Codable {
    var message: StoredMessage
    var partition: Int
    var offset: Int
}

private struct StoredOutcome: Codable {
    enum Kind: String, Codable { case done, rejected, unusable, unavailable, failed }
    var kind: Kind
    var text: String
    var messages: [StoredMessage]

    init(_ outcome: Outcome) {
        (kind, text, messages) =
            switch outcome {
            case .done(let messages): (.done, "", messages.map(StoredMessage.init))
            case .rejected(let messages, let reason): (.rejected, reason, messages.map(StoredMessage.init))
            case .unusable(let error): (.unusable, error, [])
            case .unavailable(let reason): (.unavailable, reason, [])
            case .failed(let error): (.failed, error, [])
            }
    }

    var outcome: Outcome {
        switch kind {
        case .done: .done(messages.map(\.message))
        case .rejected: .rejected(messages.map(\.message), reason: text)
        case .unusable: .unusable(error: text)
        case .unavailable: .unavailable(reason: text)
        case .failed: .failed(error: text)
        }
    }
}
