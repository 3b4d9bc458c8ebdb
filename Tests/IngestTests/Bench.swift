import DropFolder
import Events
import Foundation
import FrameStore
import Instruments
import Pipeline
import TestKit

@testable import ingest

/// An ingest with an inbox, a frame store and a bus in memory.
final class Bench {
    let folder: URL
    let store: FrameStore
    let bus = InMemoryBus()
    let clock = HandClock()
    let lines = LogLines()
    let inbox: URL

    init(in place: URL, store storePlace: URL? = nil, instruments: [String] = ["cam"]) throws {
        folder = place
        inbox = place.appending(path: "inbox")
        for name in ["inbox", "instruments", "store", "attempts"] {
            try FileManager.default.createDirectory(
                at: place.appending(path: name), withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o777])
            _ = chmod(place.appending(path: name).path, 0o777)
        }
        store = try FrameStore((storePlace ?? place.appending(path: "store")).path)
        for instrument in instruments { try write(document: #"{"id": "\#(instrument)"}"#, as: "\(instrument).json") }
    }

    func write(document: String, as name: String) throws {
        try Data(document.utf8).write(to: folder.appending(path: "instruments/\(name)"))
    }

    @discardableResult
    func drop(_ bytes: [UInt8], as name: String, instrument: String = "cam") throws -> DroppedFile {
        let home = inbox.appending(path: instrument)
        let path = home.path + "/" + name
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        guard FileManager.default.createFile(atPath: path, contents: Data(bytes)) else { throw CannotWrite(path: path) }
        return try dropped(name, instrument: instrument)
    }

    func dropped(_ name: String, instrument: String = "cam") throws -> DroppedFile {
        let home = inbox.appending(path: instrument).path
        guard let state = FileState(of: home + "/" + name) else { throw CannotWrite(path: home + "/" + name) }
        return DroppedFile(folder: WatchedFolder(path: home, label: instrument), relativePath: name, state: state)
    }

    var stage: ReceiveStage { stage { try Inspector.inspect($0, name: $1, document: $2) } }

    func stage(_ inspect: @escaping (String, String, InstrumentDocument) throws -> Inspection) -> ReceiveStage {
        ReceiveStage(
            store: store, sink: bus.sink(),
            documents: ["cam": .automatic(id: "cam"), "other": .automatic(id: "other")],
            inspect: inspect, now: { "2026-01-01T00:00:00.000Z" })
    }

    /// Drops a file and takes it in.
    @discardableResult
    func receive(_ bytes: [UInt8], as name: String, instrument: String = "cam") throws -> ReceiveStage.Outcome {
        try stage.receive(try drop(bytes, as: name, instrument: instrument))
    }

    func watcher(_ settings: [String: String] = [:]) throws -> Watcher {
        let environment = [
            "NIGHTJAR_BROKERS": "localhost:1", "NIGHTJAR_FRAME_STORE": store.root, "NIGHTJAR_INBOX": inbox.path,
            "NIGHTJAR_INSTRUMENTS": folder.appending(path: "instruments").path,
            "NIGHTJAR_ATTEMPTS": folder.appending(path: "attempts").path, "NIGHTJAR_HEARTBEAT_SECONDS": "0",
        ].merging(settings) { $1 }
        let heartbeats = bus.source(group: "ingest", topics: [ServiceHeartbeat.type.topic])
        return try Watcher(
            config: Config(environment: environment), store: store, sink: bus.sink(),
            ledger: LedgerDistance(heartbeats: heartbeats, limit: 500, log: lines.log), log: lines.log,
            clock: clock.clock)
    }

    /// Looks until files dropped before have settled.
    func settle(_ watcher: Watcher) throws {
        try watcher.lookOnce(StopFlag())
        clock.advance(3)
        try watcher.lookOnce(StopFlag())
    }

    var received: [FrameReceived] { get throws { try bus.events(FrameReceived.self).map(\.payload) } }
    var rejected: [FrameRejected] { get throws { try bus.events(FrameRejected.self).map(\.payload) } }
    var duplicated: [FrameDuplicated] { get throws { try bus.events(FrameDuplicated.self).map(\.payload) } }

    func exists(_ name: String, instrument: String = "cam") -> Bool {
        access(inbox.path + "/\(instrument)/" + name, F_OK) == 0
    }
}

struct CannotWrite: Error {
    let path: String
}

/// A test's own bench in a folder that is removed afterwards.
func withBench(instruments: [String] = ["cam"], _ body: (Bench) throws -> Void) throws {
    try withFolder { try body(Bench(in: $0, instruments: instruments)) }
}

func gzipped(_ bytes: [UInt8], in folder: URL) throws -> [UInt8] {
    let plain = folder.appending(path: "to-pack-\(UUID().uuidString)")
    try Data(bytes).write(to: plain)
    guard try runProgram(["gzip", "-n", plain.path]) == 0 else { throw CannotWrite(path: plain.path) }
    return [UInt8](try Data(contentsOf: plain.appendingPathExtension("gz")))
}
