internal import AlertRules
internal import Events
internal import Foundation
internal import KafkaBus
internal import Pipeline

let topicsCommand = Command(
    name: "topics", usage: "topics create | list [--brokers A]",
    summary: "Prepares the topics of a Kafka cluster, or lists them. (The embedded broker makes its own.)",
    options: [
        Option("replication", "N", "create: copies of each partition (default: the cluster's own)"),
        SystemAddress.brokersOption, SystemAddress.dataOption, SystemAddress.databaseOption, SystemAddress.jsonOption,
    ]
) { arguments in
    let verb = arguments.positional.count == 1 ? arguments.positional[0] : ""
    guard ["create", "list"].contains(verb) else { throw UsageError("say what to do: nightjar topics create | list") }
    let replication = try arguments.integer("replication", in: 1...100)
    let address = try SystemAddress(arguments)
    let run = TopicsRun(address: address, isJSON: arguments.has("json"))
    return verb == "create" ? try run.create(replication: replication ?? -1) : try run.list()
}

extension EventType {
    /// The topic for subscribers of one rule: `nightjar.alerts.<rule>.v1`
    static func alerts(ofRule rule: String) -> EventType {
        EventType("alerts.\(rule)", partitions: AlertRaised.type.partitions)
    }
}

extension TopicReport {
    var isProblem: Bool {
        switch outcome {
        case .created, .alreadyThere: false
        case .differs, .failed: true
        }
    }

    var line: String {
        switch outcome {
        case .created: "\(topic): created"
        case .alreadyThere: "\(topic): is there"
        case .differs(let partitions):
            "\(topic): is there with \(partitions) partitions, which is not what services expect; "
                + "delete it or change its partitions while the system is stopped"
        case .failed(let reason): "\(topic): cannot be created: \(reason)"
        }
    }
}

private struct TopicsRun {
    let address: SystemAddress
    let isJSON: Bool

    private struct Row: Encodable {
        let topic: String
        let partitions: Int?
        let expected: Int?
        let text: String
    }

    func create(replication: Int) throws -> Int32 {
        let (connection, found) = try address.connection()
        guard !found.isEmbedded else {
            throw SystemError(
                "the broker of \(found.origin) is the embedded one, which makes its own topics; give --brokers A")
        }
        let types = try types()
        let reports = try TopicAdmin.create(types, connection, replication: replication)
        let rows = zip(reports, types).map { report, type in
            Row(topic: report.topic, partitions: nil, expected: type.partitions, text: report.line)
        }
        try say(rows)
        return reports.contains(where: \.isProblem) ? 1 : 0
    }

    func list() throws -> Int32 {
        let (connection, _) = try address.connection()
        let there = try TopicAdmin.list(connection).filter { $0.name.hasPrefix("nightjar.") }
        let sizes = Dictionary(there.map { ($0.name, $0.partitions) }, uniquingKeysWith: { first, _ in first })
        let types = try types()
        let expected = types.map { type in
            Row(
                topic: type.topic, partitions: sizes[type.topic], expected: type.partitions,
                text: "\(type.topic): "
                    + (sizes[type.topic].map {
                        "\($0) partitions" + ($0 == type.partitions ? "" : ", expected \(type.partitions)")
                    }
                        ?? "missing; nightjar topics create makes it"))
        }
        let names = Set(types.map(\.topic))
        let others = there.filter { !names.contains($0.name) }.map {
            Row(
                topic: $0.name, partitions: $0.partitions, expected: nil,
                text: "\($0.name): \($0.partitions) partitions")
        }
        try say(expected + others)
        return 0
    }

    /// Every event's topic, and those of the rules where the record can be read.
    private func types() throws -> [EventType] {
        guard try address.database() != nil else { return EventType.all }
        do {
            let rules = try DocumentTable(.rule, try address.record()).all()
            return EventType.all + rules.map { .alerts(ofRule: $0.id) }
        } catch is SystemError {
            return EventType.all
        }
    }

    private func say(_ rows: [Row]) throws {
        if isJSON {
            Terminal.say(String(decoding: try prettyJSON(rows).dropLast(), as: UTF8.self))
        } else {
            for row in rows { Terminal.say(row.text.printable) }
        }
    }
}
