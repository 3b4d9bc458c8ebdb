internal import DropFolder
internal import Foundation
internal import Pipeline

/// Looks, takes in what has settled, and looks again, until it is asked to stop.
final class Watcher {
    private let config: Config
    private let stage: HarvestStage
    private let sink: any Sink
    private let log: Log
    private let clock: Pipeline.Clock
    private var watch: FolderWatch
    private var heartbeats: HeartbeatPublisher
    private var handled = 0
    private var nextSweep = 0.0
    /// Files that could not be taken in, and when they are tried again.
    private var postponed: [String: (state: FileState, until: Double)] = [:]
    /// What was said already of folders and names, so that a message comes once and not with every look.
    private var said: Set<String> = []

    /// A file that failed for a reason of its own is tried again after this time [s].
    private static let postponeSeconds = 30.0

    init(config: Config, stage: HarvestStage, sink: any Sink, log: Log, clock: Pipeline.Clock = .system) {
        self.config = config
        self.stage = stage
        self.sink = sink
        self.log = log
        self.clock = clock
        watch = FolderWatch(folders: [config.folder], wants: PhotometryName.isWanted)
        heartbeats = HeartbeatPublisher(
            service: "harvester", instance: config.bus.instance, every: config.bus.heartbeatSeconds)
    }

    func run(until stop: StopFlag) {
        log.info("running", ["folder": config.folder.path])
        var refusals = 0
        while !stop.isRaised {
            do {
                try lookOnce(stop)
                try heartbeats.beat(handled: handled, state: "running", to: sink, at: clock)
                if refusals > 0 { log.info("waiting is over") }
                refusals = 0
                wait(config.scanSeconds, stop)
            } catch {
                refusals += 1
                if refusals == 1 { log.warning("waiting", ["reason": "\(error)"]) }
                sayWaiting("waiting: \(error)")
                wait(BackOff().seconds(after: refusals), stop)
            }
        }
        log.info("stopped", ["taken in": String(handled)])
    }

    /// What an earlier run has left comes first; then the files.
    private func lookOnce(_ stop: StopFlag) throws {
        try watch.makeFolders()
        try stage.publishPending()
        if clock.elapsed() >= nextSweep {
            try stage.announceOverdue(patienceSeconds: config.sweepSeconds)
            nextSweep = clock.elapsed() + min(config.sweepSeconds, 10)
        }
        let look = watch.look(now: clock.elapsed(), settleSeconds: config.settleSeconds)
        report(look)
        for (file, _) in look.still where !stop.isRaised && isDue(file) {
            try takeInOrExplain(file)
            try heartbeats.beat(handled: handled, state: "running", to: sink, at: clock)
        }
    }

    private func takeInOrExplain(_ file: DroppedFile) throws {
        do {
            let report = try stage.takeIn(file)
            handled += 1
            postponed[file.path] = nil
            log.info(
                "took in",
                [
                    "file": file.path, "outcome": report.outcome.rawValue, "reason": report.reason,
                    "targets": report.targets.joined(separator: ","),
                ])
        } catch let away as Unavailable {
            throw away
        } catch {
            postponed[file.path] = (file.state, clock.elapsed() + Self.postponeSeconds)
            sayOnce("left where it is: \(error)", path: file.path)
        }
    }

    private func isDue(_ file: DroppedFile) -> Bool {
        guard let later = postponed[file.path], later.state == file.state else { return true }
        return clock.elapsed() >= later.until
    }

    private func report(_ look: FolderWatch.Look) {
        for place in look.unreadable { sayOnce("cannot be read: \(place.reason)", path: place.path) }
        for path in look.ignored { sayOnce("left alone: its name does not end in .txt, .csv or .tsv", path: path) }
    }

    private func sayOnce(_ message: String, path: String) {
        if said.insert("\(path)|\(message)").inserted { log.warning(message, ["path": path]) }
    }

    /// While the database is away the bus may be there.
    private func sayWaiting(_ state: String) {
        do {
            try heartbeats.beat(handled: handled, state: state, to: sink, at: clock)
        } catch {
            log.debug("heartbeat not published", ["reason": "\(error)"])
        }
    }

    private func wait(_ seconds: Double, _ stop: StopFlag) {
        let end = clock.elapsed() + seconds
        while !stop.isRaised, clock.elapsed() < end {
            Thread.sleep(forTimeInterval: min(0.1, max(0.001, end - clock.elapsed())))
        }
    }
}
