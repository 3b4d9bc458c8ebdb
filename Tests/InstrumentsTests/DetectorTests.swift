import Imaging
import Instruments
import Sky
import Testing

private let plain = "IMAGETYP= 'LIGHT   '\nEXPTIME = 60.0\nDATE-OBS= '2020-01-01T00:00:00'\n"

private func facts(
    _ text: String, _ change: (inout InstrumentDocument) -> Void = { _ in }
) throws -> ExposureFacts {
    var document = InstrumentDocument(id: "test", revision: 7)
    change(&document)
    #expect(document.problems() == [])
    return try normalise(header: header(plain + text), width: 100, height: 80, instrument: document)
}

private func codes(_ facts: ExposureFacts) -> Set<HeaderNote.Code> { Set(facts.notes.map(\.code)) }

@Suite("detector, place and pointing")
struct DetectorTests {
    @Test("gain: the document, else EGAIN, else GAIN where the document says so, else unknown")
    func gain() throws {
        let cards = "EGAIN   = 2.6\nGAIN    = 120"
        let given = try facts(cards) { $0.gain.electronsPerADU = 1.5 }.instrument
        #expect(given.gainElectronsPerADU == 1.5 && given.gainSource == .document && given.revision == 7)
        let header = try facts(cards).instrument
        #expect(header.gainElectronsPerADU == 2.6 && header.gainSource == .egain)
        let declared = try facts("GAIN    = '1.25 '") { $0.gain.headerGainIsElectronsPerADU = true }.instrument
        #expect(declared.gainElectronsPerADU == 1.25 && declared.gainSource == .headerGain)
        for cards in ["GAIN    = 120", "EGAIN   = 0.0", "EGAIN   = -1", "EGAIN   = 'high'", ""] {
            let unknown = try facts(cards)
            #expect(unknown.instrument.gainElectronsPerADU == nil && unknown.instrument.gainSource == .unknown)
            #expect(codes(unknown).contains(.gainUnknown))
        }
        for cards in ["EGAIN   = 0.0", "EGAIN   = -1", "EGAIN   = 'nan'", "EGAIN   = 1e9"] {
            let notes = try facts(cards).notes
            #expect(notes.contains { $0.code == .valueIgnored && $0.text.hasPrefix("EGAIN") }, "\(cards)")
        }
        let absurd = try facts("GAIN    = 5000") { $0.gain.headerGainIsElectronsPerADU = true }
        #expect(absurd.instrument.gainElectronsPerADU == nil && codes(absurd).contains(.valueIgnored))
        #expect(GainSource.allCases.map(\.rawValue) == ["document", "EGAIN", "GAIN", "unknown"])
    }

    @Test("read noise in ADU becomes electrons by the gain, and stays unknown without one")
    func readNoise() throws {
        let known = try facts("EGAIN   = 2.5") { $0.readNoiseADU = 4 }.instrument
        #expect(known.readNoiseElectrons == 10)
        let unknown = try facts("RDNOISE = 9.0") { $0.readNoiseADU = 4 }
        #expect(unknown.instrument.readNoiseElectrons == nil && unknown.instrument.readNoiseADU == 4)
        #expect(codes(unknown).contains(.readNoiseUnknown))
        #expect(try facts("RDNOISE = 9.0").instrument.readNoiseElectrons == 9)
        #expect(try facts("SATURATE= 50000").instrument.saturationADU == 50000)
        #expect(try facts("SATURATE= 50000") { $0.saturationADU = 4095 }.instrument.saturationADU == 4095)
    }

    @Test(
        "binning in every spelling",
        arguments: [
            ("XBINNING= 2\nYBINNING= 3", 2, 3), ("XBINNING= '1 '\nYBINNING= '1 '", 1, 1),
            ("BINNING = '2*2     '", 2, 2),
            ("BINNING = '4x2'", 4, 2), ("CCDSUM  = '2 2'", 2, 2), ("BINNING = 3", 3, 3), ("XBINNING= 2.0", 2, 2),
            ("BINNING = '(2, 1)'", 2, 1),
        ])
    func binning(cards: String, x: Int, y: Int) throws {
        let result = try facts(cards)
        #expect(result.binningX == x && result.binningY == y)
        #expect(!codes(result).contains(.binningAssumed))
    }

    @Test("binning that is none falls to the document, with a note")
    func noBinning() throws {
        for cards in ["", "XBINNING= 0", "BINNING = 'none'", "XBINNING= 1.5", "BINNING = '1x2x3'"] {
            let result = try facts(cards) { $0.binning = 2 }
            #expect(result.binningX == 2 && result.binningY == 2 && codes(result).contains(.binningAssumed))
        }
    }

