import Imaging
import Instruments
import Sky
import Testing

private func facts(
    _ text: String, fileName: String = "", _ change: (inout InstrumentDocument) -> Void = { _ in }
) throws -> ExposureFacts {
    var document = InstrumentDocument(id: "test", revision: 7)
    change(&document)
    #expect(document.problems() == [])
    return try normalise(header: header(text), width: 100, height: 80, fileName: fileName, instrument: document)
}

private func rejection(
    _ text: String, _ change: (inout InstrumentDocument) -> Void = { _ in }
) -> HeaderRejection? {
    #expect(throws: HeaderRejection.self) { try facts(text, change) }
}

/// A header with everything needed; later cards do not count where an earlier one has the keyword.
private let plain = """
    IMAGETYP= 'LIGHT   '
    EXPTIME =                 60.0
    DATE-OBS= '2020-01-01T00:00:00'
    """

@Suite("exposure times")
struct ExposureTimeTests {
    /// 2017-12-20 01:33:43.317 UTC is 5623.317 s after MJD 58107.0; the middle of 60 s is 30 s later.
    @Test("a local time with its offset gives the UTC middle, and outranks a coarser MJD-OBS")
    func localWithOffset() throws {
        let result = try facts(
            """
            MJD-OBS = 58107.065
            IMAGETYP= 'light'
            EXPTIME = 060.00
            DATE-OBS= '2017-12-19T18:33:43.317-0700' / Start date & time of observation, LT
            """)
        #expect(abs(result.startMJDUTC - (58107 + 5623.317 / 86400)) < 1e-9)
        #expect(abs(result.midpointMJDUTC - (58107 + 5653.317 / 86400)) < 1e-9)
        #expect(result.timeKeyword == "DATE-OBS")
        #expect(!result.notes.contains { $0.code == .timesDisagree || $0.code == .timeFallback })
    }

    @Test(
        "the same moment in every way headers write it",
        arguments: [
            "DATE-OBS= '2020-01-01T12:00:00'", "DATE-OBS= '2020-01-01 12:00:00Z'",
            "DATE-OBS= '2020-01-01T17:30:00+05:30'",
            "DATE-OBS= '2020-01-01'\nTIME-OBS= '12:00:00'", "DATE-OBS= '2020-01-01'\nUT      = '12:00:00.0'",
            "DATE-OBS= '2020-01-01T12:00:00'\nTIME-OBS= '03:00:00'", "MJD-OBS = 58849.5", "JD      = 2458850.0",
            "MJD-OBS = '58849.5 '", "DATE-BEG= '2020-01-01T12:00:00'", "DATE-END= '2020-01-01T12:01:00'",
            "DATE-AVG= '2020-01-01T12:00:30'", "DATE-OBS= 'unknown'\nUT-OBS  = '2020-01-01T12:00:00'",
            "DATE-OBS= '2020-01-01T12:00:37'\nTIMESYS = 'TAI'", "DATE-OBS= '2020-01-01T12:01:09.184'\nTIMESYS = 'TT'",
        ])
    func oneMoment(cards: String) throws {
        let result = try facts("IMAGETYP= 'light'\nEXPOSURE= '60 '\n" + cards)
        #expect(abs(result.startMJDUTC - 58849.5) < 2e-9)
        #expect(abs(result.midpointMJDUTC - 58849.5 - 30.0 / 86400) < 2e-9)
        #expect(abs(result.endMJDUTC - 58849.5 - 60.0 / 86400) < 2e-9)
    }

    @Test("DD/MM/YY means the last century")
    func oldDate() throws {
        let result = try facts("IMAGETYP= 'light'\nEXPTIME = 0\nDATE-OBS= '17/11/58'\nTIME-OBS= '12:00:00'")
        // MJD 36524 is 1958-11-17: 100 years after MJD 0, minus the leap day that 1900 did not have.
        #expect(result.startMJDUTC == 36524.5)
    }

    @Test("the document says which moment is meant, and the offset of times that have none")
    func documentRules() throws {
        for (moment, seconds) in [(Timestamp.start, 30.0), (.middle, 0), (.end, -30)] {
            let result = try facts(plain) { $0.time.timestamp = moment }
            #expect(abs(result.midpointMJDUTC - 58849 - seconds / 86400) < 2e-9)
        }
        let shifted = try facts(plain) { $0.time.utcOffset = "-07:00" }
        #expect(abs(shifted.startMJDUTC - 58849 - 7.0 / 24) < 2e-9)
        let own = try facts("DATE-OBS= '2020-01-01T00:00:00Z'\n" + plain) { $0.time.utcOffset = "-07:00" }
        #expect(own.startMJDUTC == 58849)
        let milliseconds = try facts(plain) { $0.exposureUnit = .milliseconds }
        #expect(milliseconds.exposureSeconds == 0.06)
    }

