internal import CRdKafka
internal import Events
internal import Foundation
public import Pipeline

/// Reads a topic without joining a group and without leaving a trace: for a command line that lists or follows.
public final class KafkaReader {
    public enum Start: Sendable {
        case beginning
        /// Only what comes from now on.
        case end
        /// The first message at or after this time, seconds since 1970.
        case time(Double)
    }

    private let connection: KafkaConnection
    private let context: KafkaContext
    private let client: OpaquePointer
    /// Partitions whose end of now has not been reached, as `topic/partition`, with that end.
    private var unfinished: [String: Int64] = [:]

    /// - Throws: `Unavailable` when the brokers do not answer within the time or a topic does not exist.
    public init(
        _ connection: KafkaConnection, topics: [String], startingAt start: Start, timeoutSeconds: Double = 10
    ) throws {
        self.connection = connection
        context = KafkaContext(log: connection.log)
        let configuration = try connection.configuration([
            "client.id": "nightjar", "group.id": "nightjar-reader", "enable.auto.commit": "false",
            "enable.auto.offset.store": "false", "auto.offset.reset": "earliest", "fetch.wait.max.ms": "100",
            "log.connection.close": "false", "reconnect.backoff.max.ms": "2000", "allow.auto.create.topics": "true",
        ])
        client = try configuration.client(RD_KAFKA_CONSUMER, connection: connection, context: context)
        rd_kafka_poll_set_consumer(client)
        let milliseconds = Int32(timeoutSeconds * 1000)
        let list = rd_kafka_topic_partition_list_new(8)
        defer { rd_kafka_topic_partition_list_destroy(list) }
        for topic in topics {
            for partition in try partitions(of: topic, milliseconds) {
                let entry = rd_kafka_topic_partition_list_add(list, topic, partition)
                entry?.pointee.offset = try offset(topic, partition, start, milliseconds)
            }
        }
        let error = rd_kafka_assign(client, list)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw connection.unavailable("reading \(topics.joined(separator: ", "))", describe(error))
        }
    }

    deinit {
        rd_kafka_consumer_close(client)
        rd_kafka_destroy(client)
    }

    /// The next message, or nil when none came within the time.
    public func receive(timeoutMilliseconds: Int) throws(Unavailable) -> Delivery? {
        guard let message = rd_kafka_consumer_poll(client, Int32(timeoutMilliseconds)) else { return nil }
        defer { rd_kafka_message_destroy(message) }
        guard message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
            let said = rd_kafka_message_errstr(message).map { String(cString: $0) } ?? describe(message.pointee.err)
            throw connection.unavailable("reading", said)
        }
        let received = delivery(message)
        let place = "\(received.message.topic)/\(received.partition)"
        if let end = unfinished[place], Int64(received.offset) + 1 >= end { unfinished[place] = nil }
        return received
    }

    /// Whether all that was there when the reader was made has been received.
    public var hasCaughtUp: Bool { unfinished.isEmpty }

    /// Everything that was there when the reader was made.
    ///
    /// - Throws: `Unavailable` when nothing comes for `timeoutSeconds` although there is more.
    public func readToEnd(timeoutSeconds: Double = 10) throws(Unavailable) -> [Delivery] {
        var result: [Delivery] = []
        var lastReceived = Clock.system.elapsed()
        while !hasCaughtUp {
            if let delivery = try receive(timeoutMilliseconds: 100) {
                result.append(delivery)
                lastReceived = Clock.system.elapsed()
            } else if Clock.system.elapsed() - lastReceived > timeoutSeconds {
                throw connection.unavailable("reading to the end", "nothing came for \(timeoutSeconds) s")
            }
        }
        return result
    }

    private func partitions(of topic: String, _ milliseconds: Int32) throws(Unavailable) -> [Int32] {
        let found = try TopicAdmin.describe(client, connection, milliseconds: milliseconds, topic: topic)
        guard let description = found.first else { throw connection.unavailable("reading \(topic)", "no such topic") }
        return (0..<Int32(description.partitions)).map { $0 }
    }

    /// Where to begin in one partition; notes where its end is.
    private func offset(
        _ topic: String, _ partition: Int32, _ start: Start, _ milliseconds: Int32
    ) throws(Unavailable) -> Int64 {
        var low: Int64 = 0
        var high: Int64 = 0
        let error = rd_kafka_query_watermark_offsets(client, topic, partition, &low, &high, milliseconds)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw connection.unavailable("asking for the offsets of \(topic)/\(partition)", describe(error))
        }
        var begin = low
        switch start {
        case .beginning: break
        case .end: begin = high
        case .time(let seconds): begin = try offset(topic, partition, at: seconds, milliseconds) ?? high
        }
        if begin < high { unfinished["\(topic)/\(partition)"] = high }
        return begin
    }

    private func offset(
        _ topic: String, _ partition: Int32, at seconds: Double, _ milliseconds: Int32
    ) throws(Unavailable) -> Int64? {
        let list = rd_kafka_topic_partition_list_new(1)
        defer { rd_kafka_topic_partition_list_destroy(list) }
        let entry = rd_kafka_topic_partition_list_add(list, topic, partition)
        entry?.pointee.offset = Int64((seconds * 1000).rounded(.down))
        let error = rd_kafka_offsets_for_times(client, list, milliseconds)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw connection.unavailable("asking for the offset at a time of \(topic)/\(partition)", describe(error))
        }
        return entry.flatMap { $0.pointee.offset >= 0 ? $0.pointee.offset : nil }
    }
}
