import Events
import Foundation
import Instruments
import Testing

@testable import nightjar

/// What the published standard asks of a file, as one who takes files in would check it.
///
/// - Source: "The Asteroid Lightcurve Data Exchange Format Standard", v. 2.1.1, 1 September 2015; sections in brackets.
private struct ALCDEFRules {
    private(set) var problems: [String] = []
    private var identities: Set<[String]> = []

    private static let required = [
        "CONTACTINFO", "CONTACTNAME", "DELIMITER", "DIFFERMAGS", "FILTER", "LTCAPP", "LTCTYPE", "MAGBAND", "OBJECTNAME",
        "OBJECTNUMBER", "OBSERVERS", "REDUCEDMAGS", "SESSIONDATE", "SESSIONTIME",
    ]
    private static let recognised = Set(
        required + ["COMMENT", "MPCDESIG", "REVISEDDATA", "STANDARD", "OBSLATITUDE", "OBSLONGITUDE", "MAGADJUST"])
    private static let lengths = [
        "CONTACTINFO": 120, "CONTACTNAME": 80, "OBJECTNAME": 30, "MPCDESIG": 30, "FILTER": 5, "MAGBAND": 5,
        "DELIMITER": 10, "LTCAPP": 10, "LTCTYPE": 15, "STANDARD": 12,
    ]
    private static let bands: Set = ["B", "V", "R", "I", "SU", "SG", "SR", "SI", "SZ"]

    init(_ text: String) {
        if !text.hasSuffix("\n") { problems.append("[1.1] the last line has no end") }
        var metadata: [(String, String)] = []
        var data: [String] = []
        var state = "outside"
        for line in text.dropLast().components(separatedBy: "\n") {
            checkLine(line)
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            switch (state, parts[0]) {
            case ("outside", "STARTMETADATA"): (state, metadata, data) = ("metadata", [], [])
            case ("metadata", "ENDMETADATA"): state = "data"
            case ("metadata", _) where parts.count == 2: metadata.append((parts[0], parts[1]))
            case ("data", "DATA") where parts.count == 2: data.append(parts[1])
            case ("data", "ENDDATA"):
                state = "outside"
                checkBlock(metadata, data)
            default: problems.append("[1.1, 5] \(line) within \(state)")
            }
        }
        if state != "outside" { problems.append("[1.1.2] a block has no end") }
    }

    private mutating func require(_ isKept: Bool, _ problem: String) { if !isKept { problems.append(problem) } }

    private mutating func checkLine(_ line: String) {
        require(line.utf8.allSatisfy { $0 < 127 && $0 > 31 }, "[1.1] not ASCII: \(line)")
        require(line.utf8.count <= 255, "[1.1] longer than 255: \(line)")
        require(!line.isEmpty, "[1.1] a blank line")
    }

    private mutating func checkBlock(_ lines: [(String, String)], _ data: [String]) {
        let values = Dictionary(lines) { first, _ in first }
        for key in Self.required { require(values[key]?.isEmpty == false, "[3] no \(key)") }
        for (key, value) in lines {
            require(Self.recognised.contains(key), "[3] \(key) is not recognised")
            require(key.utf8.count <= 14 && key == key.uppercased(), "[2] keyword \(key)")
            if let most = Self.lengths[key] { require(value.utf8.count <= most, "[5] \(key) has \(value.utf8.count)") }
        }
        for key in Set(lines.map(\.0)).subtracting(["COMMENT", "OBSERVERS"]) {
            require(lines.filter { $0.0 == key }.count == 1, "[5] \(key) twice")
        }
        let comments = lines.filter { $0.0 == "COMMENT" }.reduce(0) { $0 + $1.1.utf8.count + 2 }
        require(comments < 2048, "[5] comments of \(comments)")
        let observers = lines.filter { $0.0 == "OBSERVERS" }.reduce(0) { $0 + $1.1.utf8.count + 3 }
        require(observers <= 1024, "[5] observers of \(observers)")
        checkValues(values)
        checkData(data)
        let identity = ["OBJECTNUMBER", "OBJECTNAME", "CONTACTNAME", "SESSIONDATE", "SESSIONTIME", "FILTER"]
        require(identities.insert(identity.map { values[$0] ?? "" }).inserted, "[4.2] two blocks are the same")
    }

