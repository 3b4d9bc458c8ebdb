import Events
import Foundation
import FrameStore
import Instruments
import Pipeline
import TestKit
import Testing

@testable import ingest

private let mosaic: [(String, String?)] = [("BAYERPAT", "'RGGB    '"), ("FILTER", nil)]

@Suite("A colour camera's file is three frames")
struct ColourFrameTests {
    @Test("one file is announced as TR, TG and TB, each with its own id, one raw object and an envelope to be found by")
    func threeFrames() throws {
        try withBench { bench in
            try bench.receive(RawFITS.exposure(width: 41, height: 30, changes: mosaic), as: "osc.fits")
            let frames = try bench.received
            #expect(frames.map(\.exposure.filter) == ["TR", "TG", "TB"])
            #expect(frames.map(\.exposure.bayer?.channel) == FrameName.channels)
            #expect(Set(frames.map(\.raw)).count == 1 && Set(frames.map(\.contentSHA256)).count == 1)
            #expect(frames.allSatisfy { $0.exposure.width == 20 && $0.exposure.height == 15 })
            #expect(frames.allSatisfy { $0.exposure.bayer?.width == 41 && $0.originalName == "osc.fits" })
            let ids = FrameName.channelIDs(ofFile: frames[0].raw.sha256)
            #expect(frames.map(\.frameID) == ids && Set(ids).count == 3)
            for (frame, message) in zip(frames, bench.bus.messages(on: FrameReceived.type.topic)) {
                let folder = "raw/\(frame.frameID.prefix(2))"
                let names = try bench.store.list(folder).filter { $0.contains(frame.frameID) }
                #expect(names == [StoreNames.envelope(raw: frame.raw, exposure: frame.exposure)])
                #expect(try Envelope(data: bench.store.read(names[0])).message == message)
                let shelf = StoreNames.night(frame.night, instrument: "cam", calibration: false)
                #expect(try bench.store.contains("\(shelf)/\(frame.frameID)"))
            }
            #expect(try !bench.store.contains(StoreNames.envelope(sha256: frames[0].raw.sha256)))
        }
    }

    @Test("the file again, under another name or compressed, is one duplicate of it")
    func duplicates() throws {
        try withBench { bench in
            let bytes = RawFITS.exposure(changes: mosaic)
            try bench.receive(bytes, as: "osc.fits")
            let again = try bench.receive(bytes, as: "again.fits")
            #expect(again == .duplicate("the same bytes as osc.fits"))
            try bench.receive(try gzipped(bytes, in: bench.folder), as: "osc.fits.gz")
            #expect(try bench.received.count == 3)
            let first = try #require(try bench.received.first)
            #expect(try bench.duplicated.map(\.frameID) == [first.frameID, first.frameID])
        }
    }

    @Test("taken in twice after a crash, it is the same three events; one that died between envelopes is completed")
    func crash() throws {
        try withBench { bench in
            let bytes = RawFITS.exposure(changes: mosaic)
            let file = try bench.drop(bytes, as: "osc.fits")
            _ = try bench.stage.receive(file)
            let said = bench.bus.messages(on: FrameReceived.type.topic)
            for lost in [0, 1, 2, nil] {
                let place = bench.inbox.path + "/cam/"
                try FileManager.default.moveItem(atPath: place + "accepted/osc.fits", toPath: place + "osc.fits")
                if let lost {
                    let frame = try bench.received[lost]
                    let name = StoreNames.envelope(raw: frame.raw, exposure: frame.exposure)
                    try FileManager.default.removeItem(atPath: bench.store.root + "/" + name)
                }
                let outcome = try bench.stage.receive(bench.dropped("osc.fits"))
                let first = try #require(try bench.received.first)
                #expect(outcome == .accepted(String(first.raw.sha256.prefix(32))))
                let all = bench.bus.messages(on: FrameReceived.type.topic)
                #expect(Array(all.suffix(3)) == said)
            }
            #expect(try bench.duplicated.isEmpty)
        }
    }

    @Test("refused first and mended by a document, it is three frames; an array that cannot be split is refused")
    func mended() throws {
        try withBench { bench in
            let bytes = RawFITS.exposure(changes: [("BAYERPAT", "'XTRANS  '")])
            let refused = try bench.receive(bytes, as: "fuji.fits")
            guard case .rejected(let code, let reason) = refused else { throw CannotWrite(path: "not refused") }
            #expect(code == .headerUnusable && reason.contains("XTRANS") && reason.contains("ignore"))
            let stage = ReceiveStage(
                store: bench.store, sink: bench.bus.sink(), documents: ["cam": .automatic(id: "cam")],
                inspect: { path, name, document in
                    var document = document
                    document.bayer = .grbg
                    return try Inspector.inspect(path, name: name, document: document)
                }, now: { "" })
            _ = try stage.receive(bench.drop(bytes, as: "fuji-again.fits"))
            #expect(try bench.received.map(\.exposure.bayer?.pattern) == ["GRBG", "GRBG", "GRBG"])
        }
    }

    private func stage(_ bench: Bench, instrument: String = "cam", bayer: BayerRule) -> ReceiveStage {
        var document = InstrumentDocument.automatic(id: instrument)
        document.bayer = bayer
        return ReceiveStage(
            store: bench.store, sink: bench.bus.sink(), documents: [instrument: document],
            inspect: { try Inspector.inspect($0, name: $1, document: $2) }, now: { "2026-01-01T00:00:00.000Z" })
    }

