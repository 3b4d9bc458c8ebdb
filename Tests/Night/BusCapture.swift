import Events
import Foundation
import KafkaBus
import Pipeline
import Testing

@testable import nightjar

/// Everything that is on the bus, topic by topic.
struct BusCapture {
    let deliveries: [Delivery]

    /// Reads all topics, and those of the rules, to their ends of now.
    init(_ system: NightSystem, rules: [String] = []) throws {
        let brokers = try #require(system.supervisor.brokers)
        let connection = KafkaConnection(brokers: brokers, log: Log(service: "test", level: .error))
        let topics = EventType.all.map(\.topic) + rules.map { "nightjar.alerts.\($0).v1" }
        let reader = try KafkaReader(connection, topics: topics, startingAt: .beginning)
        deliveries = try reader.readToEnd()
    }

    func count(_ type: EventType) -> Int { deliveries.count { $0.message.topic == type.topic } }

    func events<Payload: EventPayload>(_ type: Payload.Type) throws -> [Payload] {
        try deliveries.filter { $0.message.topic == Payload.type.topic }
            .map { try EventCodec.decode(type, from: $0.message).payload }
    }

    /// Writes one JSON object a line, as `scripts/check_events.py` reads it.
    func write(to file: URL) throws {
        var lines = Data()
        for delivery in deliveries {
            let message = delivery.message
            let headers = Dictionary(message.headers.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
            let outer: [String: Any] = ["topic": message.topic, "key": message.key, "headers": headers]
            // The value's own bytes, so that every digit is judged as it was sent.
            lines += try JSONSerialization.data(withJSONObject: outer, options: [.sortedKeys]).dropLast()
            lines += Data(",\"value\":".utf8) + message.value + Data("}\n".utf8)
        }
        try lines.write(to: file)
    }
}

/// Programs that tests call.
enum Program {
    static let projectRoot = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Whether `make setup` has been run.
    static var hasPythonTools: Bool {
        FileManager.default.isExecutableFile(atPath: projectRoot.appending(path: ".venv/bin/python").path)
    }

    /// Runs a program to its end; standard error comes with the output.
    static func run(_ path: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    /// Judges captured events by the published schemas, with the validator of the project's Python tools.
    static func judge(_ capture: BusCapture, in folder: URL) throws -> (status: Int32, output: String) {
        let file = folder.appending(path: "events.jsonl")
        try capture.write(to: file)
        return try run(
            projectRoot.appending(path: ".venv/bin/python").path,
            [projectRoot.appending(path: "scripts/check_events.py").path, file.path])
    }
}