    private mutating func checkValues(_ values: [String: String]) {
        require(Self.bands.union(["C"]).contains(values["FILTER"] ?? ""), "[5] FILTER \(values["FILTER"] ?? "")")
        require(Self.bands.contains(values["MAGBAND"] ?? ""), "[5] MAGBAND \(values["MAGBAND"] ?? "")")
        let isDifferential = values["DIFFERMAGS"] == "TRUE"
        require(isDifferential || values["DIFFERMAGS"] == "FALSE", "[2] DIFFERMAGS")
        let standards = isDifferential ? ["NONE"] : ["INTERNAL", "TRANSFORMED"]
        require(standards.contains(values["STANDARD"] ?? ""), "[5] STANDARD beside DIFFERMAGS")
        for key in ["LTCTYPE", "LTCAPP", "REDUCEDMAGS"] { require(values[key] == "NONE", "[5] \(key)") }
        require(["TRUE", "FALSE"].contains(values["REVISEDDATA"] ?? "FALSE"), "[2] REVISEDDATA")
        require(values["DELIMITER"] == "PIPE", "[5] DELIMITER")
        let number = Int(values["OBJECTNUMBER"] ?? "") ?? -1
        require((0...4_294_967_295).contains(number), "[5] OBJECTNUMBER")
        if number == 0 { require(values["MPCDESIG"] == values["OBJECTNAME"], "[5] MPCDESIG of an unnumbered object") }
        let date = (values["SESSIONDATE"] ?? "").wholeMatch(of: /\d{4}-\d{2}-\d{2}/) != nil
        require(date, "[5] SESSIONDATE")
        require((values["SESSIONTIME"] ?? "").wholeMatch(of: /[0-2]\d:[0-5]\d:[0-5]\d/) != nil, "[5] SESSIONTIME")
    }

    private mutating func checkData(_ data: [String]) {
        require(data.count >= 2, "[1.1.2] \(data.count) data lines")
        for line in data {
            let fields = line.components(separatedBy: "|")
            require((2...4).contains(fields.count), "[1.1.3] \(fields.count) fields")
            require(fields[0].wholeMatch(of: /24\d{5}\.\d{5,}/) != nil, "[5] JD \(fields[0])")
            for field in fields.dropFirst().prefix(2) {
                require(field.wholeMatch(of: /[+-]\d+\.\d{1,3}/) != nil, "[2, 5] \(field)")
            }
            if fields.count > 3 { require(fields[3].wholeMatch(of: /\d+\.\d{1,3}/) != nil, "[5] airmass \(fields[3])") }
        }
    }
}

@Suite("ALCDEF reports")
struct ALCDEFReportTests {
    private static func point(
        _ days: Double, filter: String = "V", system: String = "Vega", instrument: String = "dome"
    ) -> PhotometryMeasured {
        var point = PhotometryMeasured(
            measurementID: "m\(days)", target: "eros", frameID: "f\(days)", version: 1, provisional: false,
            filter: filter, magnitudeSystem: system, midpointMJDUTC: 60_000.25 + days, flags: 0,
            instrument: instrument, field: "f", source: "nightjar")
        (point.magnitude, point.magnitudeError, point.airmass) = (11.23456, 0.01234, 1.23456)
        return point
    }

    private static func exported(_ points: [PhotometryMeasured]) -> ExportedCurve {
        ExportedCurve(LightCurve(target: "eros", points: points))
    }

    private static func night(
        filter: String = "V", system: String = "Vega", _ change: (inout PhotometryMeasured) -> Void = { _ in }
    ) -> ExportedCurve {
        exported(
            [0, 0.01, 0.02].map { days in
                var point = point(days, filter: filter, system: system)
                change(&point)
                return point
            })
    }

    private static let eros = ALCDEFReport.Circumstances(
        objectNumber: 433, objectName: "Eros", observers: "Smith, A.", contactName: "A. Smith",
        contact: "[a@example.org]")

    private static func complaint(
        _ exported: ExportedCurve, _ change: (inout ALCDEFReport.Circumstances) -> Void = { _ in }
    ) -> String {
        var circumstances = eros
        change(&circumstances)
        do {
            let problems = ALCDEFRules(try ALCDEFReport(exported, circumstances).text).problems
            return problems.isEmpty ? "none" : problems.joined(separator: "; ")
        } catch { return "\(error)" }
    }

