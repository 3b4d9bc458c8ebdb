internal import CRdKafka
public import Events
public import Pipeline

/// librdkafka's mock cluster: the Kafka protocol on loopback, messages in memory, about 5 MB for each partition.
///
/// It lives in the process that makes it and ends with it; nothing survives. It chooses its port itself.
public final class EmbeddedBroker {
    private let client: OpaquePointer
    private let cluster: OpaquePointer
    private let context: KafkaContext
    /// `127.0.0.1:port`
    public let brokers: String

    /// - Parameter topics: created at once with their partitions; others come into being on first use, with 4.
    public init(topics: [EventType], log: Log) throws {
        let connection = KafkaConnection(brokers: "127.0.0.1:1", log: log)
        context = KafkaContext(log: log)
        client = try connection.configuration([:]).client(RD_KAFKA_PRODUCER, connection: connection, context: context)
        guard let cluster = rd_kafka_mock_cluster_new(client, 1) else {
            rd_kafka_destroy(client)
            throw Unavailable("embedded broker: librdkafka's mock cluster did not start")
        }
        self.cluster = cluster
        brokers = String(cString: rd_kafka_mock_cluster_bootstraps(cluster))
        for type in topics {
            let error = rd_kafka_mock_topic_create(cluster, type.topic, Int32(type.partitions), 1)
            guard error == RD_KAFKA_RESP_ERR_NO_ERROR else {
                throw Unavailable("embedded broker: topic \(type.topic): \(describe(error))")
            }
        }
    }

    deinit {
        rd_kafka_mock_cluster_destroy(cluster)
        rd_kafka_destroy(client)
    }

    /// Refuses connections until `comeBack`; what is stored stays.
    public func goAway() {
        rd_kafka_mock_broker_set_down(cluster, 1)
    }

    public func comeBack() {
        rd_kafka_mock_broker_set_up(cluster, 1)
    }
}
