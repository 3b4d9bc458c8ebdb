import DropFolder
import Events
import Foundation
import Pipeline
import PostgresStore
import TestKit
import Testing

@testable import archiver
@testable import harvester

@Suite("A harvester that ends at any moment")
struct CrashTests {
    @Test("before the events are published: the next start publishes them, once, and moves the file")
    func beforePublishing() throws {
        let bench = try Bench()
        let file = try bench.drop(Samples.aavso, as: "a.txt")
        bench.bus.setAway(true)
        #expect(throws: Unavailable.self) { try bench.stage.takeIn(file) }
        #expect(throws: Unavailable.self) { try bench.stage.takeIn(file) }
        #expect(try bench.names() == ["a.txt"])
        bench.bus.setAway(false)
        let report = try bench.stage.takeIn(file)
        #expect(report.outcome == .accepted && report.newPoints == 4)
        #expect(try bench.events.count == 1 && bench.count("harvest.file") == 1)
        #expect(try bench.names() == ["accepted/a.txt"])
    }

    @Test("while the file is somewhere else meanwhile: what was recorded is published all the same")
    func fileGone() throws {
        let bench = try Bench()
        _ = try bench.stage.record(try bench.drop(Samples.aavso, as: "a.txt"))
        try FileManager.default.removeItem(at: bench.folder.appending(path: "a.txt"))
        try bench.stage.publishPending()
        #expect(try bench.events.flatMap(\.points).count == 4)
    }

    @Test("after publishing and before moving: the file is moved with the report of the first time")
    func beforeMoving() throws {
        let bench = try Bench()
        let file = try bench.drop("target,mjd,filter,mag\nx,59000,V,1\nx,59001,V,abc\n", as: "a.csv")
        let first = try bench.stage.record(file).report
        try bench.stage.publishPending()
        #expect(try bench.stage.takeIn(file) == first)
        #expect(try bench.events.count == 1)
        #expect(try bench.note("accepted/a.csv") == first)
        #expect(first.outcome == .accepted && first.newPoints == 1 && first.problemCount == 1)
    }

    @Test("in the middle of moving: the file is in one place in the end")
    func whileMoving() throws {
        let bench = try Bench()
        let file = try bench.drop(Samples.csv, as: "a.csv")
        _ = try bench.stage.record(file)
        try FileManager.default.createDirectory(
            at: bench.folder.appending(path: "accepted"), withIntermediateDirectories: true)
        #expect(link(file.path, bench.folder.path + "/accepted/a.csv") == 0)
        #expect(try bench.stage.takeIn(file).outcome == .accepted)
        #expect(try bench.names() == ["accepted/a.csv"])
    }

    @Test("and a bus that lost everything: points the archive does not have are announced again, the others not")
    func lostBus() throws {
        let bench = try Bench()
        try bench.harvest("target,mjd,filter,mag\nx,59000,V,1\n", as: "kept.csv")
        try bench.archive()
        let lost = InMemoryBus()
        let stage = HarvestStage(database: bench.database, sink: lost.sink(), clock: bench.clock)
        _ = try stage.takeIn(try bench.drop(Samples.csv, as: "lost.csv"))
        try bench.stage.announceOverdue(patienceSeconds: 60)
        #expect(try bench.events.count == 1)
        try bench.database.execute("update harvest.point set announced_at = now() - interval '61 s'")
        try bench.stage.announceOverdue(patienceSeconds: 60)
        #expect(try bench.events.flatMap(\.points).count == 5)
        try bench.archive()
        #expect(try bench.count("archive.point") == 5)
        try bench.database.execute("update harvest.point set announced_at = now() - interval '1 day'")
        try bench.stage.announceOverdue(patienceSeconds: 60)
        #expect(try bench.count("harvest.point where not confirmed") == 0)
        #expect(try bench.events.flatMap(\.points).count == 5)
    }

    @Test("without an archive yet still takes files in, and does not announce in vain")
    func noArchive() throws {
        let bench = try Bench(archive: false)
        #expect(try bench.harvest(Samples.aavso, as: "a.txt").newPoints == 4)
        try bench.database.execute("update harvest.point set announced_at = now() - interval '1 day'")
        try bench.stage.announceOverdue(patienceSeconds: 60)
        #expect(try bench.events.count == 1)
    }

    @Test("the same file twice changes nothing and says so; a copy with another name too")
    func twice() throws {
        let bench = try Bench()
        try bench.harvest(Samples.aavso, as: "a.txt")
        for name in ["a.txt", "copy/b.txt"] {
            let report = try bench.harvest(Samples.aavso, as: name)
            #expect(report.outcome == .duplicate && report.newPoints == 0 && report.knownPoints == 4)
            #expect(report.reason == "the same bytes as a.txt: nothing new")
        }
        #expect(try bench.events.count == 1 && bench.count("harvest.point") == 4)
        #expect(
            try bench.names() == [
                "accepted/a.txt", "accepted/a~1.txt", "accepted/a~1.txt.reason.json", "accepted/copy/b.txt",
                "accepted/copy/b.txt.reason.json",
            ])
        #expect(try bench.note("accepted/copy/b.txt").reason.contains("a.txt"))
    }

    @Test("a file that grows while it is read is left alone")
    func grows() throws {
        let bench = try Bench()
        let file = try bench.drop(Samples.aavso, as: "a.txt")
        _ = try bench.drop(Samples.aavso + "#\n", as: "a.txt")
        #expect(throws: ChangedFile.self) { try bench.stage.takeIn(file) }
        #expect(try bench.names() == ["a.txt"] && bench.count("harvest.file") == 0)
    }
}
