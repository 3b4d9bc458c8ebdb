import Events
import FITS
import ForeignPhotometry
import Foundation
import Imaging
import Instruments
import Plots
import Testing

@testable import nightjar

@Suite("exports of a light curve")
struct LightCurveExportTests {
    private static func point(
        _ index: Int, filter: String = "V", system: String = "Vega", target: String = "ss-cyg"
    ) -> PhotometryMeasured {
        var point = PhotometryMeasured(
            measurementID: "m\(index)", target: target, frameID: "f\(index)", version: 1, provisional: index == 2,
            filter: filter, magnitudeSystem: system, midpointMJDUTC: 60_000.25 + Double(index) * 0.4, flags: 0,
            instrument: "dome \"1\" & <2>", field: "f", source: "nightjar")
        point.midpointBJDTDB = point.midpointMJDUTC + 2_400_000.503
        point.magnitude = 11.23456 + Double(index) / 100
        point.magnitudeError = 0.01234
        point.airmass = 1.23456
        return point
    }

    /// Two magnitudes, an upper limit, a point without anything and one by somebody else.
    private static func curve(filter: String = "V", system: String = "Vega") -> LightCurve {
        var points = (0..<5).map { point($0, filter: filter, system: system) }
        (points[1].magnitude, points[1].magnitudeError) = (nil, nil)
        (points[1].limitMagnitude, points[1].limitSigma) = (15.678, 3)
        (points[3].magnitude, points[3].magnitudeError) = (nil, nil)
        points[4].source = "aavso"
        return LightCurve(target: "ss-cyg", points: points)
    }

    private static func exported(_ curve: LightCurve = curve(), comparisons: Int = 0) -> ExportedCurve {
        var exported = ExportedCurve(curve)
        var document = TargetDocument(id: "ss-cyg")
        document.name = "SS Cyg"
        document.comparisonStars = (0..<comparisons).map {
            ComparisonStar(id: "C\($0)", pixel: PixelPosition(frame: "first", x: 1, y: 2))
        }
        exported.document = document
        (exported.raDegrees, exported.decDegrees) = (325.678, 43.586)
        return exported
    }

    // MARK: AAVSO

    /// The published rules of the Extended File Format 1.2, as one who takes in reports would check them.
    private static func problems(_ text: String) -> [String] {
        var problems: [String] = []
        let lines = text.components(separatedBy: "\n")
        if lines.last != "" { problems.append("the last line has no end") }
        let data = lines.dropLast().filter { !$0.hasPrefix("#") }
        for needed in ["#TYPE=EXTENDED", "#OBSCODE=", "#SOFTWARE=", "#DELIM=,", "#DATE=JD", "#OBSTYPE=CCD"]
        where !lines.prefix(6).contains(where: { $0.hasPrefix(needed) && $0.count < 265 }) {
            problems.append("no \(needed)")
        }
        let limits = [30, 16, 8, 6, 5, 3, 3, 20, 8, 20, 8, 7, 5, 20, 100]
        let filters = Set(
            "U B V R I J H K TG TB TR CV CR SZ SU SG SR SI STU STV STB STY STHBW STHBN MA MB MI ZS Y HA HAC O"
                .components(separatedBy: " "))
        for line in data {
            let fields = line.components(separatedBy: ",")
            guard fields.count == 15 else {
                problems.append("\(fields.count) fields: \(line)")
                continue
            }
            for (field, limit) in zip(fields, limits)
            where field.isEmpty || field.count > limit || field != field.trimmingCharacters(in: .whitespaces)
                || !field.allSatisfy({ $0.isASCII })
            {
                problems.append("field '\(field)' of at most \(limit)")
            }
            let bare = fields[2].hasPrefix("<") ? String(fields[2].dropFirst()) : fields[2]
            if Double(bare) == nil || !bare.contains(".") { problems.append("MAG \(fields[2])") }
            if Double(fields[1]).map({ !(2_400_000...2_500_000).contains($0) }) ?? true { problems.append(fields[1]) }
            if fields[3] != "na", Double(fields[3]).map({ $0 <= 0 }) ?? true { problems.append("MERR \(fields[3])") }
            if !filters.contains(fields[4]) { problems.append("FILT \(fields[4])") }
            if !["YES", "NO"].contains(fields[5]) { problems.append("TRANS \(fields[5])") }
            if !["STD", "DIF", "ABS"].contains(fields[6]) { problems.append("MTYPE \(fields[6])") }
            if fields[7] == "ENSEMBLE", fields[8] != "na" { problems.append("CMAG \(fields[8]) of an ensemble") }
            if fields[11] != "na", Double(fields[11]) == nil { problems.append("AMASS \(fields[11])") }
        }
        return problems
    }

