internal import Events
internal import Foundation
internal import Pipeline

/// How far ahead of the ledger ingest is: frames it has handed on that have no fate yet. The archiver's heartbeats say
/// how many frames are pending; what was handed on since the last one is added.
final class LedgerDistance {
    private let heartbeats: any Source
    private let limit: Int
    private let log: Log
    private var pending = 0
    private var sinceHeartbeat = 0
    private(set) var handedOn = 0

    init(heartbeats: any Source, limit: Int, log: Log) {
        self.heartbeats = heartbeats
        self.limit = limit
        self.log = log
    }

    func handOn() {
        handedOn += 1
        sinceHeartbeat += 1
    }

    /// Returns when there is room for another frame.
    func waitForRoom(_ stop: StopFlag, heartbeat: (_ state: String) throws -> Void) throws {
        try listen(milliseconds: 0)
        var waited = false
        while pending + sinceHeartbeat >= limit && !stop.isRaised {
            if !waited {
                log.info("waiting for the ledger", ["pending": String(pending), "limit": String(limit)])
                waited = true
            }
            try listen(milliseconds: 500)
            try heartbeat("waiting: \(pending) frames have no fate yet")
        }
    }

    private func listen(milliseconds: Int) throws {
        var wait = milliseconds
        while let delivery = try heartbeats.receive(timeoutMilliseconds: wait) {
            wait = 0
            try heartbeats.acknowledge(delivery)
            do {
                let beat = try EventCodec.decode(ServiceHeartbeat.self, from: delivery.message).payload
                if beat.service == "archiver", let frames = beat.pendingFrames {
                    pending = frames
                    sinceHeartbeat = 0
                }
            } catch {
                log.warning("heartbeat not understood", ["reason": "\(error)"])
            }
        }
    }
}
