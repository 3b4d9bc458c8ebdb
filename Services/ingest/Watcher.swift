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
    private let clock: Pipeline.Clock
    private var documents: [String: InstrumentDocument]
    private var watch: FolderWatch
    private var documentsStamp: [String]
    private var heartbeats: HeartbeatPublisher
    private var postponed = Postponed()
    private var hasCompletedFiles = false
    /// What was said already of each path, so that a message comes once and not with every look.
    private var said: [String: Set<String>] = [:]

    init(
        config: Config, store: FrameStore, sink: any Sink, ledger: LedgerDistance, log: Log,
        clock: Pipeline.Clock = .system
    ) throws {
        self.clock = clock
        self.config = config
        self.store = store
        self.sink = sink
        self.ledger = ledger
        self.log = log
        documents = try config.documentsAtStart()
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

    /// - Throws: `Unavailable` of store or broker: the rest of the files wait for the next look.
    func lookOnce(_ stop: StopFlag) throws {
        reloadDocuments()
        try completeFiles()
        for (path, reason) in watch.makeMissingFolders() { sayOnce("folder cannot be made: \(reason)", path: path) }
        let look = watch.look(now: clock.elapsed(), settleSeconds: config.settleSeconds)
        report(look)
        for (file, seconds) in look.still where !stop.isRaised && postponed.isDue(file, now: clock.elapsed()) {
            try ledger.waitForRoom(
                stop,
                heartbeat: { state in
                    try heartbeats.beat(handled: ledger.handedOn, state: state, to: sink, at: clock)
                })
            guard !stop.isRaised, isReady(file, stillSeconds: seconds) else { continue }
            try takeInOrExplain(file)
        }
    }

    /// Whole, or unchanged for so long that it will not become whole any more.
    private func isReady(_ file: DroppedFile, stillSeconds: Double) -> Bool {
        FITSFile.isComplete(file.path) || stillSeconds >= config.patienceSeconds
    }

    private var stage: ReceiveStage {
        ReceiveStage(
            store: store, sink: sink, documents: documents,
            inspect: IsolatedInspection(markers: config.bus.attemptsDirectory, log: log).inspect,
            now: { iso8601(self.clock.now()) })
    }

    /// Once after the start, and when documents have changed: files that ingest was killed over.
    private func completeFiles() throws {
        guard !hasCompletedFiles else { return }
        for partial in try PartialFile.all(in: store) {
            do {
                let channels = try stage.complete(partial)
                log.warning(
                    "completed a colour file that was taken in in part",
                    ["file": partial.originalName, "added": channels.joined(separator: ",")])
            } catch let away as Unavailable {
                throw away
            } catch {
                log.error(
                    "a colour file lacks channels and cannot be completed",
                    ["file": partial.originalName, "raw": partial.raw.url, "reason": "\(error)"])
            }
        }
        hasCompletedFiles = true
    }

    private func takeInOrExplain(_ file: DroppedFile) throws {
        do {
            let outcome = try stage.receive(file)
            postponed.forget(file)
            ledger.handOn()
            log.info("took in", ["file": file.path, "outcome": "\(outcome)"])
        } catch let away as Unavailable {
            postponed.postpone(file, now: clock.elapsed(), longestSeconds: 30)
            throw away
        } catch {
            postponed.postpone(file, now: clock.elapsed(), longestSeconds: 600)
            sayOnce("left where it is: \(error)", path: file.path)
        }
    }

    // MARK: Folders and documents

    /// Takes up documents that were added or changed; a broken one is reported and the old ones stay in force. The
    /// folder of a document that was taken away is watched on: its files wait for the document.
    private func reloadDocuments() {
        let stamp = Self.stamp(config.instruments)
        guard stamp != documentsStamp else { return }
        documentsStamp = stamp
        do {
            let found = try config.documents()
            let folders = try config.folders(of: found)
            let waiting = watch.folders.filter { found[$0.label] == nil }
            documents = found
            watch = FolderWatch(folders: folders + waiting, wants: isFITSName)
            // What was wrong with a file may be right with another document.
            postponed = Postponed()
            hasCompletedFiles = false
            said = [:]
            log.info("instrument documents read again", ["instruments": documents.keys.sorted().joined(separator: ",")])
            for folder in waiting {
                log.warning(
                    "the instrument's document is gone: its files wait",
                    ["instrument": folder.label, "path": folder.path])
            }
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
        let strays = strayFolders()
        let seen = look.paths.union(watch.folders.map(\.path)).union(strays)
        said = said.filter { seen.contains($0.key) }
        postponed.keep(look.paths)
        for path in strays { sayOnce("no instrument document is for this folder: its files wait", path: path) }
        for place in look.unreadable { sayOnce("cannot be read: \(place.reason)", path: place.path) }
        for path in look.ignored { sayOnce("left alone: its name does not end in .fits, .fit or .fts", path: path) }
    }

    /// Folders of the inbox that belong to no instrument: whoever drops files there should know.
    private func strayFolders() -> [String] {
        guard let stream = opendir(config.inbox.path) else { return [] }
        defer { closedir(stream) }
        let known = Set(watch.folders.map(\.path))
        var strays: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            let path = config.inbox.appending(path: name).path
            var status = stat()
            guard !name.hasPrefix("."), stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { continue }
            if !known.contains(path) { strays.append(path) }
        }
        return strays.sorted()
    }

    private func sayOnce(_ message: String, path: String) {
        if said[path, default: []].insert(message).inserted { log.warning(message, ["path": path]) }
    }
}
