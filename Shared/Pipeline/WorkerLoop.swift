/// Decides what a worker does next with one message, and nothing else: no bus, no disk, no clock.
///
/// Each action is answered by one input, and each input by the next action. The four fates of a message are decided
/// here (docs/decisions/0001-worker-loop.md). `Worker` carries the actions out; a test explores every interleaving.
///
/// - `Incoming`: a message as it was received.
/// - `Output`: what is published.
public struct WorkerLoop<Incoming: Sendable, Output: Sendable>: Sendable {
    public enum Action: Sendable {
        /// Wait for the next message (and do what is due between messages).
        case receive
        /// Count one more attempt at this message, durably, before it is handled; answer `marked` with the new count.
        case mark(Incoming)
        case handle(Incoming, attempt: Int)
        /// Handle in a child process with limits.
        case handleInChild(Incoming, attempt: Int)
        /// Take one attempt back: it ended for a reason that is not the message's.
        case unmark(Incoming)
        case publish([Output])
        /// Publish a dead letter; `shortened` leaves the original bytes out because the bus refused the whole.
        case bury(Incoming, error: String, attempts: Int, shortened: Bool)
        case acknowledge(Incoming)
        case clearMarker(Incoming)
        /// Stay in the group for this long, then answer `waited`.
        case wait(seconds: Double)
    }

    public enum Input: Sendable {
        case received(Incoming)
        /// What the periodic duties want published.
        case announce([Output])
        case marked(attempts: Int)
        case unmarked
        case handled([Output])
        /// The input can never work, and these outputs say so.
        case rejected([Output])
        /// The input can never work, and nothing but a dead letter can say so: malformed, of unknown type.
        case unusable(error: String)
        /// Something the action needs is away. Answers any action.
        case unavailable
        /// The handler threw anything else, or the child died.
        case failed(error: String)
        case published
        /// The bus will never take one of these messages (too large).
        case refused(error: String)
        case acknowledged
        case markerCleared
        case waited
    }

    enum Stage {
        case receiving
        case marking
        case handling(attempt: Int)
        case publishing([Output], attempt: Int)
        case burying(error: String, attempts: Int, shortened: Bool)
        case acknowledging
        case clearing
        case announcing([Output])
    }

    enum Pause: Hashable, Sendable {
        case no
        case unmarking
        case waitingToUnmark
        case waiting
    }

    public let backOff: BackOff
    /// The attempt that is made in a child process, and those after it.
    public let childAttempt: Int

    private(set) var stage = Stage.receiving
    private(set) var pause = Pause.no
    /// A counted attempt of this process is open.
    private(set) var isMarked = false
    /// Unavailabilities in a row.
    private(set) var refusals = 0
    private(set) var message: Incoming?

    public init(backOff: BackOff = BackOff(), childAttempt: Int = 3) {
        self.backOff = backOff
        self.childAttempt = childAttempt
    }

    /// The first action; the same as the one after a message is done.
    public var start: Action { .receive }

    /// The action that follows `input`.
    ///
    /// - Precondition: `input` answers the last action.
    public mutating func next(_ input: Input) -> Action {
        if pause != .no { return resume(input) }
        if case .unavailable = input { return unavailable() }
        refusals = 0
        switch (stage, input) {
        case (.receiving, .received(let incoming)):
            message = incoming
            return enter(.marking)
        case (.receiving, .announce(let outputs)): return enter(.announcing(outputs))
        case (.marking, .marked(let attempts)):
            isMarked = true
            return enter(.handling(attempt: attempts))
        case (.handling(let attempt), .handled(let outputs)), (.handling(let attempt), .rejected(let outputs)):
            return outputs.isEmpty ? enter(.acknowledging) : enter(.publishing(outputs, attempt: attempt))
        case (.handling(let attempt), .unusable(let error)):
            return enter(.burying(error: error, attempts: attempt, shortened: false))
        case (.handling(let attempt), .failed(let error)), (.publishing(_, let attempt), .refused(let error)):
            return failed(attempt: attempt, error: error)
        case (.publishing, .published), (.burying, .published): return enter(.acknowledging)
        case (.burying(let error, let attempts, let shortened), .refused):
            if shortened { return unavailable() }
            return enter(.burying(error: error, attempts: attempts, shortened: true))
        case (.acknowledging, .acknowledged): return enter(.clearing)
        case (.clearing, .markerCleared): return finish()
        case (.announcing, .published), (.announcing, .refused): return finish()
        default: preconditionFailure("input \(input) does not answer stage \(stage)")
        }
    }

