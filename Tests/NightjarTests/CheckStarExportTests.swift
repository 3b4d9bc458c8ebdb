import Events
import Foundation
import Instruments
import PhotometricCalibration
import Testing

@testable import nightjar

@Suite("check stars in exports of a light curve")
struct CheckStarExportTests {
    /// Two points with a check star and one without.
    private static func curve(system: String = "Vega") -> LightCurve {
        LightCurve(
            target: "ss-cyg",
            points: (0..<3).map { index in
                var point = PhotometryMeasured(
                    measurementID: "m\(index)", target: "ss-cyg", frameID: "f\(index)", version: 1,
                    provisional: index == 1, filter: "V", magnitudeSystem: system,
                    midpointMJDUTC: 60_000.25 + Double(index), flags: 0, instrument: "cam", field: "f",
                    source: "nightjar")
                (point.magnitude, point.magnitudeError) = (11.2, 0.01)
                guard index < 2 else { return point }
                var check = CheckStarFacts(
                    sequence: "X36259AB", id: "000-BCP-193", magnitude: 11.716, magnitudeError: 0.007)
                if system != "differential" {
                    (check.catalogueMagnitude, check.catalogueMagnitudeError) = (11.7, index == 0 ? 0.02 : nil)
                    (check.residual, check.residualError) = (0.016, 0.0258)
                }
                point.checkStar = check
                return point
            })
    }

    private static func exported(_ curve: LightCurve = curve(), comparisons: Int = 2) -> ExportedCurve {
        var exported = ExportedCurve(curve)
        var document = TargetDocument(id: "ss-cyg")
        document.name = "SS Cyg"
        exported.document = document
        exported.sequence = ComparisonSequence(
            id: "X36259AB", target: "ss-cyg", source: "a chart",
            stars: (0..<comparisons).map {
                .init(id: "10\($0)", raDegrees: 1, decDegrees: 2, role: .comparison, magnitudes: [:])
            })
        return exported
    }

    private static func rows(_ report: AAVSOReport) -> [String] {
        report.text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init)
    }

    @Test(
        "an AAVSO report takes check star and chart from the sequence; beside an ensemble CMAG is na, KMAG is measured")
    func ensemble() throws {
        let report = try AAVSOReport(Self.exported(), .init(observer: "XYZ"))
        #expect(
            Self.rows(report) == [
                "SS Cyg,2460000.750000,11.200,0.0100,V,NO,STD,ENSEMBLE,na,000-BCP-193,11.716,na,na,X36259AB,"
                    + "|KMAGSTD=11.716|KREFMAG=11.700|KREFERR=0.020",
                "SS Cyg,2460001.750000,11.200,0.0100,V,NO,STD,ENSEMBLE,na,000-BCP-193,11.716,na,na,X36259AB,"
                    + "provisional|KMAGSTD=11.716|KREFMAG=11.700",
                "SS Cyg,2460002.750000,11.200,0.0100,V,NO,STD,ENSEMBLE,na,na,na,na,na,X36259AB,na",
            ])
    }

    @Test("beside a single comparison star KMAG would be instrumental and is na; the notes have the calibrated one")
    func single() throws {
        let report = try AAVSOReport(Self.exported(comparisons: 1), .init(observer: "XYZ"))
        #expect(
            Self.rows(report)[0].hasSuffix(
                ",STD,100,na,000-BCP-193,na,na,na,X36259AB,|KMAGSTD=11.716|KREFMAG=11.700|KREFERR=0.020"))
        let differential = try AAVSOReport(
            Self.exported(Self.curve(system: "differential"), comparisons: 1), .init(observer: "XYZ"))
        #expect(Self.rows(differential)[0].hasSuffix(",DIF,100,na,000-BCP-193,na,na,na,na,na"))
        #expect(throws: ExportError.self) {
            try AAVSOReport(Self.exported(Self.curve(system: "differential")), .init(observer: "XYZ"))
        }
    }

    @Test("what is given by hand comes before the sequence, and an id too long for a field is an error that names it")
    func given() throws {
        var circumstances = AAVSOReport.Circumstances(observer: "XYZ")
        circumstances.chart = "MINE"
        circumstances.check = LightCurve(target: "other", points: [Self.curve().points[2]])
        let rows = Self.rows(try AAVSOReport(Self.exported(), circumstances))
        #expect(rows[0].hasSuffix("ENSEMBLE,na,na,na,na,na,MINE,na"))
        #expect(rows[2].hasSuffix("ENSEMBLE,na,ss-cyg,11.200,na,na,MINE,na"))
        var points = Self.curve().points
        points[0].checkStar?.id = String(repeating: "x", count: 21)
        do {
            _ = try AAVSOReport(
                Self.exported(LightCurve(target: "ss-cyg", points: points)), .init(observer: "XYZ"))
            Issue.record("accepted")
        } catch { #expect(error.description.hasPrefix("KNAME xxx")) }
    }

    @Test("CSV has the columns always, VOTable and FITS where a point has a check star, JSON has the event's object")
    func columns() throws {
        let rows = Self.curve().csv.split(separator: "\n").map(String.init)
        let check = ",sequence,check_star,check_mag,check_mag_err,check_residual,check_residual_err"
        #expect(rows[0].hasSuffix(check + ",transparency,transparency_err"))
        #expect(rows[1].hasSuffix(",X36259AB,000-BCP-193,11.71600,0.00700,0.01600,0.02580,,"))
        #expect(rows[3].hasSuffix(",,,,,,,,"))
        let names = { (curve: LightCurve) in LightCurveTable(Self.exported(curve)).columns.map(\.name) }
        let own = ["sequence", "check_star", "check_mag", "check_mag_err", "check_residual", "check_residual_err"]
        #expect(names(Self.curve()).suffix(6) == own[...])
        #expect(!names(LightCurve(target: "ss-cyg", points: [Self.curve().points[2]])).contains("check_star"))
        let json = String(decoding: try prettyJSON(Self.curve().points), as: UTF8.self)
        #expect(json.components(separatedBy: "\"checkStar\"").count == 3)
    }

    @Test("transparency is in CSV always, in VOTable and FITS where a frame tells")
    func transparency() throws {
        var points = Self.curve().points
        let names = { LightCurveTable(Self.exported(LightCurve(target: "ss-cyg", points: points))).columns }
        #expect(!names().map(\.name).contains("transparency"))
        var zeroPoint = FrameZeroPointFacts(
            id: "4f7be2190c3d4a56", catalogue: "tycho-1", band: "Johnson-Cousins V", magnitudeSystem: "Vega",
            magnitude: 20, magnitudeError: 0.01, stars: 9, scatter: 0.05, intrinsicScatter: 0.03)
        points[0].frameZeroPoint = zeroPoint
        #expect(!names().map(\.name).contains("transparency"), "no site, no transparency")
        zeroPoint.transparency = EstimateFacts(value: 0.87654, error: 0.0123)
        points[1].frameZeroPoint = zeroPoint
        let columns = names().suffix(2)
        #expect(columns.map(\.name) == ["transparency", "transparency_err"])
        #expect(columns.map { $0.values.text(0) } == ["", ""])
        #expect(columns.map { $0.values.text(1) } == ["0.8765", "0.0123"])
        let rows = LightCurve(target: "ss-cyg", points: points).csv.split(separator: "\n")
        #expect(rows[2].hasSuffix(",0.8765,0.0123") && rows[1].hasSuffix(",,"))
    }
}
