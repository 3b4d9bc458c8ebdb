internal import Foundation

/// How a service ends that cannot start.
public enum ServiceEnding {
    /// EX_CONFIG of sysexits.h: the settings cannot be used, and starting again changes nothing.
    public static let settingsRefused: Int32 = 78
    /// Before each problem in the log of a service that refuses its settings.
    public static let refusalMark = "settings refused: "

    /// Says what keeps a service from starting.
    ///
    /// - Returns: the exit status: 78 for settings that cannot be used, 1 for anything else.
    static func status(after error: any Error, log: Log) -> Int32 {
        guard let refused = error as? any SettingsError else {
            log.error("cannot start", ["reason": "\(error)"])
            return 1
        }
        for problem in refused.problems { log.error(refusalMark + problem) }
        return settingsRefused
    }
}

/// Runs a service's `main`: what it throws is written for people, and the process ends with status 78 (EX_CONFIG) for
/// settings that cannot be used, 1 for anything else.
///
/// A store, broker or database that is away at the start is waited for, as it is later.
public func runService(
    _ name: String, _ body: (_ environment: [String: String], _ stop: StopFlag) throws -> Void
) throws {
    let environment = ProcessInfo.processInfo.environment
    let log = Log(service: name, level: .info)
    let stop = StopFlag.onSignals()
    try ParentWatch.start(environment: environment)
    var refusals = 0
    while !stop.isRaised {
        do {
            try body(environment, stop)
            return
        } catch let away as Unavailable {
            if refusals == 0 { log.warning("waiting to start", ["reason": away.reason]) }
            Thread.sleep(forTimeInterval: BackOff().seconds(after: refusals))
            refusals += 1
        } catch {
            exit(ServiceEnding.status(after: error, log: log))
        }
    }
}
