import Events
import Foundation
import PostgresStore
import TestKit
import Testing

@testable import archiver
@testable import harvester

@Suite("Photometry of others")
struct FormatsTests {
    static let expected = [
        "rsoph|V|Vega|59433.9123|4.812|XYZ", "rsoph|B|Vega|59433.9133|4.910|XYZ",
        "rsoph|V|Vega|59435.0000|<13.10|XYZ", "rsoph|r|differential|59436.0000|0.312|XYZ",
    ]

    @Test("comes into the light curve with its system, observer, source and line")
    func aavso() throws {
        let bench = try Bench()
        let report = try bench.harvest(Samples.aavso, as: "rs-oph.txt")
        try bench.archive()
        #expect(report.outcome == .accepted && report.newPoints == 4 && report.targets == ["rsoph"])
        #expect(try bench.rows() == Self.expected)
        #expect(try bench.names() == ["accepted/rs-oph.txt"])
        let row = try bench.database.execute(
            "select *, payload->>'source' as told from archive.light_curve order by mid_mjd_utc limit 1")[0]
        #expect(try row.text("source") == "aavso: rs-oph.txt line 6 (AIJ 5.2)")
        #expect(try row.text("told") == row.text("source"))
        #expect(try row.optionalDouble("airmass") == nil && row.optionalDouble("mid_bjd_tdb") == nil)
        #expect(try row.double("mag_err") == 0.005 && !row.bool("provisional") && row.int("flags") == 0)
        let announced = try bench.database.execute("select value from archive.outbox order by id")
        #expect(announced.count == 4)
    }

    @Test("as AAVSO and as CSV is the same points: the second file makes no new row", arguments: [true, false])
    func bothFormats(aavsoFirst: Bool) throws {
        let bench = try Bench()
        let files = [(Samples.aavso, "a.txt"), (Samples.csv, "b.csv")]
        for (text, name) in aavsoFirst ? files : files.reversed() { try bench.harvest(text, as: name) }
        try bench.archive()
        #expect(try bench.count("archive.point") == 4)
        #expect(try bench.count("harvest.point") == 4)
        #expect(try bench.events.flatMap(\.points).count == 4)
        #expect(try bench.names() == ["accepted/a.txt", "accepted/b.csv"])
        // The observer of the last CSV line is not known.
        let last = "rsoph|r|differential|59436.0000|0.312|\(aavsoFirst ? "XYZ" : "csv")"
        let expected = Self.expected.dropLast() + [last]
        #expect(try bench.rows().map { $0.replacing("|xyz", with: "|XYZ") } == Array(expected))
    }

    @Test("that overlaps what is there adds the rest only")
    func overlap() throws {
        let bench = try Bench()
        try bench.harvest(Samples.csv.split(separator: "\n").prefix(3).joined(separator: "\n"), as: "part.csv")
        let report = try bench.harvest(Samples.aavso, as: "whole.txt")
        #expect(report.newPoints == 2 && report.knownPoints == 2)
        #expect(try bench.count("harvest.point") == 4)
    }