    @Test("an AAVSO report keeps the published rules, and what was not observed here is not reported")
    func aavso() throws {
        var circumstances = AAVSOReport.Circumstances(observer: "XYZ")
        circumstances.check = LightCurve(target: "check-1", points: [Self.point(0, target: "check-1")])
        circumstances.chart = "X12345AB"
        let report = try AAVSOReport(Self.exported(), circumstances)
        #expect(Self.problems(report.text) == [])
        #expect(report.pointCount == 3 && report.foreignCount == 1)
        let lines = report.text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(
            lines == [
                "SS Cyg,2460000.750000,11.235,0.0123,V,NO,STD,ENSEMBLE,na,check-1,11.235,1.2346,na,X12345AB,na",
                "SS Cyg,2460001.150000,<15.68,na,V,NO,STD,ENSEMBLE,na,na,na,1.2346,na,X12345AB,3.0 sigma limit",
                "SS Cyg,2460001.550000,11.255,0.0123,V,NO,STD,ENSEMBLE,na,na,na,1.2346,na,X12345AB,provisional",
            ])
    }

    @Test("MERR holds the error of the level, and NOTES the point's own; tables have them apart, figures the own one")
    func levelErrors() throws {
        var points = (0..<2).map { Self.point($0) }
        for index in points.indices { (points[index].magnitudeError, points[index].levelError) = (0.003, 0.04) }
        let curve = LightCurve(target: "ss-cyg", points: points)
        let report = try AAVSOReport(Self.exported(curve), .init(observer: "XYZ"))
        #expect(Self.problems(report.text) == [])
        #expect(report.text.contains(",11.235,0.0401,V,") && report.text.contains(",own error 0.0030\n"))
        let table = LightCurveTable(Self.exported(curve))
        let column = try #require(table.columns.first { $0.name == "level_err" })
        #expect(column.values.text(0) == "0.04000" && column.ucd == "stat.error.sys;phot.mag;em.opt")
        #expect(table.columns.first { $0.name == "mag_err" }?.values.text(1) == "0.00300")
        let rows = curve.csv.split(separator: "\n").map { $0.components(separatedBy: ",") }
        let place = try #require(rows[0].firstIndex(of: "level_err"))
        #expect(rows[0][place - 1] == "mag_err" && rows[1][place] == "0.04000" && rows[1][place - 1] == "0.00300")
        let plot = LightCurvePlot(curve, alerts: [])
        #expect(plot.subtitle.hasSuffix("level of all points +- 0.040 mag"))
        #expect(plot.points.allSatisfy { $0.magnitudeError == 0.003 })
        let read = ForeignPhotometryFile(reading: Data(curve.csv.utf8))
        #expect(read.problemCount == 0 && read.points.map(\.levelError) == [0.04, 0.04])
        #expect(read.points.map(\.magnitudeError) == [0.003, 0.003])
    }

    @Test("beside a single comparison star the check star has no magnitude: KMAG would be an instrumental one")
    func aavsoSingle() throws {
        var circumstances = AAVSOReport.Circumstances(observer: "XYZ")
        circumstances.check = LightCurve(target: "check-1", points: [Self.point(0, target: "check-1")])
        let report = try AAVSOReport(Self.exported(comparisons: 1), circumstances)
        #expect(Self.problems(report.text) == [])
        #expect(report.text.contains(",STD,C0,na,check-1,na,1.2346,"))
    }