    @Test("a local time without offset is given away by MJD-OBS")
    func disagreement() throws {
        let result = try facts(plain + "\nMJD-OBS = 58849.2917")
        #expect(result.notes.first { $0.code == .timesDisagree }?.text.contains("7.0 h after DATE-OBS") == true)
    }

    @Test("the exposure across a leap second has its middle in SI seconds")
    func leapSecond() throws {
        let result = try facts("IMAGETYP= 'light'\nEXPTIME = 3\nDATE-OBS= '2016-12-31T23:59:59'")
        // 23:59:59, :60, then 00:00:00; three seconds after the start it is 00:00:01.
        #expect(abs(result.endMJDUTC - 57754 - 1.0 / 86400) < 2e-9)
    }

    @Test("times that cannot be read reject the frame and say why")
    func rejections() {
        let noTime = rejection("IMAGETYP= 'light'\nEXPTIME = 1")
        #expect(noTime?.code == .timeMissing && noTime?.text.contains("DATE-OBS") == true)
        let nonsense = rejection("IMAGETYP= 'light'\nEXPTIME = 1\nDATE-OBS= '2020-13-01T00:00:00'")
        #expect(nonsense?.code == .timeUnreadable && nonsense?.text.contains("2020-13-01") == true)
        let dateOnly = rejection("IMAGETYP= 'light'\nEXPTIME = 1\nDATE-OBS= '2020-01-01'")
        #expect(dateOnly?.code == .timeUnreadable)
        let wild = rejection("IMAGETYP= 'light'\nEXPTIME = 1\nMJD-OBS = 12.0")
        #expect(wild?.code == .timeUnreadable && wild?.text.contains("MJD-OBS") == true)
        let negative = rejection("IMAGETYP= 'light'\nEXPTIME = -5\nDATE-OBS= '2020-01-01T00:00:00'")
        #expect(negative?.code == .exposureUnreadable && negative?.text.contains("-5") == true)
        let words = rejection("IMAGETYP= 'light'\nEXPTIME = 'long'\nDATE-OBS= '2020-01-01T00:00:00'")
        #expect(words?.code == .exposureUnreadable && words?.text.contains("long") == true)
        #expect(rejection("IMAGETYP= 'light'\nDATE-OBS= '2020-01-01T00:00:00'")?.code == .exposureMissing)
        let endless = rejection("IMAGETYP= 'light'\nEXPTIME = 1e300\nDATE-OBS= '2020-01-01T00:00:00'")
        #expect(endless?.code == .exposureUnreadable)
    }

    @Test("a bias without exposure time has none, and the note says so")
    func biasWithoutExposure() throws {
        let result = try facts("IMAGETYP= 'Bias Frame'\nDATE-OBS= '2020-01-01T00:00:00'")
        #expect(result.exposureSeconds == 0)
        #expect(result.notes.contains { $0.code == .exposureAssumed })
    }

    @Test("the night is that of the site")
    func night() throws {
        // 04:00 UTC is the evening before at 110 degrees west, and without a site as well; 13:00 UTC is before noon
        // there only.
        let west = "IMAGETYP= 'light'\nEXPTIME = 1\nDATE-OBS= '2020-06-02T13:00:00'"
        #expect(try facts(west + "\nSITELAT = 31.7\nSITELONG= -110.9").night.date == "2020-06-01")
        #expect(try facts(west).night.date == "2020-06-02")
    }
}

@Suite("what a frame is")
struct FrameIdentityTests {
    @Test(
        "kinds in the spellings of many programs",
        arguments: [
            ("Light Frame", FrameKind.light), ("LIGHT", .light), ("object", .light), ("Bias Frame", .bias),
            ("zero", .bias),
            ("Dark Frame", .dark), ("DARK_FRAME", .dark), ("FlatDark", .dark), ("Flat Field", .flat),
            ("SKY FLAT", .flat),
            ("Master Flat", .flat),
        ])
    func kinds(spelling: String, kind: FrameKind) throws {
        #expect(try facts("IMAGETYP= '\(spelling)'\n" + plain).kind == kind)
    }

