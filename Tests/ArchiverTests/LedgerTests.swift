import Events
import Foundation
import Pipeline
import PortableNumbers
import PostgresStore
import TestKit
import Testing

@testable import archiver

/// What is said of one frame, in an order that topics do not keep; and its one fate.
private struct Story: CustomTestStringConvertible {
    enum Line: CaseIterable {
        case received, refusedByIngest, refusedByCalibrator, calibrated, measured, master, deadLetter
    }

    let kind: FrameKind
    let lines: [Line]
    let fate: String

    var testDescription: String { "\(kind) \(lines) -> \(fate)" }
}

private let stories: [Story] = [
    Story(kind: .light, lines: [.received], fate: "pending"),
    Story(kind: .light, lines: [.received, .calibrated], fate: "pending"),
    Story(kind: .light, lines: [.received, .calibrated, .measured], fate: "measured"),
    Story(kind: .light, lines: [.refusedByIngest], fate: "rejected"),
    Story(kind: .light, lines: [.refusedByIngest, .received, .calibrated, .measured], fate: "measured"),
    Story(kind: .light, lines: [.refusedByIngest, .received], fate: "pending"),
    Story(kind: .light, lines: [.received, .refusedByCalibrator], fate: "rejected"),
    Story(kind: .light, lines: [.received, .deadLetter], fate: "deadLettered"),
    Story(kind: .light, lines: [.deadLetter], fate: "deadLettered"),
    Story(kind: .light, lines: [.received, .calibrated, .deadLetter, .measured], fate: "measured"),
    Story(kind: .light, lines: [.received, .deadLetter, .refusedByCalibrator], fate: "rejected"),
    Story(kind: .light, lines: [.received, .refusedByCalibrator, .measured], fate: "measured"),
    Story(kind: .flat, lines: [.received], fate: "pending"),
    Story(kind: .flat, lines: [.received, .master], fate: "calibration"),
    Story(kind: .flat, lines: [.refusedByIngest, .received, .master], fate: "calibration"),
    Story(kind: .flat, lines: [.received, .refusedByCalibrator], fate: "rejected"),
    Story(kind: .flat, lines: [.received, .refusedByCalibrator, .master], fate: "calibration"),
    Story(kind: .flat, lines: [.received, .deadLetter, .master], fate: "calibration"),
    Story(kind: .fringe, lines: [.received, .master], fate: "calibration"),
    Story(kind: .fringe, lines: [.refusedByIngest], fate: "rejected"),
    Story(kind: .fringe, lines: [.received, .refusedByCalibrator], fate: "rejected"),
]

@Suite("The ledger: each frame has one fate")
struct LedgerTests {
    private func payload(_ line: Story.Line, _ number: Int, _ kind: FrameKind, _ bench: Bench, _ table: StoredFile)
        -> any EventPayload
    {
        switch line {
        case .received: bench.received(number, kind)
        case .refusedByIngest: bench.rejected(number, by: "ingest")
        case .refusedByCalibrator: bench.rejected(number, by: "calibrator")
        case .calibrated: bench.calibrated(number)
        case .measured: bench.measured(number, table: table)
        case .master: bench.master(of: [number], MasterKind(rawValue: kind.rawValue))
        case .deadLetter: bench.letter(number, by: "photometer")
        }
    }

    @Test("whatever the order in which it is told, and however often, a frame ends in the same fate")
    func everyOrder() throws {
        try withBench { bench in
            let table = try bench.table([(10, 10, 1000)])
            var number = 0
            var order = SplitMix64(seed: 7)
            for story in stories {
                for _ in 0..<16 {
                    number += 1
                    let told = (story.lines + story.lines).shuffled(using: &order)
                    for line in told { try bench.hear(payload(line, number, story.kind, bench, table)) }
                    #expect(try bench.fate(number) == story.fate, "\(told) of a \(story.kind)")
                }
            }
            let sums = try bench.database.execute(
                """
                select count(*) as all, count(*) filter (where fate is null) as pending, count(fate) as ended,
                    count(*) filter (where (fate in ('rejected', 'deadLettered')) is true
                        <> (reason is not null)) as odd
                from archive.frame
                """)[0]
            #expect(try sums.int("all") == number)
            #expect(try sums.int("pending") + sums.int("ended") == number)
            #expect(try sums.int("odd") == 0)
        }
    }

