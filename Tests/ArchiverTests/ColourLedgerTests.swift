import Events
import Foundation
import FrameStore
import Pipeline
import PostgresStore
import TestKit
import Testing

@testable import archiver
@testable import nightjar

@Suite("The ledger of colour cameras: one file, three frames")
struct ColourLedgerTests {
    private func channels(_ number: Int, _ bench: Bench) -> [FrameReceived] {
        FrameName.channels.map { channel in
            var frame = bench.received(number)
            frame.frameID = FrameName.id(ofFile: frame.raw.sha256, channel: channel)
            frame.exposure.filter = channel
            frame.exposure.bayer = BayerFacts(channel: channel, pattern: "RGGB", width: 400, height: 300)
            return frame
        }
    }

    @Test("a file refused by ingest and taken in later as its channels is no frame of its own, in whatever order")
    func mended() throws {
        for refusedLast in [false, true] {
            try withBench { bench in
                if !refusedLast { try bench.hear(bench.rejected(1, by: "ingest")) }
                for frame in channels(1, bench) { try bench.hear(frame) }
                if refusedLast { try bench.hear(bench.rejected(1, by: "ingest")) }
                #expect(try bench.count("archive.frame") == 3)
                #expect(try bench.count("archive.frame where fate is null") == 3)
            }
        }
    }

    @Test("the sweep finds each channel's envelope, and passes over the refusal of a file that was split later")
    func sweep() throws {
        try withBench { bench in
            let frames = channels(1, bench)
            for frame in frames {
                let said = try EventCodec.encode(frame, source: "ingest", trace: Trace(), time: "t")
                let name = StoreNames.envelope(raw: frame.raw, exposure: frame.exposure)
                try bench.store.write(name, data: Envelope(said).data())
            }
            let refusal = try EventCodec.encode(
                bench.rejected(1, by: "ingest"), source: "ingest", trace: Trace(), time: "t")
            try bench.store.write(StoreNames.envelope(sha256: frames[0].raw.sha256), data: Envelope(refusal).data())
            try bench.hear(frames[0])
            usleep(20_000)
            try bench.sweep.run()
            let again = try bench.said(FrameReceived.self).map(\.frameID)
            #expect(Set(again).isSuperset(of: frames[1...].map(\.frameID)))
            #expect(try bench.said(FrameRejected.self).isEmpty)
            for frame in frames { try bench.hear(frame) }
            try bench.sweep.run()
            #expect(try bench.count("archive.frame") == 3)
        }
    }

    @Test("files and frames add up once the last channel has come; copies and frames of other cameras count as ever")
    func addsUp() throws {
        try withBench { bench in
            let record = Record(bench.database)
            let frames = channels(1, bench)
            for frame in frames[..<2] { try bench.hear(frame) }
            try bench.hear(bench.received(2))
            let early = try Ledger(record)
            #expect(early.files == 1 && early.colourFiles == nil && early.received == 3 && !early.addsUp)
            try bench.hear(frames[2])
            try bench.hear(
                FrameDuplicated(
                    duplicateID: hexadecimal(9), frameID: frames[0].frameID, originalName: "b.fits", instrument: "cam",
                    reason: "same"))
            let whole = try Ledger(record, night: bench.night)
            #expect(whole.files == 3 && whole.colourFiles == 1 && whole.received == 4 && whole.duplicates == 1)
            #expect(whole.pending == 4 && !whole.addsUp)
            for frame in frames + [bench.received(2)] {
                try bench.hear(
                    FrameRejected(
                        frameID: frame.frameID, originalName: frame.originalName, instrument: "cam", raw: nil,
                        stage: "calibrator", code: "corrupt", reason: "damaged"))
            }
            let ended = try Ledger(record)
            #expect(ended.addsUp && ended.rejected == 4)
            #expect(ended.text.contains("frame-1.fits TG: rejected, damaged"))
        }
    }

    @Test("a file of which one frame came is named with what is missing and what to do, once it had time to come")
    func incomplete() throws {
        try withBench { bench in
            let record = Record(bench.database)
            let frames = channels(1, bench)
            try bench.hear(frames[0])
            #expect(try Ledger(record).incompleteFiles == nil, "the others are on their way")
            try bench.database.execute("update archive.frame set arrived_at = now() - interval '2 minutes'")
            let ledger = try Ledger(record)
            #expect(ledger.incompleteFiles?.map(\.missing) == [["TG", "TB"]])
            #expect(ledger.text.contains("frame-1.fits of cam has no frame TG, TB: restart ingest"))
            #expect(!ledger.addsUp && ledger.text.contains("1 pending and 1 incomplete files"))
            for frame in frames[1...] { try bench.hear(frame) }
            #expect(try Ledger(record).incompleteFiles == nil)
        }
    }