    @Test("temperatures in kelvin, with their word for none, and numbers that are none")
    func temperature() throws {
        #expect(try facts("CCD-TEMP= -34.99\nSET-TEMP= -35").temperatureCelsius == -34.99)
        #expect(try facts("SET-TEMP= -35.").setTemperatureCelsius == -35)
        let kelvin: (inout InstrumentDocument) -> Void = {
            $0.temperatureUnit = .kelvin
            $0.temperatureMissingValue = -1
        }
        #expect(try facts("CAMTEMP = 271.0", kelvin).temperatureCelsius == -2.15)
        let none = try facts("CAMTEMP = -1", kelvin)
        #expect(none.temperatureCelsius == nil && codes(none).contains(.temperatureMissing))
        #expect(!codes(none).contains(.valueIgnored))
        #expect(try facts("CCD-TEMP= -1").temperatureCelsius == -1)
        let mistaken = try facts("CCD-TEMP= 271.0")
        #expect(mistaken.temperatureCelsius == nil && codes(mistaken).contains(.valueIgnored))
        #expect(try facts("CCD-TEMP= -10.0", kelvin).temperatureCelsius == nil)
    }

    @Test("pixel scale: document at its binning, keyword, CD matrix, pixel and focal length")
    func pixelScale() throws {
        let optics = "XPIXSZ  = 4.63\nFOCALLEN= 1480.0\n"
        #expect(try facts("XBINNING= 2\n" + optics) { $0.pixelScaleArcsec = 0.5 }.instrument.pixelScaleArcsec == 1.0)
        #expect(try facts("PIXSCALE= 0.65415\n" + optics).instrument.pixelScaleArcsec == 0.65415)
        // A rotation by 30 degrees of 1 arcsec pixels has |det| = (1/3600)^2 whatever the angle.
        let rotated =
            "CD1_1   = 2.4056261216e-4\nCD1_2   = -1.3888888889e-4\n"
            + "CD2_1   = 1.3888888889e-4\nCD2_2   = 2.4056261216e-4"
        #expect(abs((try facts(rotated).instrument.pixelScaleArcsec ?? 0) - 1) < 1e-8)
        // 4.63 um at 1480 mm is 4.63e-3 / 1480 rad.
        let expected = 4.63e-3 / 1480 * 180 / Double.pi * 3600
        #expect(abs((try facts(optics).instrument.pixelScaleArcsec ?? 0) / expected - 1) < 1e-5)
        #expect(try facts("XPIXSZ  = 9.0\nFOCALLEN= 0.0").instrument.pixelScaleArcsec == nil)
        #expect(try facts("APTDIA  = 392.0").instrument.telescopeApertureMeters == 0.392)
        #expect(try facts("APTDIA  = 0.0").instrument.telescopeApertureMeters == nil)
    }

