internal import CRdKafka
internal import Foundation
internal import Synchronization

/// Makes the leader of a group wait a moment for the other members.
///
/// After a join the leader asks for metadata, assigns, and synchronises; the others synchronise at once. librdkafka's
/// mock cluster 2.0.2 ends the round when the leader has synchronised and refuses whoever comes later ("SyncGroup:
/// Invalid request"), and then everybody joins again, for another three seconds. Members on a busy machine came too
/// late again and again. So the leader's answer to its metadata request is held back; a real broker waits for all and
/// does not mind.
extension KafkaContext {
    private static let waitMicroseconds: UInt32 = 300_000

    /// Prepares a consumer's configuration; must be called on the one that the client is made from.
    func leaderWaits(_ configuration: OpaquePointer?) {
        let opaque = Unmanaged.passUnretained(self).toOpaque()
        rd_kafka_conf_interceptor_add_on_new(
            configuration, "leader",
            { client, _, opaque, _, _ in
                rd_kafka_interceptor_add_on_response_received(
                    client, "leader",
                    { _, _, _, _, request, _, _, _, _, _, opaque in
                        guard let opaque else { return RD_KAFKA_RESP_ERR_NO_ERROR }
                        let context = Unmanaged<KafkaContext>.fromOpaque(opaque).takeUnretainedValue()
                        context.answered(request: request)
                        return RD_KAFKA_RESP_ERR_NO_ERROR
                    }, opaque)
            }, opaque)
    }

    /// Called by the thread of one broker connection. The coordinator has one of its own, so that nothing else waits;
    /// what tells the connections apart is the thread, for librdkafka leaves out the socket.
    private func answered(request: Int16) {
        let metadata: Int16 = 3
        let joinGroup: Int16 = 11
        let thread = UInt(pthread_self())
        if request == joinGroup {
            joinedBy.store(thread, ordering: .relaxed)
        } else if joinedBy.load(ordering: .relaxed) == thread {
            joinedBy.store(0, ordering: .relaxed)
            if request == metadata { usleep(Self.waitMicroseconds) }
        }
    }
}
