import ForeignPhotometry
import Foundation
import Testing

func read(_ text: String, defaults: ForeignDefaults = ForeignDefaults()) -> ForeignPhotometryFile {
    ForeignPhotometryFile(reading: Data(text.utf8), defaults: defaults)
}

/// A file as the format's description shows it.
let aavsoHeader = """
    #TYPE=EXTENDED
    #OBSCODE=TST01
    #SOFTWARE=GCX 2.0
    #DELIM=,
    #DATE=JD
    #OBSTYPE=CCD
    #NAME,DATE,MAG,MERR,FILT,TRANS,MTYPE,CNAME,CMAG,KNAME,KMAG,AMASS,GROUP,CHART,NOTES

    """

@Suite("AAVSO Extended")
struct AAVSOTests {
    @Test("every field of a full line is read")
    func full() throws {
        let file = read(
            aavsoHeader
                + "SS CYG,2450702.1234,11.235,0.003,B,NO,STD,105,10.593,110,11.090,1.561,1,"
                + "13577KCZ,outburst|NOBS=3,really\n"
        )
        #expect(file.problems.isEmpty)
        #expect(file.format == .aavsoExtended)
        let point = try #require(file.points.first)
        #expect(point.lineNumber == 8)
        #expect(point.target == "SS CYG")
        guard case .utc(let mjd) = point.time else { throw Unexpected.time }
        #expect(abs(mjd - 50701.6234) < 1e-9)
        #expect(point.magnitude == 11.235 && point.magnitudeError == 0.003 && point.limitMagnitude == nil)
        #expect(point.filter == "B" && point.magnitudeSystem == "Vega" && point.isTransformed == false)
        #expect(point.comparison == "105" && point.comparisonMagnitude == 10.593)
        #expect(point.check == "110" && point.checkMagnitude == 11.09 && point.airmass == 1.561)
        #expect(point.chart == "13577KCZ" && point.observer == "TST01" && point.source == "GCX 2.0")
        #expect(point.notes == "outburst|NOBS=3,really", "notes keep the delimiter")
    }

    private enum Unexpected: Error { case time }

    private func line(_ changes: [Int: String], delimiter: String = ",") -> String {
        var fields = [
            "R CrB", "2460676.5", "12.345", "0.01", "V", "NO", "STD", "ENSEMBLE", "na", "C2", "13.1", "1.2", "na", "X1",
            "na",
        ]
        for (index, text) in changes { fields[index] = text }
        return fields.joined(separator: delimiter) + "\n"
    }

    @Test("na is not known, < is a limit, an error of zero says nothing")
    func missing() throws {
        let file = read(
            aavsoHeader + line([2: "<14.2", 3: "na"]) + line([3: "na", 9: "na", 10: "na", 11: "na"]) + line([3: "0"]))
        #expect(file.problems.isEmpty)
        try #require(file.points.count == 3)
        #expect(file.points[0].limitMagnitude == 14.2 && file.points[0].magnitude == nil)
        #expect(file.points[1].magnitudeError == nil && file.points[1].airmass == nil && file.points[1].check == nil)
        #expect(file.points[2].magnitudeError == nil)
    }

    @Test("Sloan filters are AB and get our names; differences are called differential")
    func systems() throws {
        let file = read(aavsoHeader + line([4: "SG"]) + line([4: "CV"]) + line([6: "DIF"]) + line([4: "HAC"]))
        #expect(file.points.map(\.filter) == ["g", "CV", "V", "HAC"])
        #expect(file.points.map(\.magnitudeSystem) == ["AB", "Vega", "differential", nil])
    }

    @Test("delimiters: tab, semicolon, exclamation mark; and those that are refused")
    func delimiters() {
        for (name, delimiter) in [("tab", "\t"), ("TAB", "\t"), (";", ";"), ("!", "!"), ("comma", ",")] {
            let text =
                aavsoHeader.replacingOccurrences(of: "#DELIM=,", with: "#DELIM=\(name)")
                + line([:], delimiter: delimiter)
            #expect(read(text).points.first?.magnitude == 12.345, "\(name)")
        }
        for name in ["|", "#", "", "ab", "1"] {
            let text = aavsoHeader.replacingOccurrences(of: "#DELIM=,", with: "#DELIM=\(name)")
            #expect(read(text).problems.first?.column == "#DELIM", "\(name)")
        }
    }

