internal import DropFolder
internal import Events
internal import FITS
internal import Foundation
internal import FrameStore
internal import Instruments
internal import Pipeline

/// Looks, takes in what is complete, and looks again, until it is asked to stop.
final class Watcher {
    private let config: Config
    private let store: FrameStore
    private let sink: any Sink
    private let ledger: LedgerDistance
    private let log: Log
    private let clock = Pipeline.Clock.system
    private var documents: [String: InstrumentDocument]
    private var watch: FolderWatch
    private var documentsStamp: [String]
    private var heartbeats: HeartbeatPublisher
    /// What was said already of folders and names, so that a message comes once and not with every look.
    private var said: Set<String> = []

    init(config: Config, store: FrameStore, sink: any Sink, ledger: LedgerDistance, log: Log) throws {
        self.config = config
        self.store = store
        self.sink = sink
        self.ledger = ledger
        self.log = log
        documents = try config.documents()
        documentsStamp = Self.stamp(config.instruments)
        watch = FolderWatch(folders: try config.folders(of: documents), wants: isFITSName)
        heartbeats = HeartbeatPublisher(
            service: "ingest", instance: config.bus.instance, every: config.bus.heartbeatSeconds)
    }

    func run(until stop: StopFlag) {
        log.info("running", ["instruments": documents.keys.sorted().joined(separator: ",")])
        var refusals = 0
        while !stop.isRaised {
            do {
                try watch.makeFolders()
                try lookOnce(stop)
                try heartbeats.beat(handled: ledger.handedOn, state: "running", to: sink, at: clock)
                refusals = 0
                Thread.sleep(forTimeInterval: config.scanSeconds)
            } catch {
                if refusals == 0 { log.warning("waiting", ["reason": "\(error)"]) }
                Thread.sleep(forTimeInterval: BackOff().seconds(after: refusals))
                refusals += 1
            }
        }
        log.info("stopped", ["taken in": String(ledger.handedOn)])
    }

    private func lookOnce(_ stop: StopFlag) throws {
        try reloadDocuments()
        let look = watch.look(now: clock.elapsed(), settleSeconds: config.settleSeconds)
        report(look)
        for (file, seconds) in look.still where !stop.isRaised {
            try ledger.waitForRoom(stop, heartbeat: { state in
                try heartbeats.beat(handled: ledger.handedOn, state: state, to: sink, at: clock)
            })
            guard !stop.isRaised, isReady(file, stillSeconds: seconds) else { continue }
            takeInOrExplain(file)
        }
    }

    /// Whole, or unchanged for so long that it will not become whole any more.
    private func isReady(_ file: DroppedFile, stillSeconds: Double) -> Bool {
        FITSFile.isComplete(file.path) || stillSeconds >= config.patienceSeconds
    }

    private func takeInOrExplain(_ file: DroppedFile) {
        do {
            let stage = ReceiveStage(
                store: store, sink: sink, documents: documents,
                inspect: IsolatedInspection(markers: config.bus.attemptsDirectory, log: log).inspect,
                now: { iso8601(self.clock.now()) })
            let outcome = try stage.receive(file)
            ledger.handOn()
            log.info("took in", ["file": file.path, "outcome": "\(outcome)"])
        } catch let away as Unavailable {
            sayOnce("waiting: \(away.reason)", path: file.path)
        } catch {
            sayOnce("left where it is: \(error)", path: file.path)
        }
    }

    // MARK: Folders and documents

    /// Takes up documents that were added or changed; a broken one is reported and the old ones stay in force.
    private func reloadDocuments() throws {
        let stamp = Self.stamp(config.instruments)
        guard stamp != documentsStamp else { return }
        documentsStamp = stamp
        do {
            documents = try config.documents()
            watch = FolderWatch(folders: try config.folders(of: documents), wants: isFITSName)
            try watch.makeFolders()
            log.info("instrument documents read again", ["instruments": documents.keys.sorted().joined(separator: ",")])
        } catch {
            log.error("instrument documents not changed", ["reason": "\(error)"])
        }
    }

    private static func stamp(_ folder: URL) -> [String] {
        var entries: [String] = []
        guard let stream = opendir(folder.path) else { return [] }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            var status = stat()
            guard name.hasSuffix(".json"), stat(folder.path + "/" + name, &status) == 0 else { continue }
            entries.append("\(name) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)")
        }
        return entries.sorted()
    }

    private func report(_ look: FolderWatch.Look) {
        for folder in look.unreadable { sayOnce("cannot be read: \(folder.reason)", path: folder.path) }
        for path in look.ignored { sayOnce("left alone: its name does not end in .fits, .fit or .fts", path: path) }
    }

    private func sayOnce(_ message: String, path: String) {
        if said.insert("\(path)|\(message)").inserted { log.warning(message, ["path": path]) }
    }
}