    @Test("our own reader of AAVSO files gets the points back")
    func aavsoRoundTrip() throws {
        let report = try AAVSOReport(
            Self.exported(Self.curve(filter: "g", system: "AB"), comparisons: 1), .init(observer: "XYZ"))
        let read = ForeignPhotometryFile(reading: Data(report.text.utf8))
        #expect(read.problemCount == 0 && read.format != .csv)
        #expect(read.points.map(\.filter) == ["g", "g", "g"])
        #expect(read.points.map(\.comparison) == ["C0", "C0", "C0"])
        #expect(read.points[0].magnitude == 11.235 && read.points[0].magnitudeError == 0.0123)
        #expect(read.points[1].limitMagnitude == 15.68 && read.points[1].magnitude == nil)
        #expect(abs(read.points[2].time.mjd - 60_001.05) < 1e-6)
    }

    @Test("what an AAVSO report must have and has not is an error that names the field")
    func aavsoErrors() throws {
        func complaint(_ exported: ExportedCurve, _ change: (inout AAVSOReport.Circumstances) -> Void) -> String {
            var circumstances = AAVSOReport.Circumstances(observer: "XYZ")
            change(&circumstances)
            do {
                _ = try AAVSOReport(exported, circumstances)
                return "none"
            } catch {
                return error.description
            }
        }
        let clear = Self.exported(Self.curve(filter: "clear"))
        #expect(complaint(clear) { _ in }.hasPrefix("FILT: filter clear has no AAVSO code"))
        #expect(complaint(clear) { $0.filterCode = "CV" } == "none")
        #expect(complaint(clear) { $0.filterCode = "Q" }.hasPrefix("FILT Q"))
        #expect(
            complaint(Self.exported(Self.curve(system: "AB"))) { _ in }
                == "MAG: filter V is in AB magnitudes, V is Vega")
        let differential = Self.curve(system: "differential")
        #expect(complaint(Self.exported(differential)) { _ in }.hasPrefix("MTYPE"))
        #expect(complaint(Self.exported(differential, comparisons: 1)) { _ in } == "none")
        #expect(complaint(Self.exported()) { $0.observer = "" } == "OBSCODE is empty")
        #expect(complaint(Self.exported()) { $0.star = "a,b" }.hasPrefix("NAME a,b"))
        #expect(complaint(Self.exported()) { $0.star = String(repeating: "x", count: 31) }.hasPrefix("NAME xxx"))
        #expect(complaint(Self.exported()) { $0.chart = "a\nb" }.hasPrefix("CHART"))
        #expect(complaint(Self.exported()) { $0.star = "\u{3b1} Ori" }.hasPrefix("NAME"))
        #expect(complaint(Self.exported()) { $0.observationType = "CMOS" }.hasPrefix("OBSTYPE CMOS"))
    }

    // MARK: VOTable, FITS

    @Test("a VOTable says which frames its times and positions are in, and writes texts of any kind")
    func votable() throws {
        let exported = Self.exported()
        let text = LightCurveTable(exported).votable(exported)
        #expect(text.contains(#"<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3""#))
        let frame = #"<TIMESYS ID="bjd_tdb" refposition="BARYCENTER" timescale="TDB" timeorigin="JD-origin"/>"#
        #expect(text.contains(frame))
        #expect(
            text.contains(
                #"<FIELD name="mid_bjd_tdb" datatype="double" unit="d" ucd="time.epoch;meta.main" ref="bjd_tdb">"#))
        #expect(text.contains(#"ucd="pos.eq.ra;meta.main" ref="icrs" value="325.678"/>"#))
        #expect(text.contains("<TD>dome &quot;1&quot; &amp; &lt;2&gt;</TD>"))
        let rows = text.components(separatedBy: "<TR>").dropFirst()
        let fields = text.components(separatedBy: "<FIELD ").count - 1
        #expect(rows.count == 5 && rows.allSatisfy { $0.components(separatedBy: "<TD>").count - 1 == fields })
        // The limit's row: no magnitude, as an empty cell.
        #expect(rows.dropFirst().first?.hasPrefix("<TD>2460001.15300000</TD><TD>60000.65000000</TD><TD></TD>") == true)
    }

    @Test("a FITS table has the numbers with NaN for what is not known, the texts, and the frames of its times")
    func fits() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
        let exported = Self.exported()
        let path = folder.appending(path: "curve.fits").path
        try LightCurveTable(exported).fits(exported).write(to: path)
        var file = try FITSFile(reading: path)
        let table = try file.readTable(named: "LIGHTCURVE")
        guard case .double(let magnitudes) = try #require(table["mag"]).values else {
            Issue.record("mag is not a double")
            return
        }
        #expect(magnitudes[0] == 11.23456 && magnitudes[1].isNaN && magnitudes.count == 5)
        #expect(table.header.text("TREFPOS") == "BARYCENTER" && table.header.text("TIMESYS") == "TDB")
        #expect(table.header.text("TCTYP2") == "UTC" && table.header.text("TRPOS2") == "TOPOCENTER")
        #expect(table.header.number("RA_TARG") == 325.678)
        #expect(
            table.texts.map(\.name) == [
                "target", "filter", "mag_system", "instrument", "frame_id", "source", "calibration_flags",
            ])
        #expect(table.unreadColumns.isEmpty && table.texts[3].values.contains("dome \"1\" & <2>"))
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(bytes.range(of: Data("dome \"1\" & <2>".utf8)) != nil)
    }

    // MARK: The command's words

    private static func format(_ words: String...) throws -> (LightCurveFormat, ReportOptions) {
        let arguments = try Arguments(words, options: lightCurveCommand.options)
        let format = try LightCurveFormat(arguments)
        return (format, try ReportOptions(arguments, format: format, detrends: false, out: arguments.text("out")))
    }

    @Test("options that a format needs or has no use for are told before anything is read")
    func words() throws {
        func complaint(_ words: String...) -> String { complaint(words) }
        func complaint(_ words: [String]) -> String {
            do {
                let arguments = try Arguments(words, options: lightCurveCommand.options)
                _ = try ReportOptions(
                    arguments, format: LightCurveFormat(arguments), detrends: arguments.text("detrend") != nil,
                    out: arguments.text("out"))
                return "none"
            } catch { return "\(error)" }
        }
        #expect(complaint("--format", "votable") == "none")
        #expect(complaint("--format", "votabel").contains("did you mean votable?"))
        #expect(
            complaint("--format", "aavso") == "--format aavso needs --observer: the observer's AAVSO code (OBSCODE)")
        #expect(complaint("--format", "aavso", "--observer", "A", "--out", "a.fits").contains(".txt, .csv or .tsv"))
        #expect(complaint("--format", "aavso", "--observer", "A", "--out", "a.TXT") == "none")
        #expect(
            complaint("--format", "aavso", "--observer", "A", "--detrend", "airmass").contains("not with --detrend"))
        #expect(complaint("--format", "csv", "--observer", "A") == "--observer is not for --format csv")
        #expect(complaint("--format", "alcdef", "--observer", "A").contains("--object-number"))
        let asteroid = ["--observer", "A", "--object-number", "433", "--contact", "A <a@b>"]
        #expect(complaint(["--format", "alcdef", "--revised", "--magnitude-band", "V"] + asteroid) == "none")
        #expect(complaint(["--format", "csv", "--revised"]) == "--revised is not for --format csv")
        #expect(
            complaint(["--format", "votable", "--magnitude-band", "V"])
                == "--magnitude-band is not for --format votable")
    }
}
