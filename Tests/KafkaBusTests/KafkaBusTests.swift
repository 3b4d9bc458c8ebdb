import Events
import Foundation
import KafkaBus
import Pipeline
import TestKit
import Testing

/// librdkafka against its own mock cluster in this process. The tests run side by side, each with its own broker.
struct KafkaBusTests {
    static let type = EventType("test.thing", partitions: 3)
    let broker: EmbeddedBroker
    let log = Log(service: "test", level: .error)

    init() throws {
        broker = try EmbeddedBroker(topics: [Self.type], log: log)
    }

    private var connection: KafkaConnection { KafkaConnection(brokers: broker.brokers, log: log) }

    private func source(group: String = "g") throws -> KafkaSource {
        try KafkaSource(connection, group: group, topics: [Self.type.topic], sessionTimeoutMilliseconds: 6000)
    }

    private func message(_ number: Int, bytes: Int = 10) -> Message {
        Message(
            topic: Self.type.topic, key: "key \(number)",
            headers: [
                Message.Header("ce_id", "id-\(number)"), Message.Header("ce_subject", "é\u{1F30C}"),
                Message.Header("empty", ""),
            ],
            value: Data(repeating: UInt8(truncatingIfNeeded: number), count: bytes))
    }

    /// Receives until `count` messages are there or the time is over.
    private func collect(
        _ source: KafkaSource, _ count: Int, seconds: Double = 20, acknowledge: Bool = true
    ) throws -> [Delivery] {
        var result: [Delivery] = []
        let end = Clock.system.elapsed() + seconds
        while result.count < count, Clock.system.elapsed() < end {
            guard let delivery = try source.receive(timeoutMilliseconds: 100) else { continue }
            result.append(delivery)
            if acknowledge { try source.acknowledge(delivery) }
        }
        return result
    }

    @Test("what is published arrives whole; acknowledged messages do not come again after a restart, the others do")
    func roundTripAndRestart() throws {
        try KafkaSink(connection).publish((0..<20).map { message($0) })
        let first = try source()
        let received = try collect(first, 20)
        #expect(received.map(\.message.key).sorted() == (0..<20).map { "key \($0)" }.sorted())
        #expect(received.first { $0.message.key == "key 7" }?.message == message(7))
        for delivery in received {
            #expect(delivery.partition == InMemoryBus.partition(of: delivery.message.key, partitions: 3))
        }
        try KafkaSink(connection).publish([message(20), message(21)])
        let open = try collect(first, 2, acknowledge: false)
        try first.acknowledge(open[0])
        first.close()
        let second = try source()
        #expect(try collect(second, 1).map(\.message) == [open[1].message])
        #expect(try second.receive(timeoutMilliseconds: 500) == nil)
    }

    @Test("two consumers of a group share the partitions, and no message is missed")
    func twoConsumers() throws {
        let sources = [try source(), try source()]
        var received: [[Delivery]] = [[], []]
        let sink = try KafkaSink(connection)
        let end = Clock.system.elapsed() + 30
        var sent = 0
        while Clock.system.elapsed() < end, received.contains(where: { $0.count < 20 }) {
            try sink.publish((sent..<sent + 10).map { message($0) })
            sent += 10
            for (index, source) in sources.enumerated() {
                while let delivery = try source.receive(timeoutMilliseconds: 20) {
                    received[index].append(delivery)
                    try source.acknowledge(delivery)
                }
            }
        }
        #expect(received.allSatisfy { $0.count >= 20 })
        while let delivery = try sources[0].receive(timeoutMilliseconds: 300) { received[0].append(delivery) }
        while let delivery = try sources[1].receive(timeoutMilliseconds: 300) { received[1].append(delivery) }
        #expect(Set(received.joined().map(\.message.key)).count == sent)
    }

    @Test("while paused nothing is received and nothing is lost, and the membership lives on")
    func staysAlive() throws {
        let sink = try KafkaSink(connection)
        let source = try source()
        try sink.publish([message(0)])
        #expect(try collect(source, 1).count == 1)
        try source.stayAlive(milliseconds: 200)
        try sink.publish((1...5).map { message($0) })
        for _ in 0..<35 { try source.stayAlive(milliseconds: 200) }
        let start = Clock.system.elapsed()
        #expect(Set(try collect(source, 5).map(\.message.key)) == Set((1...5).map { "key \($0)" }))
        #expect(Clock.system.elapsed() - start < 2.5)
    }

    @Test("a partition that was paused, went to another consumer and comes back is read on")
    func pausedPartitionComesBack() throws {
        let sink = try KafkaSink(connection)
        let first = try source()
        try sink.publish((0..<9).map { message($0) })
        #expect(try collect(first, 9).count == 9)
        try first.stayAlive(milliseconds: 100)
        let second = try source()
        try sink.publish((9..<99).map { message($0) })
        // Both are in the group when the second receives something of its own; the first is still paused.
        var taken: [Delivery] = []
        let end = Clock.system.elapsed() + 30
        while taken.isEmpty, Clock.system.elapsed() < end {
            if let delivery = try second.receive(timeoutMilliseconds: 20) { taken.append(delivery) }
            try first.stayAlive(milliseconds: 50)
        }
        #expect(!taken.isEmpty)
        let own = try collect(first, 1, seconds: 2)
        second.close()
        try sink.publish((99..<199).map { message($0) })
        let rest = try collect(first, 190 - own.count, seconds: 30)
        #expect(Set((own + rest).map(\.message.key)).count == 190)
    }

