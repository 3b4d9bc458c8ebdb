internal import Foundation

/// Runs a service's `main`: what it throws is written for people, and the process ends with status 1.
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
            log.error("cannot start", ["reason": "\(error)"])
            exit(1)
        }
    }
}
