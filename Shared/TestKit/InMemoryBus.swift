public import Events
internal import Foundation
public import Pipeline
internal import Synchronization

/// The bus in memory, honest about what a real one does: partitions by key, offsets, groups that share partitions,
/// delivery again of what was not acknowledged, outages, and a size limit.
public final class InMemoryBus: Sendable {
    struct State {
        var logs: [String: [[Message]]] = [:]
        /// Group, topic and partition to the next offset.
        var committed: [String: Int] = [:]
        /// Members of each group, in order of joining.
        var members: [String: [Int]] = [:]
        var nextMember = 0
        var isAway = false
    }

    let state = Mutex(State())
    private let partitions: Int
    /// Messages with larger values are refused [bytes].
    public let largestValue: Int

    /// - Parameter partitions: of each topic.
    public init(partitions: Int = 4, largestValue: Int = 1_000_000) {
        self.partitions = partitions
        self.largestValue = largestValue
    }

    /// While away, every call of sources and sinks is `Unavailable`.
    public func setAway(_ away: Bool) {
        state.withLock { $0.isAway = away }
    }

    /// Everything on a topic, partition by partition, in order.
    public func messages(on topic: String) -> [Message] {
        state.withLock { $0.logs[topic]?.flatMap { $0 } ?? [] }
    }

    /// Every event of one type, partition by partition, in order.
    public func events<Payload: EventPayload>(_ type: Payload.Type) throws -> [Event<Payload>] {
        try messages(on: Payload.type.topic).map { try EventCodec.decode(type, from: $0) }
    }

    /// Publishes one event as `source` would.
    public func publish(_ payload: some EventPayload, source: String = "test", trace: Trace = Trace()) throws {
        try sink().publish([
            EventCodec.encode(payload, source: source, trace: trace, time: "2026-01-01T00:00:00.000Z")
        ])
    }

    public func sink() -> InMemorySink {
        InMemorySink(bus: self)
    }

    /// A new member of a group. Dropping it without `close` is a crash: what it did not acknowledge comes again.
    public func source(group: String, topics: [String]) -> InMemorySource {
        let member = state.withLock { state in
            state.nextMember += 1
            state.members[group, default: []].append(state.nextMember)
            return state.nextMember
        }
        return InMemorySource(bus: self, group: group, topics: topics, member: member)
    }

    /// The Java clients' default: positive murmur2 of the key's UTF-8 bytes, modulo the partitions.
    public static func partition(of key: String, partitions: Int) -> Int {
        Int(murmur2(Array(key.utf8)) & 0x7FFF_FFFF) % partitions
    }

    func append(_ messages: [Message]) throws {
        try state.withLock { state in
            if state.isAway { throw Unavailable("bus in memory is away") }
            for message in messages {
                guard message.value.count <= largestValue else {
                    throw UnpublishableMessage(
                        topic: message.topic, key: message.key, reason: "\(message.value.count) bytes")
                }
                let partition = Self.partition(of: message.key, partitions: partitions)
                let empty = Array(repeating: [Message](), count: partitions)
                state.logs[message.topic, default: empty][partition].append(message)
            }
        }
    }
}

public final class InMemorySink: Sink {
    private let bus: InMemoryBus

    init(bus: InMemoryBus) {
        self.bus = bus
    }

    public func publish(_ messages: [Message]) throws {
        try bus.append(messages)
    }
}

/// One member of a group.
public final class InMemorySource: Source {
    private let bus: InMemoryBus
    private let group: String
    private let topics: [String]
    private let member: Int
    /// Next offset to hand out, of the partitions owned.
    private var positions: [String: Int] = [:]
    private var owned: Set<String> = []
    /// How often `stayAlive` was called.
    public private(set) var staysAlive = 0

    init(bus: InMemoryBus, group: String, topics: [String], member: Int) {
        self.bus = bus
        self.group = group
        self.topics = topics
        self.member = member
    }

    deinit {
        leave()
    }

    /// Leaves the group; its partitions go to the others.
    public func leave() {
        bus.state.withLock { $0.members[group]?.removeAll { $0 == member } }
    }

    public func receive(timeoutMilliseconds: Int) throws(Unavailable) -> Delivery? {
        let delivery = try next()
        if delivery == nil { usleep(UInt32(min(timeoutMilliseconds, 2)) * 1000) }
        return delivery
    }

    private func next() throws(Unavailable) -> Delivery? {
        let found: Result<Delivery?, Unavailable> = bus.state.withLock { state in
            if state.isAway { return .failure(Unavailable("bus in memory is away")) }
            let members = state.members[group] ?? []
            guard let rank = members.firstIndex(of: member) else { return .success(nil) }
            var nowOwned: Set<String> = []
            defer { owned = nowOwned }
            var result: Delivery?
            for topic in topics {
                for (partition, log) in (state.logs[topic] ?? []).enumerated() where partition % members.count == rank {
                    let place = place(topic, partition)
                    nowOwned.insert(place)
                    if !owned.contains(place) { positions[place] = state.committed[place] ?? 0 }
                    let offset = positions[place] ?? 0
                    guard result == nil, offset < log.count else { continue }
                    result = Delivery(message: log[offset], partition: partition, offset: offset)
                    positions[place] = offset + 1
                }
            }
            return .success(result)
        }
        return try found.get()
    }

    public func acknowledge(_ delivery: Delivery) throws(Unavailable) {
        let place = place(delivery.message.topic, delivery.partition)
        let isAway = bus.state.withLock { state in
            if !state.isAway, owned.contains(place) { state.committed[place] = delivery.offset + 1 }
            return state.isAway
        }
        if isAway { throw Unavailable("bus in memory is away") }
    }

    public func stayAlive(milliseconds: Int) throws(Unavailable) {
        staysAlive += 1
        usleep(UInt32(milliseconds) * 1000)
    }

    private func place(_ topic: String, _ partition: Int) -> String { "\(group)|\(topic)|\(partition)" }
}

/// MurmurHash2, 32 bits, seed 0x9747b28c, as in Kafka's `Utils.murmur2`.
func murmur2(_ bytes: [UInt8]) -> UInt32 {
    let mixer: UInt32 = 0x5bd1_e995
    var hash = 0x9747_b28c ^ UInt32(truncatingIfNeeded: bytes.count)
    let whole = bytes.count / 4 * 4
    for start in stride(from: 0, to: whole, by: 4) {
        var word = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) }
        word = word &* mixer
        word ^= word >> 24
        hash = (hash &* mixer) ^ (word &* mixer)
    }
    for index in (whole..<bytes.count).reversed() { hash ^= UInt32(bytes[index]) << (8 * UInt32(index - whole)) }
    if whole < bytes.count { hash = hash &* mixer }
    hash ^= hash >> 13
    hash = hash &* mixer
    return hash ^ (hash >> 15)
}
