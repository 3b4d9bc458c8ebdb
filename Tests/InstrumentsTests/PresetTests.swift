import Foundation
import Imaging
import Instruments
import Sky
import Testing

private func facts(_ text: String) throws -> ExposureFacts {
    try normalise(header: header(text), width: 10, height: 10, instrument: .automatic(id: "any"))
}

/// What each program's frame must say; the headers are written here from the programs' own conventions.
@Suite("presets")
struct PresetTests {
    @Test(
        "programs are recognised by what they sign with",
        arguments: [
            ("CREATOR = 'Sequence Generator Pro v3.1.0.479'", "sgp"), ("SWCREATE= 'MaxIm DL Version 5.24'", "maximdl"),
            ("SWCREATE= 'Astro Photography Tool - APT v.3.54.1'", "apt"), ("SWCREATE= 'SharpCap'", "sharpcap"),
            ("SWCREATE= 'N.I.N.A. 1.10.2.90'", "nina"), ("ORIGIN  = 'DWARFLAB'", "dwarf"),
            ("CREATOR = 'ZWO Seestar S50'", "seestar"), ("CREATOR = 'ZWO ASIAIR Plus'", "asiair"),
            ("SOFTWARE= 'Astro Pixel Processor by A'", "app"),
            ("CREATOR = 'MicroObservatory2014-05-23'", "microobservatory"),
        ])
    func recognised(card: String, preset: String) throws {
        let result = try facts(card + "\nIMAGETYP= 'light'\nEXPTIME = 1\nDATE-OBS= '2020-01-01T00:00:00'")
        #expect(result.software == [preset])
        #expect(SoftwarePreset.named(preset) != nil)
    }

    @Test("a preset can be named instead of recognised")
    func named() throws {
        var document = InstrumentDocument(id: "a")
        document.software = ["sharpcap"]
        let frame = header("EXPTIME = 2\nDATE-OBS= '2020-01-01T00:00:02' / System Clock-Frame Grabbed")
        let result = try normalise(header: frame, width: 1, height: 1, instrument: document)
        #expect(result.startMJDUTC == 58849 && result.software == ["sharpcap"])
    }

    @Test("SharpCap's comment says which moment is meant, unless the document does")
    func sharpCap() throws {
        for (comment, offset) in [
            ("System Clock-Frame Grabbed", -2.0), ("System Clock:Est. Frame Start", 0), ("Mid Point", -1),
        ] {
            let result = try facts("SWCREATE= 'SharpCap v4'\nEXPTIME = 2\nDATE-OBS= '2020-01-01T12:00:00' / \(comment)")
            #expect(abs(result.startMJDUTC - 58849.5 - offset / 86400) < 2e-9)
            #expect(result.kind == .light)
        }
    }

    @Test("DWARF: right ascension in hours, binning '2*2', zero pointing is none, GAIN is a setting")
    func dwarf() throws {
        let common =
            "ORIGIN  = 'DWARFLAB'\nEXP     = 15.\nDATE-OBS= '2023-06-10T21:38:19.442'\n"
            + "BINNING = '2*2     '\nGAIN    = 110\n"
        let result = try facts(common + "RA      = 6.0 / [h]\nDEC     = 20.5")
        #expect(result.raDegrees == 90 && result.binningX == 2 && result.exposureSeconds == 15)
        #expect(result.instrument.gainSource == .unknown)
        #expect(try facts(common + "RA      = 0.\nDEC     = 0.").raDegrees == nil)
    }

