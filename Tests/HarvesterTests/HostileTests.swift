import Events
import Foundation
import Pipeline
import Synchronization
import TestKit
import Testing

@testable import harvester

@Suite("A file that is not what it should be")
struct HostileTests {
    static let heading = "target,mjd,filter,mag\n"

    static func line(_ text: String, _ reason: String) -> (Data, String) { (Data((heading + text).utf8), reason) }
    static func whole(_ text: String, _ reason: String) -> (Data, String) { (Data(text.utf8), reason) }

    static let bad: [(Data, String)] = [
        whole("", "no points"), whole("\n\n\n", "no points"), whole("hello", "heading line"), line("", "no points"),
        whole("#TYPE=VISUAL\n#DELIM=,\n", "EXTENDED"), (Data([0xFF, 0xFE, 0x74, 0, 0x61, 0]), "UTF-16"),
        line("x,nan,V,1\n", "missing"), line("x,59000,V,nan\n", "no points"), line("x,59000,V,inf\n", "not a number"),
        line("x,1e300,V,1\n", "outside"), line("x\u{0}y,59000,V,1\n", "control characters"),
        line("__,59000,V,1\n", "blank"), line(String(repeating: "x", count: 200) + ",59000,V,1\n", "100 bytes"),
        (Data(heading.utf8) + [0x63, 0xE9] + Data(",59000,V,1\n".utf8), "UTF-8"),
    ]

    @Test("is rejected with its reason beside it", arguments: bad)
    func rejected(bytes: Data, reason: String) throws {
        let bench = try Bench()
        let report = try bench.stage.takeIn(try bench.drop(bytes, as: "bad.csv"))
        #expect(report.outcome == .rejected)
        #expect(report.reason.contains(reason), "\(report.reason)")
        #expect(try bench.names() == ["rejected/bad.csv", "rejected/bad.csv.reason.json"])
        #expect(try bench.note("rejected/bad.csv") == report)
        #expect(try bench.events.isEmpty && Data(contentsOf: bench.folder.appending(path: "rejected/bad.csv")) == bytes)
    }

    /// Of processing: other tests and other programs do not count.
    static func threadSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    @Test(
        "of ten megabytes of garbage is rejected within seconds, whatever it begins with",
        arguments: ["", "#TYPE=EXTENDED\n"])
    func garbage(head: String) throws {
        let bench = try Bench()
        var state: UInt64 = 42
        var bytes = Data(head.utf8)
        bytes.reserveCapacity(10_000_000)
        for _ in 0..<1_250_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            withUnsafeBytes(of: state) { bytes.append(contentsOf: $0) }
        }
        let file = try bench.drop(bytes, as: "garbage.txt")
        let start = Self.threadSeconds()
        let report = try bench.stage.takeIn(file)
        #expect(Self.threadSeconds() - start < 60)
        #expect(report.outcome == .rejected && report.problemCount >= 1 && report.problems.count <= 1000)
    }

    @Test("only in some lines gives the others, and names each bad line", arguments: ["\n", "\r\n", "\r"])
    func someLines(ending: String) throws {
        let bench = try Bench()
        let lines = [
            "target,mjd,filter,mag,err", "x,59000,V,12.5,0.1", "x,59001,V", "x,,V,12.5,0.1", "x,59002,V,12,-1",
        ]
        let bytes = Data([0xEF, 0xBB, 0xBF]) + Data(lines.joined(separator: ending).utf8)
        let report = try bench.stage.takeIn(try bench.drop(bytes, as: "x.csv"))
        #expect(report.outcome == .accepted && report.newPoints == 2)
        #expect(report.problemCount == 2 && report.problems.map(\.line) == [3, 4])
        #expect(try bench.note("accepted/x.csv") == report)
    }

    @Test("counts every problem though it lists the first thousand")
    func manyProblems() throws {
        let bench = try Bench()
        let text = "target,mjd,filter,mag\nx,59000,V,1\n" + String(repeating: "x,59000,V,abc\n", count: 1500)
        let report = try bench.harvest(text, as: "x.csv")
        #expect(report.problemCount == 1500 && report.problems.count == 1000 && report.newPoints == 1)
    }

    @Test("by its name gets through: spaces, quotes, a newline, brackets")
    func names() throws {
        let bench = try Bench()
        let name = "a 'b\" [1]\n;x.csv"
        try bench.harvest(Samples.csv, as: name)
        #expect(try bench.names() == ["accepted/" + name])
        #expect(try bench.events.flatMap(\.points).allSatisfy { !$0.provenance.contains("\n") })
    }
}

@Suite("The harvester's watch")
struct WatcherTests {
    @Test("makes its folder, takes in what settles, leaves other names alone, and waits out a bus that is away")
    func watches() throws {
        let bench = try Bench()
        let config = try Config(environment: [
            "NIGHTJAR_HARVEST": bench.folder.path + "/new/inbox", "NIGHTJAR_DATABASE": "dbname=x",
            "NIGHTJAR_BROKERS": "localhost:1", "NIGHTJAR_SETTLE_SECONDS": "0.1", "NIGHTJAR_SCAN_SECONDS": "0.05",
            "NIGHTJAR_HEARTBEAT_SECONDS": "0.1",
        ])
        bench.bus.setAway(true)
        let lines = Lines()
        let log = Log(service: "harvester") { lines.append($0) }
        let watcher = Watcher(
            config: config, stage: HarvestStage(database: bench.database, sink: bench.bus.sink()),
            sink: bench.bus.sink(), log: log)
        let stop = StopFlag()
        let folder = bench.folder.appending(path: "new/inbox")
        let (bus, sample) = (bench.bus, Data(Samples.csv.utf8))
        let script = Thread {
            do {
                while access(folder.path, F_OK) != 0 { usleep(10_000) }
                try sample.write(to: folder.appending(path: "a.CSV"))
                try sample.write(to: folder.appending(path: "a.pdf"))
                usleep(1_000_000)
                bus.setAway(false)
                for _ in 0..<1000 where access(folder.path + "/accepted/a.CSV", F_OK) != 0 { usleep(10_000) }
                usleep(300_000)
            } catch {
                lines.append("\(error)")
            }
            stop.raise()
        }
        script.start()
        watcher.run(until: stop)
        #expect(try bench.names() == ["new/inbox/a.pdf", "new/inbox/accepted/a.CSV"])
        #expect(try bench.events.flatMap(\.points).count == 4)
        #expect(lines.all.filter { $0.contains(" waiting reason") }.count == 1)
        #expect(lines.all.filter { $0.contains("left alone") }.count == 1)
        let beats = bench.bus.messages(on: "nightjar.service.heartbeat.v1")
        #expect(beats.last.map { String(decoding: $0.value, as: UTF8.self).contains("\"handled\":1") } == true)
    }

    @Test("every problem of the settings is told at once")
    func settings() {
        let error = #expect(throws: InvalidSettings.self) {
            try Config(environment: ["NIGHTJAR_SETTLE_SECONDS": "soon"])
        }
        let problems = error?.problems.joined(separator: "\n") ?? ""
        for name in ["NIGHTJAR_BROKERS", "NIGHTJAR_HARVEST", "NIGHTJAR_DATABASE", "NIGHTJAR_SETTLE_SECONDS"] {
            #expect(problems.contains(name))
        }
    }
}

/// Lines of a log, from any thread.
final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func append(_ line: String) { lines.withLock { $0.append(line) } }
}
