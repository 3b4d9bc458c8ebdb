import DropFolder
import Events
import Foundation
import FrameStore
import Pipeline
import TestKit
import Testing

@testable import ingest

@Suite("The same frame again, and different frames of one name")
struct RepeatedFilesTests {
    @Test("the same file twice is one frame and one duplicate, whatever it is called and whoever's inbox it comes to")
    func sameBytes() throws {
        try withBench(instruments: ["cam", "other"]) { bench in
            let bytes = RawFITS.exposure()
            try bench.receive(bytes, as: "a.fits")
            for (name, instrument) in [("a.fits", "cam"), ("copy of a.fits", "cam"), ("a.fits", "other")] {
                let outcome = try bench.receive(bytes, as: name, instrument: instrument)
                #expect(outcome == .duplicate("the same bytes as a.fits"))
            }
            #expect(try bench.received.count == 1)
            #expect(try Set(bench.duplicated.map(\.duplicateID)).count == 3)
            #expect(bench.exists("accepted/a.fits") && bench.exists("accepted/a~1.fits"))
        }
    }

    @Test("gzipped and Rice-compressed twins are duplicates of the plain file, in whatever order they come")
    func twins() throws {
        try withBench { bench in
            let plain = RawFITS.exposure()
            let twins = [
                ("a.fits", plain), ("a.fits.gz", try gzipped(plain, in: bench.folder)),
                ("a.fits.fz", try CompressedExposure.bytes(in: bench.folder)),
            ]
            for first in 0..<3 {
                try withBench { bench in
                    for step in 0..<3 {
                        let (name, bytes) = twins[(first + step) % 3]
                        try bench.receive(bytes, as: name)
                    }
                    #expect(try bench.received.map(\.originalName) == [twins[first].0])
                    let frame = try #require(try bench.received.first)
                    #expect(try bench.duplicated.map(\.frameID) == [frame.frameID, frame.frameID])
                    #expect(try bench.rejected.isEmpty)
                }
            }
        }
    }

    @Test("two different files of one name are two frames, and both files are kept")
    func oneName() throws {
        try withBench { bench in
            try bench.receive(RawFITS.exposure(), as: "light.fits")
            try bench.receive(RawFITS.exposure { _, _ in 7 }, as: "light.fits")
            #expect(try bench.received.map(\.originalName) == ["light.fits", "light.fits"])
            #expect(try Set(bench.received.map(\.frameID)).count == 2)
            #expect(bench.exists("accepted/light.fits") && bench.exists("accepted/light~1.fits"))
        }
    }

    @Test("two saturated frames of one night are two frames, also where DATE-OBS has no time of day")
    func saturatedTwins() throws {
        try withBench { bench in
            for time in ["21:00:00", "21:01:00"] {
                let header: [(String, String?)] = [("DATE-OBS", "'2025-03-01'"), ("TIME-OBS", "'\(time)'")]
                try bench.receive(RawFITS.exposure(changes: header) { _, _ in 65535 }, as: "light.fits")
            }
            #expect(try bench.received.count == 2)
        }
    }

    @Test("when ingest died before a frame was announced, its twin is not taken for a duplicate of it")
    func deathBeforeAnnouncement() throws {
        try withBench { bench in
            let plain = RawFITS.exposure()
            let file = try bench.drop(plain, as: "a.fits")
            bench.bus.setAway(true)
            #expect(throws: Unavailable.self) { try bench.stage.receive(file) }
            bench.bus.setAway(false)
            // As a death between the index of pixels and the envelope leaves it.
            let sha256 = try bench.store.digest(ofUserFile: file.path).sha256
            try FileManager.default.removeItem(atPath: bench.store.root + "/" + StoreNames.envelope(sha256: sha256))
            let twin = try bench.receive(gzipped(plain, in: bench.folder), as: "a.fits.gz")
            let frame = try #require(try bench.received.first)
            #expect(twin == .accepted(frame.frameID))
            guard case .duplicate = try bench.stage.receive(file) else { throw CannotWrite(path: "no duplicate") }
            #expect(try bench.received.count == 1)
            #expect(try bench.duplicated.count == 1)
        }
    }

    @Test("a broker that is away costs nothing: the file stays, and is one frame and no duplicate when it is back")
    func brokerAway() throws {
        try withBench { bench in
            let watcher = try bench.watcher()
            try bench.drop(RawFITS.exposure(), as: "a.fits")
            try watcher.lookOnce(StopFlag())
            bench.clock.advance(3)
            bench.bus.setAway(true)
            for _ in 0..<3 {
                #expect(throws: Unavailable.self) { try watcher.lookOnce(StopFlag()) }
                bench.clock.advance(40)
            }
            #expect(bench.exists("a.fits"))
            bench.bus.setAway(false)
            try watcher.lookOnce(StopFlag())
            #expect(try bench.received.count == 1)
            #expect(try bench.duplicated.isEmpty)
            #expect(bench.exists("accepted/a.fits"))
        }
    }
}

@Suite("Names")
struct NameTests {
    @Test(
        "whatever a file is called, it comes in under its own name and opens no other file",
        arguments: [
            "with space.fits", "quo\"te's.fits", "brackets[1][2:3].fits", "(a,b){c}*?.fits", "new\nline.fits",
            "dots..in..it.fits", "~tilde.fits", "!bang.fits", "-dash.fits", "+1.fits", "star*.FIT", "ünï 星.fts",
            "tab\there.FITS", "back\\slash.fits", "percent%20.fits", "a.fits[0]", "semi;rm -rf.fits", "..x/../y.fits",
        ])
    func taken(_ name: String) throws {
        try withBench { bench in
            let home = bench.inbox.appending(path: "cam").path
            try FileManager.default.createDirectory(atPath: home + "/..x", withIntermediateDirectories: true)
            try bench.receive(RawFITS.exposure(), as: name)
            let frame = try #require(try bench.received.first)
            #expect(frame.originalName == (name as NSString).lastPathComponent)
            #expect(!bench.exists(name))
            #expect(try bench.store.contains(String(frame.raw.url.dropFirst(7))))
        }
    }

    @Test("names end in .fits, .fit or .fts, in any case, plain or compressed")
    func endings() {
        for name in ["a.fits", "a.FIT", "a.Fts", "a.fits.gz", "a.fit.FZ"] { #expect(isFITSName(name), "\(name)") }
        for name in ["a.txt", ".fits", "fits", "a.fits.zip", "a.gz", "a.fits.reason.json"] {
            #expect(!isFITSName(name), "\(name)")
        }
    }
}
