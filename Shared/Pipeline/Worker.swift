internal import Events
internal import Foundation

/// Runs one service: receive, handle, publish, acknowledge; one message at a time, until it is asked to stop.
///
/// `WorkerLoop` decides, this class acts. Everything it uses is used by the calling thread alone.
public final class Worker {
    public let service: String
    let source: any Source
    let sink: any Sink
    let routes: Routes
    let options: WorkerOptions
    let stop: StopFlag
    let log: Log
    let clock: Clock

    var loop: WorkerLoop<Delivery, Message>
    public internal(set) var counts = WorkerCounts()
    var episode: Episode?
    var heartbeatSequence = 0
    var nextHeartbeat = 0.0
    var lastPeriodic: Double
    var isAnnouncing = false
    /// After the bus has failed a heartbeat or a publication, heartbeats wait until then: they must not block recovery.
    var busQuietUntil = 0.0

    public init(
        service: String, from source: any Source, to sink: any Sink, routes: Routes, options: WorkerOptions,
        stop: StopFlag, log: Log, clock: Clock = .system
    ) {
        self.service = service
        self.source = source
        self.sink = sink
        self.routes = routes
        self.options = options
        self.stop = stop
        self.log = log
        self.clock = clock
        loop = WorkerLoop(backOff: options.backOff, childAttempt: options.childAttempt)
        lastPeriodic = clock.elapsed()
    }

    /// Works until the stop flag is raised: then the message under way is finished, published and acknowledged.
    /// In a child process it handles the one message it was started for.
    public func run() {
        if let path = options.environment[SingleMessage.environmentName] {
            runAsChild(path)
            return
        }
        log.info("running", ["topics": routes.topics.joined(separator: ","), "version": Release.version])
        var action = loop.start
        while let input = perform(action) { action = loop.next(input) }
        source.close()
        log.info("stopped", ["handled": String(counts.handled), "rejected": String(counts.rejected)])
    }

    /// Carries out one action; nil when the worker has been asked to stop and may.
    private func perform(_ action: WorkerLoop<Delivery, Message>.Action) -> WorkerLoop<Delivery, Message>.Input? {
        switch action {
        case .receive: return receive()
        case .wait(let seconds): return wait(seconds) ? .waited : nil
        default: break
        }
        let input: WorkerLoop<Delivery, Message>.Input
        do {
            input = try act(action)
            recovered(from: action)
        } catch let error as Unavailable {
            unavailable(error.reason, in: action)
            input = .unavailable
        } catch let error as UnpublishableMessage {
            recovered(from: action)
            log.error("refused by the bus", ["error": error.description])
            input = .refused(error: error.description)
        } catch {
            // Nothing but a sink can end here, and its failures are not the message's fault.
            unavailable("\(error)", in: action)
            input = .unavailable
        }
        return input
    }

    private func act(
        _ action: WorkerLoop<Delivery, Message>.Action
    ) throws -> WorkerLoop<Delivery, Message>.Input {
        switch action {
        case .mark(let delivery): return .marked(attempts: try options.markers.mark(delivery, service: service))
        case .unmark(let delivery):
            try options.markers.unmark(delivery, service: service)
            return .unmarked
        case .handle(let delivery, let attempt): return try answer(outcome(of: delivery), delivery, attempt)
        case .handleInChild(let delivery, let attempt):
            log.warning("third attempt, in a child process", place(of: delivery))
            let outcome = options.child.handle(delivery, environment: options.environment, clock: clock) {
                wait(0.05)
            }
            return try answer(outcome, delivery, attempt)
        case .publish(let messages): try sink.publish(messages)
        case .bury(let delivery, let error, let attempts, let shortened):
            let letter = deadLetter(delivery, error: error, attempts: attempts, shortened: shortened)
            try sink.publish([letter.message(source: service, trace: trace(of: delivery), time: iso8601(clock.now()))])
            counts.deadLettered += 1
            log.error("dead-lettered", ["error": error, "attempts": String(attempts), "place": placeText(delivery)])
        case .acknowledge(let delivery):
            try source.acknowledge(delivery)
            counts.handled += 1
            return .acknowledged
        case .clearMarker(let delivery):
            clearMarker(delivery)
            return .markerCleared
        case .receive, .wait: preconditionFailure("\(action) is not carried out here")
        }
        return .published
    }

    private func clearMarker(_ delivery: Delivery) {
        do {
            try options.markers.clear(delivery, service: service)
        } catch {
            log.warning("attempt marker stays behind", ["error": error.reason])
        }
    }

    /// Turns an attempt's outcome into the state machine's words.
    private func answer(
        _ outcome: Outcome, _ delivery: Delivery, _ attempt: Int
    ) throws(Unavailable) -> WorkerLoop<Delivery, Message>.Input {
        switch outcome {
        case .done(let messages): return .handled(messages)
        case .rejected(let messages, let reason):
            counts.rejected += 1
            log.warning("rejected", ["reason": reason, "place": placeText(delivery)])
            return .rejected(messages)
        case .unusable(let error): return .unusable(error: error)
        case .unavailable(let reason): throw Unavailable(reason)
        case .failed(let error):
            counts.failedAttempts += 1
            log.error("attempt failed", ["attempt": String(attempt), "error": error, "place": placeText(delivery)])
            return .failed(error: error)
        }
    }

    func placeText(_ delivery: Delivery) -> String {
        "\(delivery.message.topic)/\(delivery.partition)/\(delivery.offset)"
    }

    private func place(of delivery: Delivery) -> KeyValuePairs<String, String> {
        ["place": placeText(delivery), "id": delivery.message.eventID ?? "none"]
    }
}

/// What a worker has done since it started.
public struct WorkerCounts: Sendable, Equatable {
    /// Messages acknowledged, whatever their fate.
    public var handled = 0
    public var rejected = 0
    public var deadLettered = 0
    public var failedAttempts = 0
    public var failedPeriodics = 0
    public var unavailableEpisodes = 0
}

/// How a worker goes about its work.
public struct WorkerOptions {
    public var markers: any AttemptMarkers
    public var heartbeat: Heartbeat?
    public var periodically: Periodic?
    public var backOff = BackOff()
    public var child: ChildProcess
    public var childAttempt = 3
    /// What the process was started with; a child gets the same and the message's file.
    public var environment: [String: String]

    public init(
        markers: any AttemptMarkers, environment: [String: String], heartbeat: Heartbeat? = nil,
        periodically: Periodic? = nil, child: ChildProcess = ChildProcess()
    ) {
        self.markers = markers
        self.heartbeat = heartbeat
        self.periodically = periodically
        self.child = child
        self.environment = environment
    }
}