    @Test("sites in degrees and sexagesimal, positive east or west, and the zero that means unknown")
    func site() throws {
        let south = try #require(
            try facts("SITELAT = '-31 16 24'\nSITELONG= '149 03 52'\nALT-OBS = 1165.").instrument.site)
        #expect(abs(south.latitudeDegrees + (31 + 16.0 / 60 + 24.0 / 3600)) < 1e-12)
        #expect(abs(south.longitudeDegrees - (149 + 3.0 / 60 + 52.0 / 3600)) < 1e-12 && south.elevationMeters == 1165)
        let west = try facts("LATITUDE= 31.68\nLONGITUD= 110.88") { $0.longitudeSign = .westPositive }.instrument.site
        #expect(west?.longitudeDegrees == -110.88)
        let given = try facts("SITELAT = 1.0\nSITELONG= 2.0") {
            $0.site = SiteDocument(latitude: .text("+46:52:00"), longitude: .degrees(-96.45), elevationMeters: 312)
            $0.longitudeSign = .westPositive
        }.instrument.site
        #expect(given?.longitudeDegrees == -96.45 && abs((given?.latitudeDegrees ?? 0) - (46 + 52.0 / 60)) < 1e-12)
        let zero = try facts("SITELAT = 0.0\nSITELONG= 0.0\nLAT-OBS = '51.05'\nLONG-OBS= '3.7'")
        #expect(zero.instrument.site?.latitudeDegrees == 51.05 && codes(zero).contains(.placeholder))
        for cards in ["", "SITELAT = 'hh:mm'\nSITELONG= 'x'", "SITELAT = 95.0\nSITELONG= 1.0"] {
            let missing = try facts(cards)
            #expect(missing.instrument.site == nil && codes(missing).contains(.siteMissing))
        }
    }

    @Test("pointing in hours, degrees and sexagesimal, with placeholders passed over")
    func pointing() throws {
        let both = try facts("RA      = 10.0\nDEC     = 20.0\nOBJCTRA = '18 53 34.930'\nOBJCTDEC= '+33 02 02.625'")
        #expect(abs((both.raDegrees ?? 0) - (18 + 53.0 / 60 + 34.93 / 3600) * 15) < 1e-9)
        #expect(abs((both.decDegrees ?? 0) - (33 + 2.0 / 60 + 2.625 / 3600)) < 1e-9)
        let degrees = try facts("OBJCTRA = '00 00 00'\nOBJCTDEC= '+00 00 00'\nRA      = 31.31\nDEC     = -0.5")
        #expect(degrees.raDegrees == 31.31 && degrees.decDegrees == -0.5 && codes(degrees).contains(.placeholder))
        let hours = try facts("RA      = 5.5\nDEC     = -5.4") { $0.pointingUnits = .hours }
        #expect(hours.raDegrees == 82.5 && hours.decDegrees == -5.4)
        let solved = try facts("CTYPE1  = 'RA---TAN'\nCRVAL1  = 251.3\nCRVAL2  = 89.0")
        #expect(solved.raDegrees == 251.3 && solved.decDegrees == 89)
        for cards in [
            "RA      = 0.0\nDEC     = 0.0", "TELRA   = 'hh:mm:ss.ss'\nTELDEC  = 'hh:mm:ss.ss'",
            "RA      = 400.0\nDEC     = 5.0",
            "RA      = 5.0\nDEC     = 95.0", "CRVAL1  = 5.0\nCRVAL2  = 5.0", "RA      = 5.0",
        ] {
            let missing = try facts(cards)
            #expect(missing.raDegrees == nil && missing.decDegrees == nil && codes(missing).contains(.pointingMissing))
        }
    }

    @Test("airmass below one or beyond the horizon is none")
    func airmass() throws {
        #expect(try facts("AIRMASS = 1.0416").airmass == 1.0416)
        #expect(try facts("AIRMASS = 0.9999").airmass == 1)
        for value in ["'99.99   '", "0.0", "-1", "'None'"] {
            let result = try facts("AIRMASS = " + value)
            #expect(result.airmass == nil && codes(result).contains(.airmassMissing))
        }
    }

    @Test("the trimmed region is half open, and nothing where the margins leave nothing")
    func trim() throws {
        let region = try facts("") { $0.trim = TrimMargins(firstRows: 12, lastColumns: 3) }.instrument.usableRegion
        #expect(region == PixelRegion(x0: 0, x1: 97, y0: 12, y1: 80))
        #expect(TrimMargins(firstRows: 50, lastRows: 40).region(width: 10, height: 80) == nil)
        let nothing = try facts("") { $0.trim = TrimMargins(firstRows: 50, lastRows: 40) }
        #expect(nothing.instrument.usableRegion == nil && codes(nothing).contains(.correctionSkipped))
        #expect(try !codes(facts("") { $0.trim = TrimMargins(firstRows: 12) }).contains(.correctionSkipped))
    }

    @Test("hints for apertures, camera and telescope come through; a camera that does not fit is noted")
    func rest() throws {
        let result = try facts("INSTRUME= 'Main    '\nTELESCOP= 'Cecilia '") {
            $0.photometry.apertureRadiusFWHM = 1.7
            $0.photometry.annulus = Annulus(innerRadiusPixels: 10, outerRadiusPixels: 16)
            $0.match = MatchPatterns(camera: ["Finder*"])
        }
        #expect(result.instrument.camera == "Main" && result.instrument.telescope == "Cecilia")
        #expect(result.instrument.apertureRadiusFWHM == 1.7 && result.instrument.annulusOuterPixels == 16)
        #expect(codes(result).contains(.cameraMismatch))
        #expect(result.notes.map(\.code) == result.notes.map(\.code).sorted())
    }

    @Test("keyword lists of the document replace the usual ones")
    func keywords() throws {
        let result = try facts("EXPTIM2 = 5.0\nGAINEL  = 3.0\nRAX     = '01:00:00'\nDECX    = 10.0") {
            $0.keywords = KeywordPreferences([
                .exposure: ["EXPTIM2"], .gain: ["GAINEL"], .rightAscension: ["RAX"], .declination: ["DECX"],
            ])
        }
        #expect(result.exposureSeconds == 5 && result.instrument.gainElectronsPerADU == 3 && result.raDegrees == 15)
    }
}
