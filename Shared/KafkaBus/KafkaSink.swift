internal import CRdKafka
public import Events
public import Pipeline

/// Publishes to Kafka and returns when the brokers have acknowledged: `acks=all`, idempotent, murmur2 like the Java
/// clients.
public final class KafkaSink: Sink {
    private let connection: KafkaConnection
    private let configuration: KafkaConfiguration
    private let context: KafkaContext
    private let timeoutMilliseconds: Int
    private var client: OpaquePointer?
    /// Topics whose partitions this client knows.
    private var known: Set<String> = []
    /// Reports of the publication under way: nil while outstanding.
    private var reports: [rd_kafka_resp_err_t?] = []

    /// Connects at the first publication.
    ///
    /// - Parameter timeoutSeconds: how long a publication waits for the brokers before it is `Unavailable`.
    public init(_ connection: KafkaConnection, timeoutSeconds: Double = 10) throws(KafkaSettingError) {
        self.connection = connection
        timeoutMilliseconds = Int(timeoutSeconds * 1000)
        context = KafkaContext(log: connection.log)
        configuration = try connection.configuration([
            "client.id": "nightjar", "enable.idempotence": "true", "acks": "all", "partitioner": "murmur2",
            "message.timeout.ms": String(timeoutMilliseconds), "linger.ms": "1", "compression.type": "lz4",
            "log.connection.close": "false", "reconnect.backoff.max.ms": "2000",
            "topic.metadata.refresh.fast.interval.ms": "100",
        ])
    }

    deinit {
        close()
    }

    public func publish(_ messages: [Message]) throws {
        guard !messages.isEmpty else { return }
        let client = try connected()
        for message in messages where !known.contains(message.topic) {
            // Asked for now: librdkafka by itself lets the first message to a topic wait for up to a second.
            _ = try TopicAdmin.describe(
                client, connection, milliseconds: Int32(timeoutMilliseconds), topic: message.topic)
            known.insert(message.topic)
        }
        reports = Array(repeating: nil, count: messages.count)
        context.report = { [unowned self] index, error in
            if reports.indices.contains(index) { reports[index] = error }
        }
        defer { context.report = nil }
        for (index, message) in messages.enumerated() { queue(message, index, client) }
        // Every queued message gets its report within message.timeout.ms; the margin is librdkafka's own slowness.
        var left = timeoutMilliseconds + 5000
        while reports.contains(where: { $0 == nil }), left > 0 {
            rd_kafka_flush(client, 100)
            left -= 100
        }
        try check(messages, client)
    }

    private func queue(_ message: Message, _ index: Int, _ client: OpaquePointer) {
        var left = timeoutMilliseconds
        while true {
            let error = client.produce(message, index: index)
            if error == RD_KAFKA_RESP_ERR_NO_ERROR { return }
            guard error == RD_KAFKA_RESP_ERR__QUEUE_FULL, left > 0 else {
                reports[index] = error
                return
            }
            rd_kafka_poll(client, 50)
            left -= 50
        }
    }

    private func check(_ messages: [Message], _ client: OpaquePointer) throws {
        var text = [CChar](repeating: 0, count: 512)
        if rd_kafka_fatal_error(client, &text, text.count) != RD_KAFKA_RESP_ERR_NO_ERROR {
            // This client will never produce again; the next publication starts with a new one.
            close()
            throw connection.unavailable("publishing", string(text))
        }
        for (message, report) in zip(messages, reports) where report.map(isRefusal) == true {
            let reason = "\(describe(report ?? RD_KAFKA_RESP_ERR__FAIL)), \(message.value.count) bytes"
            throw UnpublishableMessage(topic: message.topic, key: message.key, reason: reason)
        }
        for (message, report) in zip(messages, reports) where report != RD_KAFKA_RESP_ERR_NO_ERROR {
            let error = report ?? RD_KAFKA_RESP_ERR__MSG_TIMED_OUT
            if report == nil { close() }
            let said = context.lost.map { "\(describe(error)); \($0)" } ?? describe(error)
            throw connection.unavailable("publishing to \(message.topic)", said)
        }
        context.lost = nil
    }

    private func isRefusal(_ error: rd_kafka_resp_err_t) -> Bool {
        switch error {
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_INVALID_MSG, RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE,
            RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, RD_KAFKA_RESP_ERR_INVALID_RECORD,
            RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, RD_KAFKA_RESP_ERR__INVALID_ARG:
            true
        default: false
        }
    }

    private func connected() throws(Unavailable) -> OpaquePointer {
        if let client { return client }
        let made = try configuration.client(RD_KAFKA_PRODUCER, connection: connection, context: context)
        client = made
        return made
    }

    /// Ends the connection; nothing is outstanding between publications.
    public func close() {
        guard let client else { return }
        self.client = nil
        known = []
        rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
        rd_kafka_destroy(client)
    }
}
