internal import CRdKafka
public import Events
internal import Foundation
internal import Pipeline

/// A topic as the brokers have it.
public struct TopicDescription: Sendable, Equatable {
    public let name: String
    public let partitions: Int
}

/// What became of a topic that should be there.
public struct TopicReport: Sendable, Equatable {
    public enum Outcome: Sendable, Equatable {
        case created
        case alreadyThere
        /// It exists with another number of partitions: keys may not meet as they should.
        case differs(partitions: Int)
        case failed(String)
    }

    public let topic: String
    public let outcome: Outcome
}

/// Prepares the topics of a real cluster. (The embedded broker makes its own at start.)
public enum TopicAdmin {
    /// Creates what is missing, with partitions and retention as the types say; what exists is compared and left alone.
    ///
    /// - Parameter replication: copies of each partition; -1 is the cluster's default.
    public static func create(
        _ types: [EventType], _ connection: KafkaConnection, replication: Int = -1, timeoutSeconds: Double = 30
    ) throws -> [TopicReport] {
        let admin = try Admin(connection)
        let milliseconds = Int32(timeoutSeconds * 1000)
        let existing = try describe(admin.client, connection, milliseconds: milliseconds, topic: nil)
        let sizes = Dictionary(existing.map { ($0.name, $0.partitions) }, uniquingKeysWith: { first, _ in first })
        let missing = types.filter { sizes[$0.topic] == nil }
        let errors =
            missing.isEmpty
            ? [:] : try admin.create(missing, connection, replication: replication, milliseconds: milliseconds)
        return types.map { type in
            guard let partitions = sizes[type.topic] else {
                return TopicReport(topic: type.topic, outcome: errors[type.topic].map { .failed($0) } ?? .created)
            }
            let fits = partitions == type.partitions
            return TopicReport(topic: type.topic, outcome: fits ? .alreadyThere : .differs(partitions: partitions))
        }
    }

    /// All topics of the cluster, by name. Also says whether the brokers are there at all.
    public static func list(_ connection: KafkaConnection, timeoutSeconds: Double = 10) throws -> [TopicDescription] {
        let admin = try Admin(connection)
        return try describe(admin.client, connection, milliseconds: Int32(timeoutSeconds * 1000), topic: nil)
    }

    /// - Parameter topic: only this one; a broker that creates topics on first use creates it now.
    static func describe(
        _ client: OpaquePointer, _ connection: KafkaConnection, milliseconds: Int32, topic: String?
    ) throws(Unavailable) -> [TopicDescription] {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let handle = topic.flatMap { rd_kafka_topic_new(client, $0, nil) }
        defer { if let handle { rd_kafka_topic_destroy(handle) } }
        let error = rd_kafka_metadata(client, topic == nil ? 1 : 0, handle, &metadata, milliseconds)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else {
            throw connection.unavailable("asking for topics", describe(error))
        }
        defer { rd_kafka_metadata_destroy(metadata) }
        let topics = UnsafeBufferPointer(start: metadata.pointee.topics, count: Int(metadata.pointee.topic_cnt))
        return topics.filter { $0.err == RD_KAFKA_RESP_ERR_NO_ERROR }
            .map { TopicDescription(name: String(cString: $0.topic), partitions: Int($0.partition_cnt)) }
            .sorted { $0.name < $1.name }
    }

    private static func describe(_ error: rd_kafka_resp_err_t) -> String { KafkaBus.describe(error) }
}

/// A client for administration.
private final class Admin {
    let client: OpaquePointer
    private let context: KafkaContext

    init(_ connection: KafkaConnection) throws {
        context = KafkaContext(log: connection.log)
        client = try connection.configuration(["client.id": "nightjar", "log.connection.close": "false"])
            .client(RD_KAFKA_PRODUCER, connection: connection, context: context)
    }

    deinit {
        rd_kafka_destroy(client)
    }

    /// - Returns: what failed, topic by topic.
    func create(
        _ types: [EventType], _ connection: KafkaConnection, replication: Int, milliseconds: Int32
    ) throws(Unavailable) -> [String: String] {
        var wanted: [OpaquePointer?] = types.map { type in
            let topic = rd_kafka_NewTopic_new(type.topic, Int32(type.partitions), Int32(replication), nil, 0)
            rd_kafka_NewTopic_set_config(topic, "retention.ms", String(type.retentionHours * 3_600_000))
            return topic
        }
        let options = rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_CREATETOPICS)
        rd_kafka_AdminOptions_set_request_timeout(options, milliseconds, nil, 0)
        let queue = rd_kafka_queue_new(client)
        defer {
            for topic in wanted { rd_kafka_NewTopic_destroy(topic) }
            rd_kafka_AdminOptions_destroy(options)
            rd_kafka_queue_destroy(queue)
        }
        rd_kafka_CreateTopics(client, &wanted, wanted.count, options, queue)
        guard let event = rd_kafka_queue_poll(queue, milliseconds + 2000) else {
            throw connection.unavailable("creating topics", "no answer")
        }
        defer { rd_kafka_event_destroy(event) }
        let error = rd_kafka_event_error(event)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else {
            // Brokers before 2.4 know no default number of copies.
            let isOld = error == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE && replication < 1
            let advice = isOld ? "; give --replication N" : ""
            throw connection.unavailable(
                "creating topics", (rd_kafka_event_error_string(event).map { String(cString: $0) } ?? "") + advice)
        }
        return failures(rd_kafka_event_CreateTopics_result(event))
    }

    private func failures(_ result: OpaquePointer?) -> [String: String] {
        var count = 0
        guard let topics = rd_kafka_CreateTopics_result_topics(result, &count) else { return [:] }
        var failures: [String: String] = [:]
        for index in 0..<count {
            let error = rd_kafka_topic_result_error(topics[index])
            guard error != RD_KAFKA_RESP_ERR_NO_ERROR, let name = rd_kafka_topic_result_name(topics[index]) else {
                continue
            }
            let said = rd_kafka_topic_result_error_string(topics[index]).map { String(cString: $0) }
            failures[String(cString: name)] = said ?? KafkaBus.describe(error)
        }
        return failures
    }
}
