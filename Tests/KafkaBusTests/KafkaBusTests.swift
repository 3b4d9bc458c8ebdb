import Events
import Foundation
import KafkaBus
import Pipeline
import Testing

/// librdkafka against its own mock cluster in this process.
@Suite(.serialized)
struct KafkaBusTests {
    static let type = EventType("test.thing", partitions: 3)
    let log = Log(service: "test", level: .error)

    func source(_ broker: EmbeddedBroker, group: String) throws -> KafkaSource {
        try KafkaSource(
            KafkaConnection(brokers: broker.brokers, log: log), group: group, topics: [Self.type.topic],
            sessionTimeoutMilliseconds: 6000)
    }

    func sink(_ broker: EmbeddedBroker, timeoutSeconds: Double = 10) throws -> KafkaSink {
        try KafkaSink(KafkaConnection(brokers: broker.brokers, log: log), timeoutSeconds: timeoutSeconds)
    }

    func message(_ number: Int) -> Message {
        Message(
            topic: Self.type.topic, key: "key \(number)", headers: [Message.Header("ce_id", "id-\(number)")],
            value: Data("value \(number)".utf8))
    }

    /// Receives until `count` messages are there or the time is over.
    func collect(_ source: KafkaSource, _ count: Int, seconds: Double = 12, acknowledge: Bool = true) throws -> [Delivery] {
        var result: [Delivery] = []
        let end = Clock.system.elapsed() + seconds
        while result.count < count, Clock.system.elapsed() < end {
            guard let delivery = try source.receive(timeoutMilliseconds: 100) else { continue }
            result.append(delivery)
            print("got", delivery.message.key, Clock.system.elapsed() - end + seconds)
            if acknowledge { try source.acknowledge(delivery) }
        }
        return result
    }

    @Test("what is published arrives with key, headers and bytes, and acknowledged messages do not come again")
    func roundTripAndRestart() throws {
        let broker = try EmbeddedBroker(topics: [Self.type], log: log)
        let sink = try sink(broker)
        try sink.publish((0..<20).map(message))
        let first = try source(broker, group: "g")
        let received = try collect(first, 20)
        #expect(received.map(\.message.key).sorted() == (0..<20).map { "key \($0)" }.sorted())
        #expect(received.first { $0.message.key == "key 7" }?.message == message(7))
        // Received and not acknowledged: comes again to the next consumer; the acknowledged do not.
        try sink.publish([message(20)])
        #expect(try collect(first, 1, acknowledge: false).map(\.message) == [message(20)])
        first.close()
        let second = try source(broker, group: "g")
        #expect(try collect(second, 2, seconds: 15).map(\.message) == [message(20)])
        second.close()
    }
}
