internal import Foundation
internal import Synchronization

/// Says that the process was asked to stop. Set by SIGTERM or SIGINT, or by a test.
public final class StopFlag: Sendable {
    private let raised = Atomic<Bool>(false)
    private let followsSignals: Bool

    /// A flag that only `raise` sets.
    public init() {
        followsSignals = false
    }

    private init(signals: Bool) {
        followsSignals = signals
    }

    /// The process's own flag. From the first call on, SIGTERM and SIGINT set it instead of ending the process, and
    /// SIGPIPE is ignored. Whoever started the process may have blocked the signals: here they arrive.
    public static func onSignals() -> StopFlag {
        // Touched before the handlers exist, so that they find it initialised.
        signalRaised.store(signalRaised.load(ordering: .relaxed), ordering: .relaxed)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in signalRaised.store(true, ordering: .relaxed) }
        sigaction(SIGTERM, &action, nil)
        sigaction(SIGINT, &action, nil)
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        signal(SIGPIPE, SIG_IGN)
        return StopFlag(signals: true)
    }

    public func raise() {
        raised.store(true, ordering: .relaxed)
    }

    public var isRaised: Bool {
        raised.load(ordering: .relaxed) || (followsSignals && signalRaised.load(ordering: .relaxed))
    }
}

private let signalRaised = Atomic<Bool>(false)