    @Test("dates: JD, HJD and Excel, whose noon and midnight are right")
    func dates() throws {
        func time(_ kind: String, _ date: String) -> ForeignTime? {
            read(aavsoHeader.replacingOccurrences(of: "#DATE=JD", with: "#DATE=\(kind)") + line([1: date])).points
                .first?.time
        }
        #expect(time("HJD", "2460676.5") == .heliocentricUTC(mjd: 60676))
        #expect(time("hjd", "2460676.5") == .heliocentricUTC(mjd: 60676))
        // 2025-01-01 is MJD 60676; 2007-12-31 is MJD 54465.
        #expect(time("EXCEL", "1/1/2025 6:00:00 p.m.") == .utc(mjd: 60676.75))
        #expect(time("EXCEL", "12/31/2007 12:00:00 a.m.") == .utc(mjd: 54465))
        #expect(time("EXCEL", "12/31/2007 12:00 PM") == .utc(mjd: 54465.5))
        #expect(time("EXCEL", "2/29/2024 18:00:00") == .utc(mjd: 60369.75))
        #expect(time("EXCEL", "45658.25") == .utc(mjd: 60676.25))
        for wrong in [
            "13/1/2025 1:00", "2/29/2025 1:00", "1/1/2025 24:00", "1/1/2025 13:00 PM", "2025-01-01", "1/1/2025 1:60",
        ] {
            #expect(time("EXCEL", wrong) == nil, "\(wrong)")
        }
    }

    @Test(
        "a bad line is told with line and column, and the others are read",
        arguments: [
            (1, "60676.5", "DATE"), (1, "nan", "DATE"), (1, "0x10", "DATE"), (1, "tonight", "DATE"), (2, "na", "MAG"),
            (2, "1e999", "MAG"), (2, "99.99", "MAG"), (2, ">12.3", "MAG"), (2, "<", "MAG"), (3, "small", "MERR"),
            (4, "na", "FILT"), (5, "PERHAPS", "TRANS"), (6, "XYZ", "MTYPE"), (8, "bright", "CMAG"), (11, "-2", "AMASS"),
            (0, "na", "NAME"),
        ])
    func badLine(index: Int, text: String, column: String) throws {
        let file = read(aavsoHeader + line([:]) + line([index: text]) + line([:]))
        #expect(file.points.count == 2)
        let problem = try #require(file.problems.first)
        #expect(problem.lineNumber == 9 && problem.column == column)
        #expect(problem.description.hasPrefix("line 9: \(column): "))
    }

    @Test("short lines, other types and unknown date kinds are problems; a missing NOTES field is not")
    func shape() {
        #expect(read(aavsoHeader + "R CrB,2460676.5,12.3\n").problems.first?.text.contains("3 fields") == true)
        let withoutNotes = line([:]).dropLast(4)
        #expect(read(aavsoHeader + withoutNotes).points.count == 1)
        #expect(read("#TYPE=VISUAL\n").problems.first?.column == "#TYPE")
        #expect(read("#TYPE=EXTENDED\n#DATE=MJD\n").problems.first?.column == "#DATE")
    }

    @Test("byte order mark, CR LF and CR change nothing")
    func lineEnds() {
        let plain = aavsoHeader + line([:]) + line([2: "<13.0"])
        let windows = "\u{FEFF}" + plain.replacingOccurrences(of: "\n", with: "\r\n")
        let old = plain.replacingOccurrences(of: "\n", with: "\r")
        #expect(read(windows) == read(plain))
        #expect(read(old) == read(plain))
        #expect(read(plain).points.count == 2)
    }

    @Test("defaults hold where the file is silent, the file's own word goes first")
    func defaults() {
        let defaults = ForeignDefaults(target: "X", filter: "B", observer: "ME")
        let silent = "#TYPE=EXTENDED\n#DATE=JD\n" + line([0: "na", 4: "na"])
        let point = read(silent, defaults: defaults).points.first
        #expect(point?.target == "X" && point?.filter == "B" && point?.observer == "ME")
        #expect(read(aavsoHeader + line([:]), defaults: defaults).points.first?.observer == "TST01")
    }
}
