internal import CRdKafka
internal import Events
internal import Foundation
public import Pipeline

/// Receives from Kafka as a member of a group. An offset is stored only by `acknowledge`, and committed twice a second,
/// on revocation and on `close`.
public final class KafkaSource: Source {
    private let connection: KafkaConnection
    private let configuration: KafkaConfiguration
    private let context: KafkaContext
    private let topics: [String]
    private var client: OpaquePointer?
    /// Paused while something the service needs is away, until `resume`: a partition that went to somebody else and
    /// comes back would still be paused.
    private var paused: Set<Partition> = []
    private var done = AcknowledgedMessages()
    /// Received while paused, from partitions that were assigned in the meantime.
    private var held: [Delivery] = []

    /// Joins the group at the first `receive`. A group that is new begins with the oldest message.
    ///
    /// - Parameter messagesAhead: fetched of each partition before they are asked for; few where a message takes long,
    ///   so that topics take turns.
    public init(
        _ connection: KafkaConnection, group: String, topics: [String], sessionTimeoutMilliseconds: Int = 10_000,
        messagesAhead: Int = 1000
    ) throws(KafkaSettingError) {
        self.connection = connection
        self.topics = topics
        context = KafkaContext(log: connection.log)
        configuration = try connection.configuration([
            "client.id": "nightjar", "group.id": group, "enable.auto.offset.store": "false",
            "enable.auto.commit": "true", "auto.commit.interval.ms": "500", "auto.offset.reset": "earliest",
            "partition.assignment.strategy": "range",
            "session.timeout.ms": String(sessionTimeoutMilliseconds),
            "heartbeat.interval.ms": String(max(300, sessionTimeoutMilliseconds / 6)),
            "max.poll.interval.ms": String(max(900_000, sessionTimeoutMilliseconds)),
            "fetch.wait.max.ms": "100", "queued.min.messages": String(messagesAhead),
            "max.partition.fetch.bytes": String(min(1_048_576, max(messagesAhead * 4096, 8192))),
            "log.connection.close": "false",
            "reconnect.backoff.max.ms": "2000", "allow.auto.create.topics": "true",
            "topic.metadata.refresh.interval.ms": "10000",
        ])
    }

    deinit {
        close()
    }

    public func receive(timeoutMilliseconds: Int) throws(Unavailable) -> Delivery? {
        let client = try connected()
        try resume(client)
        try checkLost(client, milliseconds: timeoutMilliseconds)
        while !held.isEmpty {
            let delivery = held.removeFirst()
            if isAssigned(delivery, client) { return delivery }
        }
        guard let delivery = try poll(client, milliseconds: timeoutMilliseconds) else { return nil }
        guard done.contains(delivery) else { return delivery }
        // A rebalance took the partition away before the offset was committed, and gave it back.
        try acknowledge(delivery)
        return nil
    }

    /// Ignored when the partition has gone to somebody else meanwhile: they will get the message again.
    public func acknowledge(_ delivery: Delivery) throws(Unavailable) {
        guard let client else { return }
        done.insert(delivery)
        let list = rd_kafka_topic_partition_list_new(1)
        defer { rd_kafka_topic_partition_list_destroy(list) }
        let entry = rd_kafka_topic_partition_list_add(list, delivery.message.topic, Int32(delivery.partition))
        entry?.pointee.offset = Int64(delivery.offset) + 1
        let error = rd_kafka_offsets_store(client, list)
        switch error {
        case RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR__STATE, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION: return
        default: throw connection.unavailable("acknowledging \(delivery.message.topic)", describe(error))
        }
    }

    public func stayAlive(milliseconds: Int) throws(Unavailable) {
        let client = try connected()
        if paused.isEmpty { pauseAssigned(client) }
        let end = Clock.system.elapsed() + Double(milliseconds) / 1000
        while true {
            let left = Int((end - Clock.system.elapsed()) * 1000)
            if left <= 0 { return }
            guard let delivery = try poll(client, milliseconds: left) else { continue }
            held.append(delivery)
            pauseAssigned(client)
        }
    }

