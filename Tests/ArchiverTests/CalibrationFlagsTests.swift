import Events
import Foundation
import FrameStore
import Pipeline
import PostgresStore
import TestKit
import Testing

@testable import archiver
@testable import nightjar

@Suite("What the calibration lacked is told with every result")
struct CalibrationFlagsTests {
    /// Four lights of one field with these flags each; the first is measured twice, the second time with a flat.
    private func observe(_ bench: Bench) throws {
        try bench.target(
            """
            {"id": "star", "revision": 1, "ra": 200, "dec": 20, "forcedPhotometry": "whenMissing",
             "pixel": {"frame": "frame-0.fits", "x": 50, "y": 60},
             "comparisonStars": [{"id": "C1", "pixel": {"x": 90, "y": 70}}]}
            """)
        let flags = [0: ["noDark", "noFlat"], 1: ["noFlat", "saturationUnknown"], 2: ["gainUnknown"], 3: []]
        for (number, names) in flags.sorted(by: { $0.key < $1.key }) {
            try bench.hear(bench.received(number))
            try measure(bench, number, names, recipe: "c1", rank: 0)
        }
        try measure(bench, 0, ["noDark"], recipe: "c2", rank: 1)
        try bench.hear(bench.received(7))
    }

    private func measure(_ bench: Bench, _ number: Int, _ flags: [String], recipe: String, rank: Int) throws {
        let stars = (0..<12).map { index -> (x: Double, y: Double, flux: Double) in
            let (x, y) = (Double(20 + (index * 37) % 160), Double(15 + (index * 53) % 120))
            return (x, y, 60_000 - 3000 * Double(index))
        }
        let table = try bench.table(
            [(50, 60, 90_000), (90, 70, 80_000)] + stars, as: "detections/\(number)-\(recipe).fits")
        var measured = bench.measured(number, recipe: recipe, rank: rank, table: table)
        measured.frame.flags = flags
        try bench.hear(measured)
    }

    @Test("the ledger counts what lights of each instrument lacked, by their current version, and names it by frame")
    func ledger() throws {
        try withBench { bench in
            try observe(bench)
            let ledger = try Ledger(Record(bench.database))
            #expect(
                ledger.calibrationGaps?.map(\.text) == [
                    "1 of 4 frames of cam had no dark (noDark)", "1 of 4 frames of cam had no flat (noFlat)",
                    "1 of 4 frames of cam have no known gain (gainUnknown)",
                ])
            #expect(ledger.text.contains("\n  1 of 4 frames of cam had no flat (noFlat)\n"))
            let flags = ledger.frames.map(\.calibrationFlags)
            #expect(flags == [["noDark"], ["noFlat", "saturationUnknown"], ["gainUnknown"], [], nil])
            #expect(try Ledger(Record(bench.database), night: "1999-01-01").calibrationGaps == nil)
        }
    }

    @Test("points carry the calibration flags of their frames by name: in the event, in CSV and in JSON")
    func points() throws {
        try withBench { bench in
            try observe(bench)
            let said = try bench.said(PhotometryMeasured.self)
            #expect(said.count == 4)
            #expect(said[1].calibrationFlags == ["noFlat", "saturationUnknown"])
            let curve = try LightCurve(Record(bench.database), target: "star")
            let rows = curve.csv.split(separator: "\n").map {
                $0.split(separator: ",", omittingEmptySubsequences: false)
            }
            let column = try #require(rows[0].firstIndex(of: "calibration_flags"))
            #expect(
                rows.dropFirst().map { $0[column] } == ["noDark noFlat", "noFlat saturationUnknown", "gainUnknown", ""])
            let json = String(decoding: try prettyJSON(curve.points), as: UTF8.self)
            #expect(json.contains("\"calibrationFlags\""))
        }
    }

    @Test("the night report says how many frames of a camera had no flat")
    func report() throws {
        try withBench { bench in
            try observe(bench)
            try bench.database.execute("create schema alerts")
            try bench.database.execute(
                "create table alerts.history (event_id text, raised_at timestamptz, raised jsonb)")
            let out = URL(filePath: bench.store.root).appending(path: "out")
            try FileManager.default.createDirectory(at: out, withIntermediateDirectories: true)
            try NightOutput(record: Record(bench.database), out: out, frames: URL(filePath: bench.store.root)).write()
            let html = try String(contentsOf: out.appending(path: "report.html"), encoding: .utf8)
            #expect(html.contains("1 of 4 frames of cam had no flat (noFlat)"))
            #expect(html.contains("noFlat saturationUnknown"))
        }
    }
}