    private mutating func enter(_ next: Stage) -> Action {
        stage = next
        return action
    }

    private mutating func finish() -> Action {
        message = nil
        isMarked = false
        return enter(.receiving)
    }

    /// A counted failure: again after a short wait, and after the last attempt to the dead letters.
    private mutating func failed(attempt: Int, error: String) -> Action {
        if attempt >= childAttempt { return enter(.burying(error: error, attempts: attempt, shortened: false)) }
        stage = .handling(attempt: attempt)
        isMarked = false
        pause = .waiting
        return .wait(seconds: backOff.seconds(after: attempt))
    }

    /// Never the message's fault: the open attempt is taken back before the wait, so that dying in it counts nothing.
    private mutating func unavailable() -> Action {
        refusals += 1
        if isMarked, let message {
            pause = .unmarking
            return .unmark(message)
        }
        pause = .waiting
        return .wait(seconds: backOff.seconds(after: refusals))
    }

    private mutating func resume(_ input: Input) -> Action {
        switch (pause, input) {
        case (.unmarking, .unmarked):
            isMarked = false
            pause = .waiting
            return .wait(seconds: backOff.seconds(after: refusals))
        case (.unmarking, .unavailable):
            refusals += 1
            pause = .waitingToUnmark
            return .wait(seconds: backOff.seconds(after: refusals))
        case (.waitingToUnmark, .waited):
            pause = .unmarking
            return .unmark(owned)
        case (.waiting, .waited):
            pause = .no
            if case .handling = stage { return enter(.marking) }
            return action
        default: preconditionFailure("input \(input) does not answer pause \(pause)")
        }
    }

    private var action: Action {
        switch stage {
        case .receiving: .receive
        case .marking: .mark(owned)
        case .handling(let attempt):
            attempt >= childAttempt ? .handleInChild(owned, attempt: attempt) : .handle(owned, attempt: attempt)
        case .publishing(let outputs, _), .announcing(let outputs): .publish(outputs)
        case .burying(let error, let attempts, let shortened):
            .bury(owned, error: error, attempts: attempts, shortened: shortened)
        case .acknowledging: .acknowledge(owned)
        case .clearing: .clearMarker(owned)
        }
    }

    private var owned: Incoming {
        guard let message else { preconditionFailure("stage \(stage) without a message") }
        return message
    }
}

/// How long to wait after the n-th refusal in a row: `first * 2^(n - 1)`, at most `longest` [s].
public struct BackOff: Sendable, Hashable {
    public let firstSeconds: Double
    public let longestSeconds: Double

    public init(firstSeconds: Double = 0.1, longestSeconds: Double = 5) {
        self.firstSeconds = firstSeconds
        self.longestSeconds = longestSeconds
    }

    public func seconds(after refusals: Int) -> Double {
        var seconds = firstSeconds
        for _ in 1..<max(refusals, 1) where seconds < longestSeconds { seconds *= 2 }
        return min(seconds, longestSeconds)
    }
}

extension WorkerLoop: Hashable, Equatable where Incoming: Hashable, Output: Hashable {}
extension WorkerLoop.Stage: Hashable, Equatable where Incoming: Hashable, Output: Hashable {}
extension WorkerLoop.Stage: Sendable {}
extension WorkerLoop.Action: Hashable, Equatable where Incoming: Hashable, Output: Hashable {}
