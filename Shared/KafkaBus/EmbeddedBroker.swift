internal import CRdKafka
public import Events
internal import Foundation
public import Pipeline

/// librdkafka's mock cluster: the Kafka protocol on loopback, messages in memory, about 5 MB for each partition.
///
/// It lives in the process that makes it and ends with it; nothing survives. It chooses its port itself.
public final class EmbeddedBroker {
    private let client: OpaquePointer
    private let cluster: OpaquePointer
    private let context: KafkaContext
    private let forwarder: Forwarder?
    /// `127.0.0.1:port`
    public let brokers: String
    /// `address:port` for clients on other hosts, when it listens there. Our own clients alone understand it: the
    /// broker goes on to call itself 127.0.0.1.
    public var remoteBrokers: String? { forwarder?.address }

    /// Connections that have come in from other hosts so far.
    public var remoteConnections: Int { forwarder?.connections ?? 0 }

    /// - Parameters:
    ///   - topics: created at once with their partitions; others come into being on first use, with 4.
    ///   - remoteAddress: `0.0.0.0:9092`: also listens there.
    public init(topics: [EventType], listeningOn remoteAddress: String? = nil, log: Log) throws {
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
                rd_kafka_mock_cluster_destroy(cluster)
                rd_kafka_destroy(client)
                throw Unavailable("embedded broker: topic \(type.topic): \(describe(error))")
            }
        }
        // The door opens when the topics are there: a client that came sooner would make them with 4 partitions.
        let port = brokers.split(separator: ":").last.flatMap { UInt16($0) } ?? 0
        do {
            forwarder = try remoteAddress.map { try Forwarder(listeningOn: $0, to: port) }
        } catch {
            rd_kafka_mock_cluster_destroy(cluster)
            rd_kafka_destroy(client)
            throw error
        }
    }

    /// Whether it could listen for other hosts at `address`.
    ///
    /// - Throws: an error that names the address and says what is wrong with it.
    public static func check(_ address: String) throws {
        close(try Forwarder.listener(on: address))
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