    @Test("every header of real programs is understood or refused for the right reason")
    func realHeaders() throws {
        guard let shared = Places.shared else {
            print("skipped: no ../shared/data beside the checkout (headers of acquisition programs)")
            return
        }
        let file = shared.appending(path: "data/headers/acquisition-software-headers.json")
        let texts = try JSONDecoder().decode([String: String].self, from: Data(contentsOf: file))
        for (name, expected) in realPrograms {
            let result = try facts(try #require(texts[name]))
            #expect(result.software == expected.software, "\(name)")
            #expect(result.kind == .light, "\(name)")
            #expect(result.exposureSeconds == expected.seconds, "\(name)")
            #expect(result.binningX == expected.binning, "\(name)")
            #expect(result.instrument.gainElectronsPerADU == expected.gain, "\(name)")
            #expect(result.object == expected.object, "\(name)")
            #expect(result.temperatureCelsius == expected.temperature, "\(name)")
            #expect(isNear(result.midpointMJDUTC, expected.midpoint, 1e-8), "\(name)")
            #expect(isNear(result.raDegrees, expected.ra, 1e-4), "\(name)")
            #expect(isNear(result.instrument.site?.longitudeDegrees, expected.longitude, 1e-4), "\(name)")
            #expect(isNear(result.instrument.pixelScaleArcsec, expected.scale, 1e-3), "\(name)")
        }
        for name in ["header_app", "header_app2", "wcs_header_m106"] {
            #expect(throws: HeaderRejection.self, "\(name)") { try facts(try #require(texts[name])) }
        }
    }
}

private func isNear(_ value: Double?, _ expected: Double?, _ tolerance: Double) -> Bool {
    guard let value, let expected else { return (value == nil) == (expected == nil) }
    return abs(value - expected) <= tolerance
}

private struct Expected {
    var software: [String]
    var seconds: Double
    /// MJD of the calendar date (fixed by hand) plus seconds of the day, exposure half added.
    var midpoint: Double
    var binning = 1
    var gain: Double?
    var object: String?
    var temperature: Double?
    var ra: Double?
    var longitude: Double?
    var scale: Double?
}

/// Read off the headers by eye. MJDs of the days: 2020-05-30 58999, 2018-07-04 58303, 2018-09-17 58378, 2019-04-29
/// 58602, 2021-03-02 59275, 2023-06-10 60105, 2025-05-13 60808, 2022-03-07 59645.
private let realPrograms: [(String, Expected)] = [
    (
        "sgp_header",
        Expected(
            software: ["sgp"], seconds: 30, midpoint: 58999 + (22 * 60 + 49.096882 + 15) / 86400,
            gain: 3.99000000953674,
            object: "M57", temperature: -17.5, ra: 283.39554, longitude: 3.716667, scale: 0.65415)
    ),
    (
        "header_maximdl",
        Expected(
            software: ["maximdl"], seconds: 300, midpoint: 58303 + (14 * 3600 + 183 + 150) / 86400.0, object: "m17",
            temperature: -34.99380225, ra: 275.2005, longitude: 149.064444, scale: 1.0711)
    ),
    (
        "header_apt",
        Expected(
            software: ["apt"], seconds: 240, midpoint: 58378 + (21 * 3600 + 4 * 60 + 46 + 120) / 86400.0,
            gain: 1.00224268436432, object: "TEST", ra: 23.75, longitude: 3.683333, scale: 2.38752)
    ),
    (
        "header_sharpcap",
        Expected(
            software: ["sharpcap"], seconds: 2, midpoint: 58602 + (20 * 3600 + 25 * 60 + 29.8219583 - 1) / 86400,
            temperature: 12.7, ra: 251.337418, scale: 3.165)
    ),
    (
        "header_nina",
        Expected(
            software: ["nina"], seconds: 30, midpoint: 59275 + (20 * 3600 + 19 * 60 + 0.455 + 15) / 86400,
            gain: 1.00224268436432, object: "MarsM45", temperature: -10)
    ),
    (
        "header_dwarflab",
        Expected(
            software: ["dwarf"], seconds: 15, midpoint: 60105 + (21 * 3600 + 38 * 60 + 19.442 + 7.5) / 86400, binning: 2
        )
    ),
    (
        "header_seestar",
        Expected(
            software: ["seestar"], seconds: 10, midpoint: 60808 + (22 * 3600 + 48 * 60 + 35.751879 + 5) / 86400,
            object: "NGC 6027A", temperature: 21.875, ra: 240.1125, longitude: 3.69361, scale: 2.374)
    ),
    (
        "header_pixinsight",
        Expected(
            software: [], seconds: 120, midpoint: 59645 + (21 * 3600 + 58 * 60 + 44.06 + 60) / 86400, gain: 3.62,
            object: "Abell 1185", ra: 167.64258, longitude: 3.716667, scale: 1.2413)
    ),
]
