import DropFolder
import Events
import Foundation
import Instruments
import Pipeline
import TestKit
import Testing

@testable import ingest

@Suite("What happens while ingest looks")
struct WatcherTests {
    @Test("a file that grows between looks is taken once, when it is complete and still")
    func growing() throws {
        try withBench { bench in
            let watcher = try bench.watcher()
            let bytes = RawFITS.exposure(width: 100, height: 100)
            for part in [1000, 2880, 10_000, bytes.count - 1, bytes.count] {
                try bench.drop(Array(bytes.prefix(part)), as: "a.fits")
                try watcher.lookOnce(StopFlag())
                bench.clock.advance(1.5)
                try watcher.lookOnce(StopFlag())
                #expect(try bench.received.isEmpty, "\(part) bytes")
            }
            // Complete, and still for 1.5 s: not long enough.
            bench.clock.advance(0.6)
            try watcher.lookOnce(StopFlag())
            #expect(try bench.received.count == 1)
            #expect(try bench.rejected.isEmpty)
        }
    }

    @Test("a document that cannot be used at the start is a wrong setting: file, field and what is allowed are named")
    func unusableDocument() throws {
        try withBench { bench in
            try bench.write(document: #"{"id": "cam", "gian": 1, "bayr": 0}"#, as: "cam.json")
            let error = #expect(throws: InvalidSettings.self) { _ = try bench.watcher() }
            let problems = error?.problems ?? []
            #expect(problems.count == 2)
            #expect(
                problems.allSatisfy {
                    $0.hasPrefix("NIGHTJAR_INSTRUMENTS: \(bench.folder.path)/instruments/cam.json: ")
                })
            #expect(problems.contains { $0.contains("gian: unknown field") })
            try bench.write(document: "{", as: "cam.json")
            #expect(throws: InvalidSettings.self) { _ = try bench.watcher() }
        }
    }