    @Test("the checker itself finds what the standard's own sample would be rejected for, and takes the sample")
    func checker() {
        let head = """
            STARTMETADATA\nREVISEDDATA=FALSE\nOBJECTNUMBER=24654\nOBJECTNAME=Fossett\nCONTACTNAME=B. D. Warner
            CONTACTINFO=[b@example.com]\nOBSERVERS=B. D. Warner\nSESSIONDATE=2014-11-04\nSESSIONTIME=09:06:00\nFILTER=C
            MAGBAND=V\nSTANDARD=INTERNAL\nDIFFERMAGS=FALSE\nLTCTYPE=NONE\nLTCAPP=NONE\nREDUCEDMAGS=NONE\nDELIMITER=PIPE
            ENDMETADATA\n
            """
        let data = "DATA=2456965.735795|+17.521|+0.091|1.881\nDATA=2456965.738778|+17.491|+0.091|1.840\nENDDATA\n"
        #expect(ALCDEFRules(head + data).problems == [])
        #expect(
            ALCDEFRules((head + data).replacing("MAGBAND=V\n", with: "")).problems == [
                "[3] no MAGBAND", "[5] MAGBAND ",
            ])
        #expect(
            ALCDEFRules((head + data).replacing("LTCAPP=NONE\n", with: "")).problems == ["[3] no LTCAPP", "[5] LTCAPP"])
        #expect(ALCDEFRules((head + data).replacing("|+17.521", with: "|17.521")).problems == ["[2, 5] 17.521"])
        #expect(ALCDEFRules(head + data + head + data).problems == ["[4.2] two blocks are the same"])
    }

    @Test("a report has a block for each night of two points at least, and keeps the published rules")
    func report() throws {
        var points = [0.0, 0.01, 1.0, 1.01, 2.0].map { Self.point($0) }
        var limit = Self.point(2.01)
        (limit.magnitude, limit.limitMagnitude, limit.limitSigma) = (nil, 15.6, 3)
        var foreign = Self.point(2.02)
        foreign.source = "aavso"
        points += [limit, foreign]
        let report = try ALCDEFReport(Self.exported(points), Self.eros)
        #expect(ALCDEFRules(report.text).problems == [])
        #expect(report.pointCount == 4 && report.leftOutCount == 2 && report.singleCount == 1)
        let lines = report.text.components(separatedBy: "\n")
        #expect(lines.filter { $0 == "STARTMETADATA" }.count == 2)
        #expect(lines.contains("SESSIONDATE=2023-02-25") && lines.contains("SESSIONTIME=06:07:12"))
        #expect(lines.contains("DATA=2460000.750000|+11.235|+0.012|1.235"))
        #expect(lines.contains("STANDARD=INTERNAL") && lines.contains("DIFFERMAGS=FALSE"))
    }

    @Test("differential magnitudes are on no standard system")
    func differential() throws {
        let text = try ALCDEFReport(Self.night(system: "differential") { $0.magnitude = -0.0002 }, Self.eros).text
        #expect(ALCDEFRules(text).problems == [])
        #expect(text.contains("\nDIFFERMAGS=TRUE\nSTANDARD=NONE\n") && text.contains("|+0.000|"))
    }

    @Test("an unfiltered camera's filter is C, and its magnitudes are in the band of the comparison stars")
    func unfiltered() throws {
        #expect(Self.complaint(Self.night(filter: "clear")).hasPrefix("MAGBAND: filter clear does not say which band"))
        #expect(Self.complaint(Self.night(filter: "clear")) { $0.magnitudeBand = "V" } == "none")
        #expect(Self.complaint(Self.night(filter: "clear")) { $0.magnitudeBand = "C" }.hasPrefix("MAGBAND C: give one"))
        let text = try ALCDEFReport(Self.night(filter: "CR"), Self.eros).text
        #expect(text.contains("\nFILTER=C\nMAGBAND=R\n"))
        let calibrated = Self.night(filter: "clear", system: "AB") { $0.band = "SDSS r" }
        #expect(try ALCDEFReport(calibrated, Self.eros).text.contains("\nFILTER=C\nMAGBAND=SR\n"))
        #expect(
            Self.complaint(calibrated) { $0.magnitudeBand = "V" } == "MAGBAND V: the magnitudes are in SDSS r")
        let gaia = Self.night(filter: "clear") { $0.band = "Gaia G" }
        #expect(Self.complaint(gaia).hasPrefix("MAGBAND: the magnitudes are in Gaia G, and the format has B, V"))
    }

    @Test("two instruments with the same filter at the same time make blocks that can be told apart")
    func distinct() throws {
        let points = [0, 0.01].flatMap { days in
            ["dome", "hut", "roof"].map { Self.point(days, instrument: $0) }
        }
        let text = try ALCDEFReport(Self.exported(points), Self.eros).text
        #expect(ALCDEFRules(text).problems == [])
        let times = text.components(separatedBy: "\n").filter { $0.hasPrefix("SESSIONTIME=") }
        #expect(Set(times).count == 3)
    }

    @Test("an asteroid without a number goes by its designation")
    func unnumbered() throws {
        func complaint(_ name: String) -> String {
            Self.complaint(Self.night()) { ($0.objectNumber, $0.objectName) = (0, name) }
        }
        for name in ["1999 CZ1", "2015 BP519", "A899 CA", "2040 P-L", "3138 T-1"] { #expect(complaint(name) == "none") }
        for name in ["Eros", "1999 cz1", "1999 IA", "1999CZ1"] { #expect(complaint(name).contains("such as 1999 CZ1")) }
    }

    @Test("texts that are longer than allowed, empty, or not ASCII are errors that name the field")
    func fields() {
        let night = Self.night()
        #expect(Self.complaint(night) { $0.objectNumber = 4_294_967_296 }.hasPrefix("OBJECTNUMBER 4294967296"))
        #expect(Self.complaint(night) { $0.objectNumber = -1 }.hasPrefix("OBJECTNUMBER -1"))
        #expect(Self.complaint(night) { $0.objectName = String(repeating: "x", count: 31) }.contains("30 are allowed"))
        #expect(Self.complaint(night) { $0.contact = String(repeating: "x", count: 121) }.contains("120 are allowed"))
        #expect(Self.complaint(night) { $0.contactName = String(repeating: "x", count: 81) }.contains("80 are allowed"))
        #expect(Self.complaint(night) { $0.contactName = "A\nDATA=1|2" }.hasPrefix("CONTACTNAME"))
        #expect(Self.complaint(night) { $0.observers = "" }.hasPrefix("OBSERVERS"))
        #expect(Self.complaint(night) { $0.observers = ";;" }.hasPrefix("OBSERVERS"))
        #expect(Self.complaint(night) { $0.observers = "M\u{fc}ller, A." }.hasPrefix("OBSERVERS"))
        #expect(Self.complaint(Self.night(filter: "Halpha")).hasPrefix("FILTER: filter Halpha has no ALCDEF code"))
        #expect(Self.complaint(Self.night(filter: "U")).hasPrefix("FILTER: filter U has no ALCDEF code"))
        #expect(
            Self.complaint(Self.night(system: "AB")) == "MAGBAND V: is in Vega magnitudes, these are AB")
        #expect(Self.complaint(Self.exported([Self.point(0), Self.point(1)])).hasPrefix("DATA: no night has two"))
    }

    @Test("many observers fill several lines, cut between names, and too many are an error")
    func observers() throws {
        func names(_ count: Int) -> String {
            (0..<count).map { "Observer-with-a-name, A.\($0)" }.joined(separator: ";")
        }
        var circumstances = Self.eros
        circumstances.observers = names(25)
        let text = try ALCDEFReport(Self.night(), circumstances).text
        #expect(ALCDEFRules(text).problems == [])
        let lines = text.components(separatedBy: "\n").filter { $0.hasPrefix("OBSERVERS=") }
        #expect(lines.count > 1 && lines.joined().components(separatedBy: "Observer-with").count - 1 == 25)
        #expect(Self.complaint(Self.night()) { $0.observers = names(60) }.hasPrefix("OBSERVERS"))
    }

    @Test("long names of instruments do not make lines too long, and a second report may replace the first")
    func longComment() throws {
        var circumstances = Self.eros
        circumstances.isRevised = true
        let text = try ALCDEFReport(
            Self.night { $0.instrument = String(repeating: "d\u{e9}", count: 300) }, circumstances
        ).text
        #expect(ALCDEFRules(text).problems == [])
        #expect(text.contains("\nREVISEDDATA=TRUE\n"))
    }
}