    @Test("brokers that are gone are unavailable, by name, and work goes on when they are back")
    func brokerGone() throws {
        let sink = try KafkaSink(connection, timeoutSeconds: 1.5)
        let source = try source()
        try sink.publish([message(0)])
        #expect(try collect(source, 1).count == 1)
        broker.goAway()
        let failure = #expect(throws: Unavailable.self) { try sink.publish([message(1)]) }
        #expect(failure?.reason.contains(broker.brokers) == true)
        let gone = #expect(throws: Unavailable.self) { try collect(source, 1, seconds: 10) }
        #expect(gone?.reason.contains(broker.brokers) == true)
        broker.comeBack()
        var isPublished = false
        while !isPublished {
            do {
                try sink.publish([message(2)])
                isPublished = true
            } catch is Unavailable {
                continue
            }
        }
        var keys: [String] = []
        let end = Clock.system.elapsed() + 20
        while !keys.contains("key 2"), Clock.system.elapsed() < end {
            do {
                keys += try collect(source, 1, seconds: 1).map(\.message.key)
            } catch is Unavailable {
                continue
            }
        }
        #expect(keys.contains("key 2"))
    }

    @Test("nobody listening at the address is unavailable, for sinks, sources, readers and lists alike")
    func nobodyThere() throws {
        let nowhere = KafkaConnection(brokers: "127.0.0.1:1", log: Log(service: "test") { _ in })
        let sink = try KafkaSink(nowhere, timeoutSeconds: 1)
        #expect(throws: Unavailable.self) { try sink.publish([message(1)]) }
        let source = try KafkaSource(nowhere, group: "g", topics: [Self.type.topic])
        #expect(throws: Unavailable.self) { try collect(source, 1, seconds: 10) }
        #expect(throws: Unavailable.self) { try TopicAdmin.list(nowhere, timeoutSeconds: 1) }
        #expect(throws: Unavailable.self) {
            try KafkaReader(nowhere, topics: [Self.type.topic], startingAt: .beginning, timeoutSeconds: 1)
        }
    }

    @Test("a message that is too large is refused by name and is nobody's outage; its neighbours are published")
    func tooLarge() throws {
        let sink = try KafkaSink(connection)
        let refusal = #expect(throws: UnpublishableMessage.self) {
            try sink.publish([message(1), message(2, bytes: 1_100_000), message(3)])
        }
        #expect(refusal?.key == "key 2")
        #expect(refusal?.reason.contains("1100000 bytes") == true)
        let reader = try KafkaReader(connection, topics: [Self.type.topic], startingAt: .beginning)
        #expect(Set(try reader.readToEnd().map(\.message.key)) == ["key 1", "key 3"])
    }

    @Test("a reader reads all there is, or only what comes from now on, and leaves no trace")
    func reader() throws {
        let sink = try KafkaSink(connection)
        try sink.publish((0..<9).map { message($0) })
        let following = try KafkaReader(connection, topics: [Self.type.topic], startingAt: .end)
        #expect(following.hasCaughtUp)
        let all = try KafkaReader(connection, topics: [Self.type.topic], startingAt: .beginning)
        #expect(try all.readToEnd().count == 9)
        #expect(all.hasCaughtUp)
        try sink.publish([message(9)])
        var next: Delivery?
        for _ in 0..<50 where next == nil { next = try following.receive(timeoutMilliseconds: 100) }
        #expect(next?.message.key == "key 9")
    }

    @Test("a client that reaches the broker at another address stays on that address")
    func otherAddress() throws {
        let remote = try EmbeddedBroker(topics: [Self.type], listeningOn: "127.0.0.2:0", log: log)
        let address = try #require(remote.remoteBrokers)
        let connection = KafkaConnection(brokers: address, log: log)
        try KafkaSink(connection).publish((0..<9).map { message($0, bytes: 100_000) })
        let before = remote.remoteConnections
        let reader = try KafkaReader(connection, topics: [Self.type.topic], startingAt: .beginning)
        #expect(try reader.readToEnd().count == 9)
        // The bootstrap connection and at least the one that fetches.
        #expect(remote.remoteConnections >= before + 2)
        let error = #expect(throws: (any Error).self) {
            try EmbeddedBroker(topics: [], listeningOn: "203.0.113.1:9092", log: log)
        }
        #expect(error.map { "\($0)" }?.contains("203.0.113.1:9092") == true)
    }

    @Test("topics are listed with their partitions, and those of another layout are reported")
    func topics() throws {
        #expect(try TopicAdmin.list(connection).contains { $0.name == Self.type.topic && $0.partitions == 3 })
        let report = try TopicAdmin.create([Self.type], connection)
        #expect(report.map(\.outcome) == [.alreadyThere])
        let wider = EventType("test.thing", partitions: 8)
        #expect(try TopicAdmin.create([wider], connection).map(\.outcome) == [.differs(partitions: 3)])
    }

    @Test("a Kafka property that does not exist or fit is named, and its value is not shown")
    func settings() throws {
        for name in ["sasl.pasword", "session.timeout.ms"] {
            let wrong = KafkaConnection(brokers: "b:1", options: [(key: name, value: Secret("geheim"))], log: log)
            let error = #expect(throws: KafkaSettingError.self) { try KafkaSource(wrong, group: "g", topics: []) }
            #expect(error?.property == name)
            #expect(error?.description.contains("geheim") == false)
        }
    }
}