    @Test("a folder of documents that is not there is a wrong setting, named with its path")
    func missingDocuments() throws {
        try withBench { bench in
            let error = #expect(throws: InvalidSettings.self) {
                _ = try bench.watcher(["NIGHTJAR_INSTRUMENTS": "/nowhere/instruments"])
            }
            #expect(
                error?.problems.first?.hasPrefix("NIGHTJAR_INSTRUMENTS: /nowhere/instruments cannot be read: ") == true)
        }
    }

    @Test("a file that stops growing before it is complete is waited for, and refused only when patience ends")
    func neverComplete() throws {
        try withBench { bench in
            let watcher = try bench.watcher(["NIGHTJAR_PATIENCE_SECONDS": "60"])
            try bench.drop(Array(RawFITS.exposure().prefix(3000)), as: "a.fits")
            try bench.settle(watcher)
            bench.clock.advance(50)
            try watcher.lookOnce(StopFlag())
            #expect(try bench.rejected.isEmpty)
            bench.clock.advance(10)
            try watcher.lookOnce(StopFlag())
            #expect(try bench.rejected.map(\.code) == ["truncated"])
        }
    }

    @Test("a file that changes while it is taken in stays, and comes again as what it then is")
    func changesMeanwhile() throws {
        try withBench { bench in
            let file = try bench.drop(RawFITS.exposure(), as: "a.fits")
            let later = RawFITS.exposure { _, _ in 500 }
            let stage = bench.stage { path, name, document in
                let inspection = try Inspector.inspect(path, name: name, document: document)
                try bench.drop(later + [UInt8](repeating: 0, count: 2880), as: "a.fits")
                return inspection
            }
            #expect(throws: (any Error).self) { _ = try stage.receive(file) }
            #expect(bench.exists("a.fits"))
            let watcher = try bench.watcher()
            try bench.settle(watcher)
            #expect(try bench.received.count == 2)
            #expect(try bench.duplicated.isEmpty)
        }
    }

    @Test("a file that vanishes between look and take-in is said to be gone, and the others go on")
    func vanishes() throws {
        try withBench { bench in
            let gone = try bench.drop(RawFITS.exposure(), as: "a.fits")
            try FileManager.default.removeItem(atPath: gone.path)
            do {
                _ = try bench.stage.receive(gone)
                Issue.record("a file that is not there was taken in")
            } catch {
                #expect("\(error)".contains("a.fits: No such file or directory"))
            }
            #expect(try bench.bus.messages(on: FrameReceived.type.topic).isEmpty && bench.rejected.isEmpty)
        }
    }

    @Test("an inbox that is a file, and one that cannot be made, are named; the other instruments go on")
    func inboxIsAFile() throws {
        try withBench(instruments: ["cam", "other"]) { bench in
            try Data("a file".utf8).write(to: bench.inbox.appending(path: "cam"))
            let more = "other=\(bench.inbox.path)/cam/below"
            let watcher = try bench.watcher(["NIGHTJAR_WATCH": more])
            try bench.drop(RawFITS.exposure(), as: "a.fits", instrument: "other")
            try bench.settle(watcher)
            #expect(try bench.received.count == 1)
            #expect(bench.lines.all.contains { $0.contains("Not a directory") && $0.contains("inbox/cam") })
            #expect(bench.lines.all.contains { $0.contains("cannot be made") && $0.contains("cam/below") })
        }
    }

    @Test("a folder and a file without read permission are named once, stay, and the others go on")
    func permissions() throws {
        try withBench(instruments: ["cam"]) { bench in
            try bench.drop(RawFITS.exposure { _, _ in 1 }, as: "closed/a.fits")
            try bench.drop(RawFITS.exposure { _, _ in 2 }, as: "b.fits")
            try bench.drop(RawFITS.exposure(), as: "c.fits")
            for name in ["", "/c.fits"] { _ = chmod(bench.inbox.path + "/cam" + name, 0o777) }
            _ = chmod(bench.inbox.path + "/cam/closed", 0)
            _ = chmod(bench.inbox.path + "/cam/b.fits", 0)
            let watcher = try bench.watcher(["NIGHTJAR_PATIENCE_SECONDS": "10"])
            let ran: Void? = try withoutRootRights {
                for _ in 0..<4 {
                    try bench.settle(watcher)
                    bench.clock.advance(20)
                }
            }
            guard ran != nil else { return }
            #expect(try bench.received.map(\.originalName) == ["c.fits"])
            let denied = bench.lines.all.filter { $0.contains("Permission denied") }
            #expect(denied.count == 2)
            #expect(denied.contains { $0.contains("closed") } && denied.contains { $0.contains("b.fits") })
            #expect(bench.exists("b.fits"))
            _ = chmod(bench.inbox.path + "/cam/closed", 0o777)
            _ = chmod(bench.inbox.path + "/cam/b.fits", 0o644)
            bench.clock.advance(700)
            try bench.settle(watcher)
            #expect(try bench.received.count == 3)
        }
    }

    @Test("a file that cannot be moved away is one frame, not announced with every look, and no duplicate of itself")
    func readOnlyInbox() throws {
        try withBench { bench in
            for name in ["a.fits", "bad.fits"] {
                try bench.drop(name == "a.fits" ? RawFITS.exposure() : Array("no".utf8), as: name)
            }
            _ = chmod(bench.inbox.path + "/cam", 0o555)
            let watcher = try bench.watcher(["NIGHTJAR_PATIENCE_SECONDS": "1"])
            let ran: Void? = try withoutRootRights {
                for _ in 0..<100 { try bench.settle(watcher) }
            }
            guard ran != nil else { return }
            // Waits of 1, 2, 4 ... seconds in 300 seconds.
            #expect(try bench.received.count < 12)
            #expect(try Set(bench.received.map(\.frameID)).count == 1)
            #expect(try Set(bench.rejected.map(\.frameID)).count == 1)
            #expect(try bench.duplicated.isEmpty)
            let said = bench.lines.all.filter { $0.contains("left where it is") }
            #expect(said.count == 2, "\(said)")
            _ = chmod(bench.inbox.path + "/cam", 0o755)
            bench.clock.advance(700)
            try bench.settle(watcher)
            #expect(bench.exists("accepted/a.fits") && bench.exists("rejected/bad.fits"))
        }
    }

    @Test("links, pipes, hidden and other names are left alone, each with its reason, once")
    func leftAlone() throws {
        try withBench { bench in
            let watcher = try bench.watcher()
            try bench.drop(RawFITS.exposure(), as: "sub/a.fits")
            try bench.drop(RawFITS.exposure(), as: ".hidden.fits")
            try bench.drop(Array("notes".utf8), as: "notes.txt")
            let home = bench.inbox.path + "/cam"
            #expect(symlink("sub/a.fits", home + "/link.fits") == 0 && symlink("..", home + "/loop") == 0)
            #expect(symlink("nowhere", home + "/dangling.fits") == 0 && mkfifo(home + "/pipe.fits", 0o600) == 0)
            for _ in 0..<3 { try bench.settle(watcher) }
            #expect(try bench.received.map(\.originalName) == ["a.fits"])
            for (name, reason) in [
                ("link.fits", "symbolic link"), ("dangling.fits", "symbolic link"), ("pipe.fits", "neither a file"),
                (".hidden.fits", "begins with a dot"), ("notes.txt", "does not end in"), ("loop", "does not end in"),
            ] {
                #expect(bench.lines.all.filter { $0.contains("/\(name)") && $0.contains(reason) }.count == 1, "\(name)")
            }
        }
    }
}

