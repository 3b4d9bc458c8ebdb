import DropFolder
import Events
import Foundation
import FrameStore
import Instruments
import Pipeline
import TestKit

@testable import calibrator
@testable import ingest

/// An ingest that takes files of one instrument into the calibrator's store.
final class Intake {
    struct Refused: Error {
        let outcome: ReceiveStage.Outcome
    }

    let store: FrameStore
    let bus = InMemoryBus()
    let folder: URL
    let instrument: String
    private var drops = 0

    init(_ bench: Bench, _ folder: URL, instrument: String) {
        store = bench.store
        self.folder = folder
        self.instrument = instrument
    }

    /// - Returns: what was said of the file; nothing for a duplicate.
    func receive(_ bytes: [UInt8], as name: String) throws -> [Events.FrameReceived] {
        let before = try bus.events(FrameReceived.self).count
        let outcome = try drop(bytes, as: name)
        if case .rejected = outcome { throw Refused(outcome: outcome) }
        return try bus.events(FrameReceived.self).dropFirst(before).map(\.payload)
    }

    /// Puts a file into a folder of its own below the inbox, and takes it in.
    func drop(_ bytes: [UInt8], as name: String) throws -> ReceiveStage.Outcome {
        drops += 1
        let home = folder.appending(path: "inbox/\(instrument)")
        let relative = "\(drops)/\(name)"
        let place = home.appending(path: relative)
        try FileManager.default.createDirectory(
            at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: place)
        guard let state = FileState(of: place.path) else { return .duplicate("the file is gone") }
        let file = DroppedFile(
            folder: WatchedFolder(path: home.path, label: instrument), relativePath: relative, state: state)
        let stage = ReceiveStage(
            store: store, sink: bus.sink(), documents: [instrument: .automatic(id: instrument)],
            inspect: { try Inspector.inspect($0, name: $1, document: $2) }, now: { "" })
        return try stage.receive(file)
    }
}

func withIntake(_ instrument: String, _ body: (Bench, Intake) throws -> Void) throws {
    try withFolder { folder in
        let place = folder.appending(path: "store")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        let bench = try Bench(place.path)
        try body(bench, Intake(bench, folder, instrument: instrument))
    }
}