    private func resume(_ client: OpaquePointer) throws(Unavailable) {
        guard !paused.isEmpty else { return }
        let list = rd_kafka_topic_partition_list_new(Int32(paused.count))
        defer { rd_kafka_topic_partition_list_destroy(list) }
        for partition in paused { rd_kafka_topic_partition_list_add(list, partition.topic, partition.number) }
        rd_kafka_resume_partitions(client, list)
        paused = []
    }

    private func pauseAssigned(_ client: OpaquePointer) {
        var list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
        guard rd_kafka_assignment(client, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return }
        defer { rd_kafka_topic_partition_list_destroy(list) }
        rd_kafka_pause_partitions(client, list)
        for entry in UnsafeBufferPointer(start: list.pointee.elems, count: Int(list.pointee.cnt)) {
            paused.insert(Partition(topic: String(cString: entry.topic), number: entry.partition))
        }
    }

    private func isAssigned(_ delivery: Delivery, _ client: OpaquePointer) -> Bool {
        var list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
        guard rd_kafka_assignment(client, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return false }
        defer { rd_kafka_topic_partition_list_destroy(list) }
        return rd_kafka_topic_partition_list_find(list, delivery.message.topic, Int32(delivery.partition)) != nil
    }

    private func poll(_ client: OpaquePointer, milliseconds: Int) throws(Unavailable) -> Delivery? {
        guard let message = rd_kafka_consumer_poll(client, Int32(milliseconds)) else {
            if let reason = context.lost { throw connection.unavailable("receiving", reason) }
            return nil
        }
        defer { rd_kafka_message_destroy(message) }
        switch message.pointee.err {
        case RD_KAFKA_RESP_ERR_NO_ERROR:
            return delivery(message)
        case RD_KAFKA_RESP_ERR__PARTITION_EOF: return nil
        default:
            connection.log.warning("Kafka consumer", ["said": text(message)])
            return nil
        }
    }

    private func text(_ message: UnsafeMutablePointer<rd_kafka_message_t>) -> String {
        rd_kafka_message_errstr(message).map { String(cString: $0) } ?? describe(message.pointee.err)
    }

    /// After the brokers were lost: are they back? librdkafka reports the loss once and the return never.
    private func checkLost(_ client: OpaquePointer, milliseconds: Int) throws(Unavailable) {
        guard let reason = context.lost else { return }
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let error = rd_kafka_metadata(client, 0, nil, &metadata, Int32(max(milliseconds, 200)))
        if let metadata { rd_kafka_metadata_destroy(metadata) }
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { throw connection.unavailable("receiving", reason) }
        context.lost = nil
    }

    private func connected() throws(Unavailable) -> OpaquePointer {
        if let client { return client }
        let made = try configuration.client(RD_KAFKA_CONSUMER, connection: connection, context: context)
        rd_kafka_poll_set_consumer(made)
        let list = rd_kafka_topic_partition_list_new(Int32(topics.count))
        defer { rd_kafka_topic_partition_list_destroy(list) }
        for topic in topics { rd_kafka_topic_partition_list_add(list, topic, -1) }
        let error = rd_kafka_subscribe(made, list)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else {
            rd_kafka_destroy(made)
            throw connection.unavailable("subscribing to \(topics.joined(separator: ", "))", describe(error))
        }
        client = made
        return made
    }

    /// Commits what was acknowledged and leaves the group. The next `receive` would join again.
    public func close() {
        guard let client else { return }
        self.client = nil
        held = []
        paused = []
        let error = rd_kafka_consumer_close(client)
        if error != RD_KAFKA_RESP_ERR_NO_ERROR {
            connection.log.warning("Kafka consumer did not close cleanly", ["said": describe(error)])
        }
        rd_kafka_destroy(client)
    }

    private struct Partition: Hashable {
        let topic: String
        let number: Int32
    }
}