    @Test("of one name goes to the target that has it as id, name or OBJECT spelling")
    func targets() throws {
        let bench = try Bench()
        try bench.addTarget(#"{"id": "rs-ophiuchi", "name": "Nova 1898", "objectNames": ["Other", "rs oph"]}"#)
        try bench.addTarget(#"{"id": "RSOPH-B", "objectNames": []}"#)
        try bench.addTarget(#"{"id": "zz", "name": "rs-ophiuchi", "objectNames": "V2"}"#)
        let text = """
            name,jd,filter,mag
            RS_OPH,2459434.5,V,1
            nova1898,2459435.5,V,2
            Rs-Ophiuchi,2459436.5,V,3
            rsoph-b,2459437.5,V,4
            v 2,2459438.5,V,5
            2MASS J1234+5678,2459439.5,V,6
            2MASS J1234-5678,2459439.5,V,6
            ../x,2459439.5,V,6
            """
        try bench.harvest(text, as: "names.csv")
        let found = try bench.events.map { "\($0.target) \($0.points.count)" }.sorted()
        #expect(
            found == [
                "2massj1234-5678 1", "2massj1234_2b5678 1", "RSOPH-B 1", "_2e._2fx 1", "rs-ophiuchi 3", "zz 1",
            ])
    }

    @Test("in an unknown system says so, with the sigma of a limit and the instrument where they are told")
    func unknownSystem() throws {
        let bench = try Bench()
        let text = """
            target;bjd;hjd;mjd;filter;mag;limit_mag;limit_sigma;telescope
            X;;;59000,25;Clear;15,5;;;0.4 m
            X;;;59001,25;Clear;;18,5;5;0.4 m
            """
        try bench.harvest(text, as: "x.csv")
        try bench.archive()
        #expect(
            try bench.rows() == ["x|Clear|unknown|59000.2500|15.500|0.4 m", "x|Clear|unknown|59001.2500|<18.50|0.4 m"])
        let limit = try bench.database.execute("select limit_sigma from archive.point where mag is null")[0]
        #expect(try limit.double("limit_sigma") == 5)
    }

    @Test("keeps the error of its level apart from its own, into the record")
    func levelError() throws {
        let bench = try Bench()
        let text = """
            target,filter,mag_system,mid_mjd_utc,mag,mag_err,level_err,limit_mag
            X,V,Vega,59000.25,15.5,0.004,0.03,
            X,V,Vega,59001.25,15.5,0.004,,
            X,V,Vega,59002.25,,,0.03,16
            """
        try bench.harvest(text, as: "x.csv")
        #expect(try bench.events.flatMap(\.points).map(\.levelError) == [0.03, nil, nil])
        try bench.archive()
        let rows = try bench.database.execute(
            "select mag_err, level_err, payload->>'levelError' as said from archive.point order by mid_mjd_utc")
        #expect(try rows.map { try $0.optionalDouble("mag_err") } == [0.004, 0.004, nil])
        #expect(try rows.map { try $0.optionalDouble("level_err") } == [0.03, nil, nil])
        #expect(try rows.map { try $0.optionalText("said") } == ["0.03", nil, nil])
    }

    @Test("with heliocentric or barycentric dates is the same points as with geocentric ones")
    func lightTime() throws {
        let bench = try Bench()
        try bench.addTarget(#"{"id": "rs-oph"}"#, ra: 267.555, dec: -6.7079)
        // astropy 8.0.2: at MJD 58107.2001 heliocentric -470.185512 s, BJD_TDB - 2400000.5 = 58107.195424566.
        let hjd = 2_400_000.5 + 58107.2001 - 470.185512 / 86_400
        let lines = ["hjd,\(hjd)", "bjd_tdb,2458107.695424566", "mjd,58107.2001"]
        for (number, line) in lines.enumerated() {
            let parts = line.split(separator: ",")
            try bench.harvest("name,filter,mag,\(parts[0])\nRS-OPH,V,11.5,\(parts[1])\n", as: "\(number).csv")
        }
        let points = try bench.events.flatMap(\.points)
        #expect(points.count == 1)
        #expect(abs(points[0].midpointMJDUTC - 58107.2001) * 86_400 < 0.002)
        #expect(abs(try #require(points[0].midpointBJDTDB) - 2_458_107.695424566) * 86_400 < 0.03)
    }

    @Test("with heliocentric dates of a target without position says what to do, and can be dropped again afterwards")
    func needsPosition() throws {
        let bench = try Bench()
        let text = Samples.aavso.replacing("#DATE=JD", with: "#DATE=HJD")
        let report = try bench.harvest(text, as: "rs-oph.txt")
        #expect(report.outcome == .rejected && report.problemCount == 4)
        let note = try bench.note("rejected/rs-oph.txt")
        #expect(note == report && note.problems[0].line == 6)
        #expect(note.reason.contains("add the target with ra and dec") && note.reason.contains("'RS Oph'"))
        try bench.addTarget(#"{"id": "rsoph"}"#, ra: 267.555, dec: -6.7079)
        let again = try bench.harvest(text, as: "rs-oph.txt")
        #expect(again.outcome == .accepted && again.newPoints == 4)
        #expect(again.reason.contains("the same bytes as rs-oph.txt, read again"))
        #expect(try bench.names().contains("accepted/rs-oph.txt"))
    }

    @Test("of many points travels in messages of at most 500 points and 500 kB")
    func manyPoints() throws {
        let bench = try Bench()
        var text = "target,mjd,filter,mag,observer,telescope\n"
        let long = String(repeating: "\\", count: 99)
        for index in 0..<1234 {
            let date = 50_000 + Double(index) / 10
            text += "a,\(date),V,12.5,,\n"
            if index < 900 { text += "b,\(date),\(long),12.5,\(long),\(long)\n" }
        }
        let report = try bench.harvest(text, as: "many.csv")
        #expect(report.newPoints == 2134 && report.problemCount == 0)
        let messages = bench.bus.messages(on: PhotometryHarvested.type.topic)
        #expect(messages.allSatisfy { $0.value.count < 500_000 })
        let counts = try bench.events.filter { $0.target == "a" }.map(\.points.count).sorted()
        #expect(counts == [234, 500, 500])
        #expect(Set(messages.compactMap(\.eventID)).count == messages.count)
    }
}