@Suite("Instrument documents while ingest runs")
struct DocumentTests {
    @Test("when a document is removed its files wait, which is said, and are taken when it is back")
    func removed() throws {
        try withBench(instruments: ["cam", "other"]) { bench in
            let watcher = try bench.watcher()
            try watcher.lookOnce(StopFlag())
            try FileManager.default.removeItem(at: bench.folder.appending(path: "instruments/cam.json"))
            try bench.drop(RawFITS.exposure(), as: "a.fits")
            try bench.drop(RawFITS.exposure { _, _ in 3 }, as: "b.fits", instrument: "other")
            for _ in 0..<3 { try bench.settle(watcher) }
            #expect(try bench.received.map(\.instrument.id) == ["other"])
            #expect(bench.exists("a.fits"))
            #expect(bench.lines.contain("document is gone"))
            #expect(bench.lines.all.filter { $0.contains("there is no document for instrument 'cam'") }.count == 1)
            try bench.write(document: #"{"id": "cam"}"#, as: "cam.json")
            try bench.settle(watcher)
            #expect(try bench.received.count == 2)
        }
    }

    @Test("a folder of the inbox that no document is for is named")
    func unknownInstrument() throws {
        try withBench { bench in
            try bench.drop(RawFITS.exposure(), as: "a.fits", instrument: "typo")
            try bench.settle(bench.watcher())
            #expect(bench.lines.all.filter { $0.contains("no instrument document") && $0.contains("/typo") }.count == 1)
            #expect(bench.exists("a.fits", instrument: "typo"))
        }
    }

    @Test("a document with a wrong field is refused at start with file and field, and in operation the old one stays")
    func wrongField() throws {
        try withBench { bench in
            let wrong = #"{"id": "cam", "gain": {"electronPerADU": 1.5}, "site": {"latitudeDegrees": "north"}}"#
            let watcher = try bench.watcher()
            try bench.write(document: wrong, as: "cam.json")
            do {
                _ = try bench.watcher()
                Issue.record("a wrong document was taken")
            } catch {
                for words in ["cam.json", "gain.electronPerADU", "electronsPerADU", "site.latitudeDegrees"] {
                    #expect("\(error)".contains(words), "\(error)")
                }
            }
            try bench.drop(RawFITS.exposure(), as: "a.fits")
            try bench.settle(watcher)
            #expect(bench.lines.all.contains { $0.contains("not changed") && $0.contains("gain.electronPerADU") })
            #expect(try bench.received.count == 1)
        }
    }

    @Test("NIGHTJAR_WATCH of an instrument without a document names it, and nothing changes halfway")
    func watchedRemoved() throws {
        try withBench(instruments: ["cam", "other"]) { bench in
            let watcher = try bench.watcher(["NIGHTJAR_WATCH": "cam=\(bench.folder.path)/more"])
            try watcher.lookOnce(StopFlag())
            try FileManager.default.removeItem(at: bench.folder.appending(path: "instruments/cam.json"))
            try bench.drop(RawFITS.exposure(), as: "a.fits")
            try bench.settle(watcher)
            #expect(bench.lines.contain("NIGHTJAR_WATCH: there is no document for instrument 'cam'"))
            #expect(try bench.received.count == 1, "the document in force still stands")
        }
    }
}
