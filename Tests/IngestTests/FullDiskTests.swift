import DropFolder
import Events
import Foundation
import Instruments
import Pipeline
import TestKit
import Testing

@testable import ingest

@Suite("Full disks and files of others")
struct FullDiskTests {
    @Test("on a full frame store everything waits in the inbox, and goes on when there is room")
    func fullStore() throws {
        try withSmallDisk(kilobytes: 2048) { disk in
            try withFolder { folder in
                let bench = try Bench(in: folder, store: disk.folder)
                let watcher = try bench.watcher()
                for number in 0..<3 {
                    try bench.drop(
                        RawFITS.exposure(width: 300, height: 200) { x, _ in UInt16(x + number) }, as: "\(number).fits")
                }
                try watcher.lookOnce(StopFlag())
                bench.clock.advance(3)
                // Room for nothing, for part of a frame, for the frame and not for what is said of it.
                for kilobytes in [0, 64, 124] {
                    try disk.fill(leaving: kilobytes)
                    do {
                        try watcher.lookOnce(StopFlag())
                        Issue.record("a frame went onto a full disk (\(kilobytes) KiB)")
                    } catch {
                        #expect(
                            "\(error)".contains(disk.folder.path) && "\(error)".contains("No space left"), "\(error)")
                    }
                    #expect(bench.exists("0.fits") && bench.exists("1.fits") && bench.exists("2.fits"))
                    #expect(try bench.received.isEmpty && bench.rejected.isEmpty)
                    bench.clock.advance(60)
                    try disk.makeRoom()
                }
                try watcher.lookOnce(StopFlag())
                #expect(try bench.received.count == 3)
                #expect(try bench.duplicated.isEmpty)
                let left = try FileManager.default.subpathsOfDirectory(atPath: disk.folder.path)
                #expect(!left.contains { $0.contains(".writing-") })
            }
        }
    }

    @Test("on a full inbox a refused file stays until its reason can be written beside it")
    func fullInbox() throws {
        try withSmallDisk(kilobytes: 512) { disk in
            try withFolder { folder in
                let bench = try Bench(in: folder, instruments: ["cam"])
                try FileManager.default.createSymbolicLink(
                    at: bench.inbox.appending(path: "cam"), withDestinationURL: disk.folder)
                let watcher = try bench.watcher(["NIGHTJAR_PATIENCE_SECONDS": "1"])
                try Data("no FITS".utf8).write(to: disk.folder.appending(path: "a.fits"))
                try disk.fill()
                try bench.settle(watcher)
                #expect(bench.exists("a.fits"))
                #expect(bench.lines.contain("left where it is"))
                try disk.makeRoom()
                bench.clock.advance(60)
                try watcher.lookOnce(StopFlag())
                #expect(bench.exists("rejected/a.fits") && bench.exists("rejected/a.fits.reason.json"))
                #expect(try Set(bench.rejected.map(\.frameID)).count == 1)
                #expect(try bench.duplicated.isEmpty)
            }
        }
    }

    @Test("everything in odd-fits goes through: in is accepted, rejected with its name, or a duplicate")
    func oddFiles() throws {
        guard let odd = sharedFolder("odd-fits") else { return }
        try withBench { bench in
            var document = InstrumentDocument.automatic(id: "cam")
            document.defaults.kind = .light
            document.defaults.exposureSeconds = 1
            let stage = bench.stage { path, name, _ in try Inspector.inspect(path, name: name, document: document) }
            var counts = (files: 0, accepted: 0, rejected: 0, duplicates: 0)
            for name in try FileManager.default.subpathsOfDirectory(atPath: odd.path).sorted() {
                let source = odd.path + "/" + name
                guard FileState(of: source) != nil else { continue }
                counts.files += 1
                let file = try bench.drop([UInt8](try Data(contentsOf: URL(filePath: source))), as: name)
                let start = bench.seconds
                switch try stage.receive(file) {
                case .accepted: counts.accepted += 1
                case .duplicate: counts.duplicates += 1
                case .rejected(_, let reason):
                    counts.rejected += 1
                    #expect(reason.hasPrefix(file.name + ": "), "\(reason)")
                    #expect(reason.count > file.name.count + 10, "\(reason)")
                }
                #expect(bench.seconds - start < 20, "\(name)")
            }
            #expect(counts.files > 100)
            #expect(counts.accepted >= 2)
            #expect(counts.accepted + counts.rejected + counts.duplicates == counts.files)
            #expect(try bench.received.count == counts.accepted)
            #expect(try bench.rejected.count + bench.duplicated.count == counts.rejected + counts.duplicates)
        }
    }
}

extension Bench {
    var seconds: Double { Pipeline.Clock.system.elapsed() }
}
