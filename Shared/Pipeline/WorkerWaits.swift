internal import Events
internal import Foundation

/// Something is away: since when, and what.
struct Episode {
    let action: String
    var reason: String
    let since: Double
}

extension Worker {
    private static let sliceMilliseconds = 200

    /// Waits for the next message and does what is due in between; nil when asked to stop.
    func receive() -> WorkerLoop<Delivery, Message>.Input? {
        while !stop.isRaised {
            beat()
            do {
                if let announced = try periodicOutputs(idle: false) { return .announce(announced) }
                if let delivery = try source.receive(timeoutMilliseconds: Self.sliceMilliseconds) {
                    over("receive")
                    return .received(delivery)
                }
                over("receive")
                if let announced = try periodicOutputs(idle: true) { return .announce(announced) }
            } catch {
                unavailable(error.reason, in: .receive)
                return .unavailable
            }
        }
        return nil
    }

    private func periodicOutputs(idle: Bool) throws(Unavailable) -> [Message]? {
        guard let periodic = options.periodically else { return nil }
        let interval = idle ? periodic.idleSeconds : periodic.intervalSeconds
        guard clock.elapsed() - lastPeriodic >= interval else { return nil }
        let outputs: [Message]
        do {
            let time = iso8601(clock.now())
            outputs = try periodic.run().map { try $0.message(source: service, trace: Trace(), time: time) }
        } catch let error as Unavailable {
            throw error
        } catch {
            counts.failedPeriodics += 1
            log.error("periodic duty failed", ["error": "\(error)", "failures": String(counts.failedPeriodics)])
            outputs = []
        }
        lastPeriodic = clock.elapsed()
        return outputs.isEmpty ? nil : outputs
    }

    /// Stays in the group for a while; false when asked to stop.
    func wait(_ seconds: Double) -> Bool {
        let end = clock.elapsed() + seconds
        while !stop.isRaised {
            let left = end - clock.elapsed()
            if left <= 0 { return true }
            beat()
            let milliseconds = max(1, min(Self.sliceMilliseconds, Int((left * 1000).rounded(.up))))
            do {
                try source.stayAlive(milliseconds: milliseconds)
            } catch {
                // The bus is what is away; the wait still has to take its time.
                usleep(UInt32(milliseconds) * 1000)
            }
        }
        return false
    }

    /// Publishes a heartbeat when one is due and the bus is there.
    func beat() {
        guard let heartbeat = options.heartbeat, heartbeat.intervalSeconds > 0 else { return }
        let now = clock.elapsed()
        guard now >= nextHeartbeat, now >= busQuietUntil else { return }
        nextHeartbeat = now + heartbeat.intervalSeconds
        // Never the same twice, also after a restart: two beats of one id would be two values of one event.
        heartbeatSequence = max(heartbeatSequence + 1, Int(clock.now() * 1000))
        var event = ServiceHeartbeat(
            service: service, instance: heartbeat.instance, sequence: heartbeatSequence, version: heartbeat.version,
            state: episode.map { "waiting: \($0.reason)" } ?? "running", handled: counts.handled)
        do {
            try heartbeat.complete(&event)
        } catch {
            log.warning("heartbeat is incomplete", ["error": "\(error)"])
        }
        do {
            try sink.publish([Outgoing(event).message(source: service, trace: Trace(), time: iso8601(clock.now()))])
        } catch {
            busQuietUntil = clock.elapsed() + 4 * heartbeat.intervalSeconds
            log.warning("heartbeat not published", ["error": "\(error)"])
        }
    }

    /// Logs the begin of an episode once, and again when its reason changes.
    func unavailable(_ reason: String, in action: WorkerLoop<Delivery, Message>.Action) {
        let name = kind(of: action)
        if name == "publish" { busQuietUntil = clock.elapsed() + 10 }
        if stop.isRaised { return }
        if episode == nil { counts.unavailableEpisodes += 1 }
        if episode?.reason != reason { log.warning("waiting", ["for": reason]) }
        episode = Episode(action: name, reason: reason, since: episode?.since ?? clock.elapsed())
    }

    func recovered(from action: WorkerLoop<Delivery, Message>.Action) {
        over(kind(of: action))
    }

    /// The episode is over when what failed has worked.
    private func over(_ action: String) {
        guard let ended = episode, ended.action == action else { return }
        episode = nil
        if action == "publish" { busQuietUntil = 0 }
        let seconds = clock.elapsed() - ended.since
        log.info("waiting is over", ["for": ended.reason, "seconds": String(Int(seconds.rounded()))])
    }

    private func kind(of action: WorkerLoop<Delivery, Message>.Action) -> String {
        switch action {
        case .receive: "receive"
        case .mark, .unmark, .clearMarker: "marker"
        case .handle, .handleInChild: "handle"
        case .publish, .bury: "publish"
        case .acknowledge: "acknowledge"
        case .wait: "wait"
        }
    }
}