    @Test("a file taken in as one frame is, handed in again, its three channels once the document calls it a mosaic")
    func documentChanged() throws {
        try withBench { bench in
            let bytes = RawFITS.exposure()
            try bench.receive(bytes, as: "osc.fits")
            let whole = try #require(try bench.received.first)
            #expect(try bench.store.contains(ReceiveStage.shelf(of: whole)))
            let colour = stage(bench, bayer: .rggb)
            #expect(try colour.receive(bench.drop(bytes, as: "again.fits")) == .accepted(whole.frameID))
            #expect(try bench.received.dropFirst().map(\.exposure.bayer?.channel) == FrameName.channels)
            #expect(try bench.received.dropFirst().map(\.frameID) == FrameName.channelIDs(ofFile: whole.raw.sha256))
            let refusals = try bench.rejected
            #expect(refusals.map(\.frameID) == [whole.frameID] && refusals.map(\.code) == ["superseded"])
            #expect(refusals[0].reason.contains("osc.fits: taken in anew as its channels TR, TG, TB"))
            #expect(try !bench.store.contains(ReceiveStage.shelf(of: whole)), "the calibrator sees it no more")
            let envelope = try Envelope(data: bench.store.read(StoreNames.envelope(sha256: whole.raw.sha256)))
            #expect(envelope.topic == FrameRejected.type.topic)
            // Once more it is a copy of them, whatever the document says.
            for document in [BayerRule.rggb, .ignore] {
                let copy = try stage(bench, bayer: document).receive(bench.drop(bytes, as: "third.fits"))
                #expect(copy == .duplicate("the same bytes as again.fits"))
                try FileManager.default.removeItem(atPath: bench.inbox.path + "/cam/accepted/third.fits")
            }
            #expect(try bench.received.count == 4)
        }
    }

    @Test("another instrument's document does not take a frame from the one that has it")
    func otherInstrument() throws {
        try withBench(instruments: ["cam", "other"]) { bench in
            let bytes = RawFITS.exposure()
            try bench.receive(bytes, as: "mono.fits")
            let other = stage(bench, instrument: "other", bayer: .rggb)
            let outcome = try other.receive(bench.drop(bytes, as: "copy.fits", instrument: "other"))
            #expect(outcome == .duplicate("the same bytes as mono.fits"))
            #expect(try bench.received.count == 1 && bench.rejected.isEmpty)
        }
    }

    @Test(
        "a file of which ingest announced a part before it was killed is completed at the next start, without the file")
    func completed() throws {
        try withBench { bench in
            try bench.receive(RawFITS.exposure(changes: mosaic), as: "osc.fits")
            try FileManager.default.removeItem(atPath: bench.inbox.path + "/cam/accepted/osc.fits")
            let frames = try bench.received
            let said = bench.bus.messages(on: FrameReceived.type.topic)
            for lost in frames[1...] {
                for name in [StoreNames.envelope(raw: lost.raw, exposure: lost.exposure), ReceiveStage.shelf(of: lost)]
                {
                    try FileManager.default.removeItem(atPath: bench.store.root + "/" + name)
                }
            }
            let damaged = StoreNames.envelope(raw: frames[1].raw, exposure: frames[1].exposure)
            try bench.store.write(damaged, data: Data("{".utf8))
            #expect(try PartialFile.all(in: bench.store).map(\.originalName) == ["osc.fits"])
            try bench.watcher().lookOnce(StopFlag())
            #expect(try PartialFile.all(in: bench.store).isEmpty)
            #expect(try bench.received.dropFirst(3).map(\.frameID) == frames.map(\.frameID))
            #expect(bench.bus.messages(on: FrameReceived.type.topic).suffix(3).map(\.value) == said.map(\.value))
            #expect(try frames.allSatisfy { try bench.store.contains(ReceiveStage.shelf(of: $0)) })
            #expect(bench.lines.all.contains { $0.contains("completed a colour file") && $0.contains("TG,TB") })
            try bench.watcher().lookOnce(StopFlag())
            #expect(try bench.received.count == 6, "only once")
        }
    }

    @Test("a partial file that cannot be completed is named with the reason, and does not keep others from coming")
    func notCompleted() throws {
        try withBench { bench in
            try bench.receive(RawFITS.exposure(changes: mosaic), as: "osc.fits")
            let lost = try bench.received[1]
            let name = StoreNames.envelope(raw: lost.raw, exposure: lost.exposure)
            try FileManager.default.removeItem(atPath: bench.store.root + "/" + name)
            try bench.write(document: #"{"id": "cam", "bayer": "ignore"}"#, as: "cam.json")
            let watcher = try bench.watcher()
            try bench.drop(RawFITS.exposure(), as: "next.fits")
            try bench.settle(watcher)
            #expect(bench.lines.all.contains { $0.contains("cannot be completed") && $0.contains("osc.fits") })
            #expect(try bench.received.count == 4)
        }
    }

    @Test("a cube of three colours is refused with a word about them")
    func cube() throws {
        try withBench { bench in
            let bytes = RawFITS.file(
                ["SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    3"]
                    + [4, 4, 3].enumerated().map {
                        RawFITS.card("NAXIS\($0.offset + 1)", String($0.element))
                    }, data: [UInt8](repeating: 1, count: 48))
            guard case .rejected(let code, let reason) = try bench.receive(bytes, as: "rgb.fits") else {
                throw CannotWrite(path: "not refused")
            }
            #expect(code == .notTwoDimensional && reason.contains("raw mosaic"))
        }
    }
}