    @Test("file names outrank the header, the header outranks the default, and contradictions are noted")
    func kindOrder() throws {
        let rules: (inout InstrumentDocument) -> Void = { document in
            document.kindFromFileName = [KindPattern(pattern: "*-BI.fit*", kind: .bias)]
            document.defaults.kind = .flat
        }
        let named = try facts(plain, fileName: "calib-001-bi.fit.gz", rules)
        #expect(named.kind == .bias && named.notes.contains { $0.code == .kindContradicted })
        #expect(try facts(plain, fileName: "m31.fit", rules).kind == .light)
        let bare = "EXPTIME = 1\nDATE-OBS= '2020-01-01T00:00:00'"
        let assumed = try facts(bare, rules)
        #expect(assumed.kind == .flat && assumed.notes.contains { $0.code == .kindAssumed })
        #expect(rejection(bare)?.code == .kindMissing)
        let odd = rejection("IMAGETYP= 'Tricolor'\n" + bare)
        #expect(odd?.code == .kindUnknown && odd?.text.contains("IMAGETYP 'Tricolor'") == true)
        #expect(try facts("IMAGETYP= 'Tri-Color '\n" + bare) { $0.imageTypes = ["tricolor": .light] }.kind == .light)
    }

    @Test("objects and filters: blanks, aliases, placeholders, file names")
    func names() throws {
        let result = try facts(plain + "\nOBJECT  = ' NGC   6027A '\nFILTER  = 'lum  '") {
            $0.filters = ["LUM": "Clear"]
        }
        #expect(result.object == "NGC 6027A" && result.objectKey == "ngc 6027a" && result.filter == "Clear")
        let byName = try facts(plain + "\nOBJECT  = 'None'\nFILTER1 = 'None'\nFILTER2 = 'J'", fileName: "IC310_1.fits")
        {
            $0.objectFromFileName = [ObjectPattern(pattern: "IC310_?.*", object: "IC 310")]
        }
        #expect(byName.object == "IC 310" && byName.filter == "J")
        let nothing = try facts(plain)
        #expect(nothing.object == nil && nothing.filter == nil)
        #expect(nothing.notes.map(\.code).prefix(2) == [.objectMissing, .filterMissing])
        let dark = try facts("IMAGETYP= 'dark'\nFILTER  = 'BLOCK'\n" + plain)
        #expect(dark.filter == nil && !dark.notes.contains { $0.code == .filterMissing || $0.code == .objectMissing })
    }

    @Test("what was done to the frame before is seen")
    func history() throws {
        let result = try facts(plain + "\nCALSTAT = 'BDF'\nPEDESTAL= -100\nSTACKCNT= 187\nBAYERPAT= 'GRBG    '")
        #expect(result.appliedSteps == [.bias, .dark, .flat] && result.stackCount == 187 && result.pedestalADU == -100)
        #expect(result.mosaic?.pattern == .grbg)
        #expect(result.notes.map(\.code).starts(with: [.combined, .alreadyCalibrated]))
        #expect(try facts(plain + "\nSUBBIAS = 'ccd=<CCDData>'\nSTACKCNT= 1").appliedSteps == .bias)
        #expect(try facts(plain + "\nCFAIMAGE= 'no'").mosaic == nil)
    }

    @Test("frames outside the document's limits are rejected with the value")
    func acceptance() throws {
        let warm = rejection(plain + "\nCCD-TEMP= 12.5") { $0.acceptance.maximumTemperatureCelsius = 0 }
        #expect(warm?.code == .temperatureOutsideLimits && warm?.text.contains("12.5 C") == true)
        let size = rejection(plain) { $0.acceptance.sizes = [FrameSize(width: 1, height: 2)] }
        #expect(size?.code == .sizeNotAccepted && size?.text.contains("100 x 80") == true)
        #expect(rejection(plain) { $0.acceptance.maximumExposureSeconds = 10 }?.code == .exposureOutsideLimits)
        #expect(throws: HeaderRejection.self) {
            try normalise(header: header(plain), width: 0, height: 5, instrument: .automatic(id: "a"))
        }
    }

    @Test("an instrument is recognised by all its lists of patterns, and never without patterns")
    func recognition() {
        var mine = InstrumentDocument(id: "mine")
        mine.match = MatchPatterns(camera: ["SBIG ST-8*", "x"], fileName: ["*.fit"])
        let frame = header("INSTRUME= 'SBIG ST-8 3 CCD Camera'")
        let all = [mine, InstrumentDocument(id: "silent")]
        #expect(instruments(matching: frame, fileName: "a.FIT", among: all).map(\.id) == ["mine"])
        #expect(instruments(matching: frame, fileName: "a.txt", among: all).isEmpty)
        #expect(instruments(matching: Header(), fileName: "a.fit", among: all).isEmpty)
    }
}