    @Test("a master of a kind that this version does not know is recorded, and its frames have their fate")
    func laterMaster() throws {
        try withBench { bench in
            try bench.hear(bench.received(1, .flat))
            try bench.hear(bench.master(of: [1], MasterKind(rawValue: "illumination")))
            #expect(try bench.fate(1) == "calibration")
            #expect(try bench.count("archive.master") == 1)
        }
    }

    @Test("copies are counted once each, and are no frames")
    func duplicates() throws {
        try withBench { bench in
            for copy in ["a", "b", "a", "b", "c"] {
                try bench.hear(
                    FrameDuplicated(
                        duplicateID: copy, frameID: hexadecimal(1), originalName: "x.fits", instrument: "cam",
                        reason: "same"))
            }
            #expect(try bench.count("archive.duplicate") == 3)
            #expect(try bench.count("archive.frame") == 0)
        }
    }

    @Test("a dead letter with characters that no database stores is kept, and does not become a dead letter itself")
    func letterWithNUL() throws {
        try withBench { bench in
            var letter = bench.letter(1, by: "calibrator\0")
            letter.originalKey = "k\0k"
            letter.originalHeaders = [.init("h\0", "v\0")]
            letter.error = "malformed\0"
            letter.frameID = "not\0a frame"
            try bench.hear(letter)
            #expect(try bench.count("archive.dead_letter") == 1)
            #expect(try bench.count("archive.frame") == 0)
        }
    }

    @Test("messages that are no events of ours end as dead letters with their cause, and the ledger goes on")
    func hostile() throws {
        try withBench { bench in
            let hostile = try bench.stages.routes.types.flatMap {
                try HostileMessages.all(on: $0, example: publishedExample(of: $0))
            }
            let good = try EventCodec.encode(bench.received(1), source: "ingest", trace: Trace(), time: "")
            let letters = try handleAll(
                hostile.map(\.message) + [good], service: "archiver", routes: bench.stages.routes, bus: bench.bus,
                log: bench.lines.log)
            #expect(letters.count == hostile.count)
            for one in hostile {
                let letter = letters["\(one.message.topic) \(one.message.key)"]
                #expect(
                    letter?.error.contains(one.cause) == true, "\(one.message.key): \(letter?.error ?? "no letter")")
            }
            #expect(try bench.fate(1) == "pending")
            // The letters themselves can be recorded, all of them.
            for letter in letters.values { try bench.hear(letter) }
            #expect(try bench.count("archive.dead_letter") == hostile.count)
        }
    }

    @Test(
        "a number that fits no field is named as one, not called something that is no JSON",
        arguments: ["1e30", "99999999999999999999999", "1.5", "\"3\"", "true"])
    func numbers(_ number: String) throws {
        let example = String(decoding: try publishedExample(of: NightClosed.type), as: UTF8.self)
        let value = example.replacing(/"revision": *[0-9]+/, with: "\"revision\": \(number)")
        #expect(value != example)
        let message = Message(
            topic: NightClosed.type.topic, key: "", headers: [.init("ce_id", "1")], value: Data(value.utf8))
        let error = #expect(throws: MalformedEvent.self) { _ = try EventCodec.decode(NightClosed.self, from: message) }
        let reason = error?.reason ?? ""
        #expect(reason.contains("field 'revision'"), "\(reason)")
    }

    @Test("an event that breaks the record's rules is dead-lettered with the rule's name, and leaves no half of itself")
    func brokenRules() throws {
        try withBench { bench in
            var odd = bench.received(1)
            odd.frameID = "../etc/passwd"
            var name = bench.received(2)
            name.originalName = "a\0b.fits"
            var night = bench.received(3)
            night.night = "tomorrow"
            let messages = try [odd, name, night, bench.received(4)].enumerated().map { number, frame in
                var message = try EventCodec.encode(frame, source: "ingest", trace: Trace(), time: "")
                message.key = "\(number)"
                return message
            }
            let letters = try handleAll(
                messages, service: "archiver", routes: bench.stages.routes, bus: bench.bus, log: bench.lines.log)
            #expect(Set(letters.values.map(\.originalKey)) == ["0", "1", "2"])
            #expect(try bench.count("archive.frame") == 1)
            #expect(try bench.count("archive.inbox") == 1)
            let attempts = bench.lines.all.filter { $0.contains("attempt failed") }
            #expect(attempts.contains { $0.contains("frame_id") } && attempts.contains { $0.contains("night") })
        }
    }
}
