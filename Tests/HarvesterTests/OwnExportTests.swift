import Events
import FITS
import Foundation
import PostgresStore
import TestKit
import Testing

@testable import archiver
@testable import harvester
@testable import nightjar

/// A VOTable of a time and a magnitude, with these rows.
private func votable(_ rows: String, time: String = "mjd") -> String {
    #"<VOTABLE><TABLE><FIELD name="\#(time)" datatype="double"/><FIELD name="mag" datatype="double"/>"#
        + "<DATA><TABLEDATA>\(rows)</TABLEDATA></DATA></TABLE></VOTABLE>"
}

@Suite("Light curves of ours that come back as files")
struct OwnExportTests {
    private func curve() -> LightCurve {
        let points = (0..<3).map { index in
            var point = PhotometryMeasured(
                measurementID: "m\(index)", target: "ss-cyg", frameID: "f\(index)", version: 2, provisional: false,
                filter: "V", magnitudeSystem: "Vega", midpointMJDUTC: 59_000.25 + Double(index), flags: 0,
                instrument: "ridge-20cm", field: "f", source: "nightjar")
            point.airmass = 1.25
            guard index < 2 else {
                (point.limitMagnitude, point.limitSigma) = (15.75, 3)
                return point
            }
            (point.magnitude, point.magnitudeError) = (11.25 + 0.125 * Double(index), 0.004)
            if index == 0 { point.levelError = 0.03 }
            return point
        }
        return LightCurve(target: "ss-cyg", points: points)
    }

    /// As CSV, VOTable and FITS.
    private func harvest(_ ending: String, in bench: Bench) throws -> FileReport {
        let exported = ExportedCurve(curve())
        let name = "curve.\(ending)"
        switch ending {
        case "csv": return try bench.harvest(curve().csv, as: name)
        case "fits":
            let path = bench.folder.appending(path: "written").path
            try LightCurveTable(exported).fits(exported).write(to: path)
            return try bench.stage.takeIn(bench.drop(Data(contentsOf: URL(filePath: path)), as: name))
        default: return try bench.harvest(LightCurveTable(exported).votable(exported), as: name)
        }
    }

    @Test(
        "keep magnitude, own error and level's error, limits, system and instrument", arguments: ["csv", "vot", "fits"])
    func roundTrip(ending: String) throws {
        let bench = try Bench()
        let report = try harvest(ending, in: bench)
        #expect(report.outcome == .accepted && report.newPoints == 3 && report.problemCount == 0, "\(report)")
        try bench.archive()
        let rows = try bench.database.execute("select * from archive.point order by mid_mjd_utc")
        #expect(try rows.map { try $0.optionalDouble("mag") } == [11.25, 11.375, nil])
        #expect(try rows.map { try $0.optionalDouble("mag_err") } == [0.004, 0.004, nil])
        #expect(try rows.map { try $0.optionalDouble("level_err") } == [0.03, nil, nil])
        #expect(try rows.map { try $0.optionalDouble("limit_mag") } == [nil, nil, 15.75])
        #expect(try rows.map { try $0.optionalDouble("limit_sigma") } == [nil, nil, 3])
        #expect(try rows.map { try $0.double("mid_mjd_utc") } == [59_000.25, 59_001.25, 59_002.25])
        #expect(try rows.allSatisfy { try $0.text("mag_system") == "Vega" && $0.text("instrument") == "ridge-20cm" })
        let format = ["csv": "csv", "vot": "votable", "fits": "fits"][ending] ?? ""
        #expect(try rows[0].text("source").hasPrefix("\(format): curve.\(ending) line "))
    }

    @Test("in all three forms are the same points: the second and third make no new row")
    func allForms() throws {
        let bench = try Bench()
        for (ending, new) in [("fits", 3), ("vot", 0), ("csv", 0)] {
            let report = try harvest(ending, in: bench)
            #expect(report.newPoints == new && report.knownPoints == 3 - new, "\(ending): \(report)")
        }
        #expect(try bench.count("harvest.point") == 3)
    }

    @Test(
        "what is no such table is rejected with its reason, and kept",
        arguments: [
            ("a.vot", "", "no usable point"), ("a.xml", "<VOTABLE><RESOURCE>", "no usable point: "),
            ("a.fits", "SIMPLE  =                    T", "no usable point: "), ("a.fit", "", "no usable point: "),
            ("b.xml", votable("", time: "when"), "no usable point: columns must name a time"),
            ("d.vot", votable("<TR><TD>59000</TD><TD>12</TD></TR>"), "no usable point: line 1: is missing"),
            ("e.vot", votable("<TR><TD>59000</TD></TR>"), "no usable point: line 1: a row has 1 cells"),
        ])
    func hostile(name: String, text: String, reason: String) throws {
        let bench = try Bench()
        let report = try bench.harvest(text, as: name)
        #expect(report.outcome == .rejected && report.reason.hasPrefix(reason), "\(report.reason)")
        #expect(try bench.names().contains("rejected/\(name)"))
        #expect(!report.reason.contains(bench.folder.path))
    }
}