    @Test("a frame whose channels come later is superseded: rejected with that reason, whatever its fate, in any order")
    func superseded() throws {
        for (fate, order) in [
            ("measured", "first"), ("pending", "first"), ("pending", "last"), ("calibration", "first"),
        ] {
            try withBench { bench in
                var whole = bench.received(1)
                if fate == "calibration" { whole = bench.received(1, .flat) }
                if order == "first" { try bench.hear(whole) }
                if fate == "calibration" { try bench.hear(bench.master(of: [1])) }
                if fate == "measured" {
                    try bench.hear(bench.measured(1, table: bench.table([(50, 60, 9_000)])))
                }
                if order == "first" { #expect(try bench.fate(1) == fate) }
                for frame in channels(1, bench) { try bench.hear(frame) }
                if order == "last" { try bench.hear(whole) }
                #expect(try bench.fate(1) == "rejected")
                #expect(
                    try bench.count("archive.frame where reason_code = 'superseded' and frame_id = '\(whole.frameID)'")
                        == 1)
                // What is still said of it, or again, changes nothing.
                try bench.hear(bench.measured(1, recipe: "c9", table: bench.table([(50, 60, 9_000)])))
                var again = bench.master(of: [1])
                again.masterID = "master-again"
                try bench.hear(again)
                again.masterID = "x"
                var mended = whole
                mended.instrument.revision = 2
                try bench.hear(mended)
                #expect(try bench.fate(1) == "rejected")
                #expect(try bench.count("archive.frame where fate is null") == 3)
                let ledger = try Ledger(Record(bench.database))
                #expect(ledger.files == 2 && ledger.colourFiles == 1 && ledger.received == 4 && ledger.rejected == 1)
                #expect(ledger.text.contains("frame-1.fits: rejected, frame-1.fits: taken in anew as its channels"))
            }
        }
    }

    @Test("whoever waits for a file that was one frame and becomes three waits for the three")
    func submittedAgain() throws {
        try withFolder { folder in
            try withBench { bench in
                let frames = channels(1, bench)
                let id = String(frames[0].raw.sha256.prefix(32))
                let fates = SubmittedFates(record: Record(bench.database), data: DataFolder(folder.path))
                try bench.hear(bench.received(1))
                #expect(try fates.known(id) == .frame)
                let file = folder.appending(path: "gone.fits")
                let handed = SubmittedFrame(
                    file: file, instrument: "cam", place: file, frameID: id, duplicateID: nil, known: .frame)
                #expect(try fates.outcomes(of: [handed]).map(\.fate) == ["pending"])
                for frame in frames { try bench.hear(frame) }
                try bench.database.execute(
                    "update archive.frame set fate = 'measured', stage = 'ended' where fate is null")
                #expect(try fates.outcomes(of: [handed]).map(\.fate) == ["measured"])
                #expect(try fates.known(id) == .channels)
            }
        }
    }

    @Test(
        "a file that was handed in has the fate of its channels: pending while one is, then the worst with its reason")
    func submitted() throws {
        try withFolder { folder in
            try withBench { bench in
                let frames = channels(1, bench)
                let id = String(frames[0].raw.sha256.prefix(32))
                let fates = SubmittedFates(record: Record(bench.database), data: DataFolder(folder.path))
                let file = folder.appending(path: "gone.fits")
                let handed = SubmittedFrame(
                    file: file, instrument: "cam", place: file, frameID: id, duplicateID: nil, known: nil)
                for frame in frames[..<2] { try bench.hear(frame) }
                try bench.database.execute(
                    "update archive.frame set fate = 'measured', stage = 'ended' where frame_id = any($1)",
                    [.texts(frames[..<2].map(\.frameID))])
                #expect(try fates.outcomes(of: [handed]).map(\.fate) == ["pending"])
                // A part of the channels is no duplicate for ingest either: it takes the file in again.
                #expect(try fates.known(id) == nil)
                try bench.hear(frames[2])
                #expect(try fates.known(id) == .channels)
                #expect(try fates.outcomes(of: [handed]).map(\.fate) == ["pending"])
                try bench.hear(
                    FrameRejected(
                        frameID: frames[2].frameID, originalName: "a.fits", instrument: "cam", raw: nil,
                        stage: "calibrator", code: "noUsablePixels", reason: "no pixel"))
                let ended = try fates.outcomes(of: [handed])
                #expect(ended.map(\.fate) == ["rejected"] && ended[0].text == "TB: no pixel")
                #expect(try fates.known(id) == .channels)
            }
        }
    }
}
