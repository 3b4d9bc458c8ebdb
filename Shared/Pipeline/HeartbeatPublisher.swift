internal import Events

/// The heartbeat of a service that has no worker loop to send one.
public struct HeartbeatPublisher {
    private let service: String
    private let instance: String
    private let intervalSeconds: Double
    private var next = 0.0
    private var sequence = 0

    /// - Parameter intervalSeconds: 0 turns heartbeats off.
    public init(service: String, instance: String, every intervalSeconds: Double) {
        self.service = service
        self.instance = instance
        self.intervalSeconds = intervalSeconds
    }

    /// Publishes a heartbeat when one is due.
    ///
    /// - Parameters:
    ///   - handled: what the service has done since it started.
    ///   - state: `running`, or what it waits for.
    /// - Throws: what the sink throws; the next one is then due after the interval all the same.
    public mutating func beat(handled: Int, state: String, to sink: any Sink, at clock: Clock = .system) throws {
        guard intervalSeconds > 0, clock.elapsed() >= next else { return }
        next = clock.elapsed() + intervalSeconds
        // Never the same twice, also after a restart.
        sequence = max(sequence + 1, Int(clock.now() * 1000))
        let beat = ServiceHeartbeat(
            service: service, instance: instance, sequence: sequence, version: Release.version, state: state,
            handled: handled)
        try sink.publish([
            try EventCodec.encode(beat, source: service, trace: Trace(), time: iso8601(clock.now()))
        ])
    }
}
