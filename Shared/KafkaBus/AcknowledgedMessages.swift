internal import Events
internal import Pipeline

/// The messages one consumer has acknowledged lately, so that it does not do them again when a rebalance brings them
/// back.
///
/// A message is the same when place and content are, headers included: what is announced again carries a new `ce_time`.
struct AcknowledgedMessages {
    private static let limit = 1000
    /// Offset to digest, for each `topic/partition`.
    private var digests: [String: [Int: Int]] = [:]

    mutating func insert(_ delivery: Delivery) {
        let place = place(delivery)
        digests[place, default: [:]][delivery.offset] = digest(delivery)
        guard digests[place]?.count ?? 0 > 2 * Self.limit else { return }
        let recent = delivery.offset - Self.limit...delivery.offset
        digests[place] = digests[place]?.filter { recent.contains($0.key) }
    }

    func contains(_ delivery: Delivery) -> Bool {
        digests[place(delivery)]?[delivery.offset] == digest(delivery)
    }

    private func place(_ delivery: Delivery) -> String { "\(delivery.message.topic)/\(delivery.partition)" }

    private func digest(_ delivery: Delivery) -> Int {
        var hasher = Hasher()
        hasher.combine(delivery.message.key)
        hasher.combine(delivery.message.value)
        for header in delivery.message.headers {
            hasher.combine(header.name)
            hasher.combine(header.value)
        }
        return hasher.finalize()
    }
}
