import Events
import Foundation
import FrameStore
import Pipeline
import PostgresStore
import TestKit
import Testing

@testable import archiver

@Suite("The sweep: what was lost on the way is announced again")
struct SweepTests {
    private func envelope(_ frame: FrameReceived, _ bench: Bench) throws -> Message {
        let message = try EventCodec.encode(frame, source: "ingest", trace: Trace(startingAt: frame.frameID), time: "t")
        try bench.store.write(StoreNames.envelope(sha256: frame.raw.sha256), data: Envelope(message).data())
        return message
    }

    @Test("envelopes without a row are announced as they were, byte for byte; those with a row are not")
    func withoutRow() throws {
        try withBench { bench in
            let messages = try (1...3).map { try envelope(bench.received($0), bench) }
            try bench.hear(bench.received(2))
            let copy = FrameDuplicated(
                duplicateID: hexadecimal(9), frameID: hexadecimal(1), originalName: "b.fits", instrument: "cam",
                reason: "same")
            let said = try EventCodec.encode(copy, source: "ingest", trace: Trace(), time: "t")
            try bench.store.write(StoreNames.duplicate(id: hexadecimal(9)), data: Envelope(said).data())
            usleep(20_000)
            try bench.sweep.run()
            try bench.archive.outbox.publishPending(to: bench.bus.sink(), in: bench.database)
            let again = bench.bus.messages(on: FrameReceived.type.topic)
            #expect(again.filter { $0 == messages[0] || $0 == messages[2] }.count == 2)
            #expect(bench.bus.messages(on: FrameDuplicated.type.topic) == [said])
            for number in [1, 3] { try bench.hear(bench.received(number)) }
            try bench.hear(copy)
            #expect(try bench.count("archive.frame") == 3)
        }
    }

    @Test("one damaged envelope is named once and does not keep the others from being announced")
    func damaged() throws {
        try withBench { bench in
            _ = try envelope(bench.received(1), bench)
            try bench.store.write(StoreNames.envelope(sha256: String(repeating: "0", count: 64)), data: Data("{".utf8))
            usleep(20_000)
            for _ in 0..<3 { try bench.sweep.run() }
            #expect(try bench.said(FrameReceived.self).contains { $0.frameID == hexadecimal(1) })
            #expect(bench.lines.all.filter { $0.contains("envelope cannot be read") }.count == 1)
        }
    }

    @Test("a frame without a fate is announced again, also when its envelope is lost; one with a fate is not")
    func stuck() throws {
        try withBench { bench in
            for number in 1...3 { try bench.hear(bench.received(number)) }
            try bench.hear(bench.rejected(3, by: "calibrator"))
            let kept = try envelope(bench.received(1), bench)
            usleep(20_000)
            try bench.sweep.run()
            let again = try bench.said(FrameReceived.self)
            #expect(Set(again.map(\.frameID)) == [hexadecimal(1), hexadecimal(2)])
            #expect(bench.bus.messages(on: FrameReceived.type.topic).contains(kept))
            let ids = Set(try bench.bus.events(FrameReceived.self).map(\.id))
            #expect(ids == [EventCodec.id(of: bench.received(1)), EventCodec.id(of: bench.received(2))])
        }
    }

    @Test("a store that is away is waited for")
    func away() throws {
        try withFolder { folder in
            let root = folder.appending(path: "store").path
            try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
            let bench = try Bench(root)
            try bench.hear(bench.received(1))
            usleep(20_000)
            try FileManager.default.removeItem(atPath: root)
            #expect(throws: Unavailable.self) { try bench.sweep.run() }
            #expect(try bench.said(FrameReceived.self).isEmpty)
            let announced = try bench.database.execute("select sum(announcements)::int8 as n from archive.frame")
                .single("n")
            #expect(announced == 0, "what could not be announced is not counted")
        }
    }
}
