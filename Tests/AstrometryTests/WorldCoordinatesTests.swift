internal import Astrometry
internal import Foundation
internal import Imaging
internal import Sky
internal import Testing

private let core = """
    CRPIX1  = 325.5
    CRPIX2  = 250.5
    CRVAL1  = 31.04283
    CRVAL2  = 46.68783
    CD1_1   = -1.40E-3
    CD1_2   = 2.0E-5
    CD2_1   = 1.7E-5
    CD2_2   = 1.41E-3
    RADESYS = 'ICRS'

    """
private let tan = "CTYPE1  = 'RA---TAN'\nCTYPE2  = 'DEC--TAN'\n" + core
private let sip =
    """
    CTYPE1  = 'RA---TAN-SIP'
    CTYPE2  = 'DEC--TAN-SIP'
    A_ORDER = 3
    B_ORDER = 3
    A_2_0   = 1.2E-6
    A_1_1   = -3.0E-7
    A_0_3   = 2.0E-9
    B_0_2   = -9.0E-7
    B_2_1   = 1.1E-9

    """ + core
private let tpv =
    """
    CTYPE1  = 'RA---TPV'
    CTYPE2  = 'DEC--TPV'
    PV1_1   = 1.0003
    PV1_2   = -0.0002
    PV1_4   = 0.004
    PV1_7   = 0.01
    PV2_1   = 0.9998
    PV2_5   = -0.003
    PV2_7   = 0.02

    """ + core

/// astropy 8.0.2 `all_pix2world` (origin 0) on the headers above.
private let astropyPositions: [(header: String, x: Double, y: Double, ra: Double, dec: Double)] = [
    (tan, 0, 0, 31.693494433803355, 46.32867780667129),
    (tan, 324.5, 249.5, 31.04283, 46.68783),
    (tan, 649, 499, 30.383500785210792, 47.04324485108139),
    (tan, 12.25, 480.75, 31.690661784082078, 47.00675412963008),
    (sip, 0, 0, 31.693346605979876, 46.32856011241761),
    (sip, 324.5, 249.5, 31.04283, 46.68783),
    (sip, 649, 499, 30.38322694489663, 47.04320729654494),
    (sip, 12.25, 480.75, 31.690325314679274, 47.006725913746166),
    (tpv, 0, 0, 31.696271520746514, 46.32830275683482),
    (tpv, 324.5, 249.5, 31.04283, 46.68783),
    (tpv, 649, 499, 30.38303582220114, 47.044564674732634),
    (tpv, 12.25, 480.75, 31.693173039161582, 47.00691068524742),
]

private func corner(_ header: String) throws -> SkyPosition? {
    try WorldCoordinates(HeaderText.header(header)).position(x: 0, y: 0)
}

@Suite struct WorldCoordinatesTests {
    @Test("TAN, SIP and TPV agree with astropy to 1e-9 deg and invert to 1e-6 px", arguments: astropyPositions)
    func astropy(header: String, x: Double, y: Double, ra: Double, dec: Double) throws {
        let coordinates = try WorldCoordinates(HeaderText.header(header))
        let position = coordinates.position(x: x, y: y)
        let sky = try #require(position)
        #expect(abs(sky.raDegrees - ra) < 1e-9)
        #expect(abs(sky.decDegrees - dec) < 1e-9)
        let inverse = coordinates.pixel(of: sky)
        let pixel = try #require(inverse)
        #expect(abs(pixel.x - x) < 1e-6 && abs(pixel.y - y) < 1e-6)
    }

    @Test("sky to pixel agrees with astropy's world2pix (8.0.2)")
    func pixel() throws {
        let sky = try SkyPosition(raDegrees: 31.3, decDegrees: 46.5)
        for (header, x, y) in [
            (tan, 196.1753009255508, 118.03831917804337), (sip, 196.16513979460083, 118.05625023421238),
            (tpv, 196.36859294978078, 118.0324263064889),
        ] {
            let found = try WorldCoordinates(HeaderText.header(header)).pixel(of: sky)
            let pixel = try #require(found)
            #expect(abs(pixel.x - x) < 1e-6 && abs(pixel.y - y) < 1e-6)
        }
    }

    @Test("scale and parity follow from the matrix")
    func scale() throws {
        let plain = try WorldCoordinates(HeaderText.header(tan))
        let found = plain.scale(x: 324.5, y: 249.5)
        let scale = try #require(found)
        #expect(abs(scale.arcsecPerPixel - (1.40e-3 * 1.41e-3).squareRoot() * 3600) < 0.01)
        #expect(!scale.isMirrored)
        let text = tan.replacingOccurrences(of: "CD1_1   = -1.40E-3", with: "CD1_1   = 1.40E-3")
        let mirrored = try WorldCoordinates(HeaderText.header(text)).scale(x: 300, y: 200)
        #expect(mirrored?.isMirrored == true)
    }

    @Test("behind the tangent plane and at NaN there is no pixel and no sky")
    func outside() throws {
        let coordinates = try WorldCoordinates(HeaderText.header(tan))
        let antipode = coordinates.pixel(of: try SkyPosition(raDegrees: 211.04283, decDegrees: -46.68783))
        #expect(antipode == nil)
        let skies = [coordinates.position(x: .nan, y: 0), coordinates.position(x: 0, y: .infinity)]
        #expect(skies == [nil, nil])
    }

    @Test("numbers written as strings, capitals in CUNIT and PC001001 are understood")
    func benevolence() throws {
        let odd =
            tan.replacingOccurrences(of: "= 31.04283", with: "= '31.04283 '")
            .replacingOccurrences(of: "= 46.68783", with: "= 4.668783D+01") + "CUNIT1  = 'DEGREE'\nCUNIT2  = 'Deg'\n"
        let expected = try #require(try corner(tan))
        #expect(try corner(odd) == expected)
    }

    @Test("SIP terms count without -SIP in CTYPE, and -SIP without terms is none")
    func sipSuffix() throws {
        let bare = sip.replacingOccurrences(of: "TAN-SIP", with: "TAN")
        let expected = try #require(try corner(sip))
        #expect(try corner(bare) == expected)
        let empty = tan.replacingOccurrences(of: "TAN'", with: "TAN-SIP'")
        let plain = try #require(try corner(tan))
        #expect(try corner(empty) == plain)
    }

    @Test("a thousand headers open and close without trouble, from several threads")
    func threads() {
        DispatchQueue.concurrentPerform(iterations: 1000) { index in
            do {
                let header = HeaderText.header([tan, sip, tpv][index % 3])
                let sky = try WorldCoordinates(header).position(x: 649, y: 499)
                let again = try WorldCoordinates(header).position(x: 649, y: 499)
                #expect(sky != nil && sky == again)
            } catch {
                Issue.record(error)
            }
        }
    }
}

@Suite struct BrokenHeaderTests {
    @Test(
        "a broken header gives the error that names its fault",
        arguments: [
            ("", "", "the header has no world coordinate system (no CTYPE1)"),
            ("CRVAL1  = 31.04283", "CRVAL1  =", "the world coordinate system lacks CRVAL1"),
            ("CRPIX2  = 250.5", "CRPIX2  = 'abc'", "CRPIX2 = \"abc\" is not what the keyword promises"),
            ("CRVAL2  = 46.68783", "CRVAL2  = NaN", "CRVAL2 = \"nan\" is not what the keyword promises"),
            ("CTYPE2  = 'DEC--TAN'", "CTYPE2  =", "the world coordinate system lacks CTYPE2"),
            (
                "RA---TAN", "GLON-TAN", "sky coordinates are GLON-TAN, DEC--TAN, not ICRS or FK5 J2000"
            ),
            (
                "RA---TAN", "FREQ", "CTYPE1 = \"FREQ\", CTYPE2 = \"DEC--TAN\" are not right ascension and declination"
            ),
            ("'ICRS'", "'FK4'", "sky coordinates are FK4, not ICRS or FK5 J2000"),
            ("RADESYS = 'ICRS'", "EQUINOX = 1950.0", "sky coordinates are FK4 1950.0, not ICRS or FK5 J2000"),
            ("RADESYS = 'ICRS'", "EQUINOX = 2017.9", "sky coordinates are FK5 2017.9, not ICRS or FK5 J2000"),
            ("RADESYS = 'ICRS'", "CPDIS1  = 'LOOKUP'", "CPDIS1 = \"LOOKUP\" is not supported"),
            ("RADESYS = 'ICRS'", "A_ORDER = 2", "the world coordinate system lacks B_ORDER"),
            (
                "CD1_1   = -1.40E-3\nCD1_2   = 2.0E-5\nCD2_1   = 1.7E-5\nCD2_2   = 1.41E-3",
                "CD1_1   = 1.0\nCD1_2   = 1.0\nCD2_1   = 1.0\nCD2_2   = 1.0",
                "the world coordinate system is invalid: the matrix is singular: both axes have one direction "
                    + "(CD1_1, CD1_2, CD2_1, CD2_2)"
            ),
            (
                "CD1_1   = -1.40E-3\nCD1_2   = 2.0E-5\nCD2_1   = 1.7E-5\nCD2_2   = 1.41E-3",
                "CDELT1  = 14.0\nCDELT2  = 14.0",
                "the world coordinate system is invalid: a pixel of 14.0 degrees (CDELT1, CDELT2)"
            ),
            (
                "CD1_1   = -1.40E-3\nCD1_2   = 2.0E-5\nCD2_1   = 1.7E-5\nCD2_2   = 1.41E-3",
                "CD1_1   = 1E-4\nCD2_2   = 0.1",
                "the world coordinate system is invalid: pixels 1000 times as long as wide "
                    + "(CD1_1, CD1_2, CD2_1, CD2_2)"
            ),
            (
                "CD1_1   = -1.40E-3\nCD1_2   = 2.0E-5\nCD2_1   = 1.7E-5\nCD2_2   = 1.41E-3",
                "CD1_1   = 0.0\nCD2_2   = 1.4E-3",
                "the world coordinate system is invalid: the pixel scale is zero (CD1_1, CD1_2, CD2_1, CD2_2)"
            ),
            (
                "CD1_1   = -1.40E-3\nCD1_2   = 2.0E-5\nCD2_1   = 1.7E-5\nCD2_2   = 1.41E-3", "EXPTIME = 3",
                "the world coordinate system lacks CD1_1 (or CDELT1)"
            ),
            (
                "TAN", "XYZ",
                "the world coordinate system is invalid: inconsistent or unrecognised coordinate axis types"
            ),
        ])
    func broken(find: String, replace: String, message: String) {
        let text = find.isEmpty ? "" : tan.replacingOccurrences(of: find, with: replace)
        let error = #expect(throws: WorldCoordinatesError.self) { _ = try WorldCoordinates(HeaderText.header(text)) }
        #expect(error?.description == message)
    }

    @Test("hostile cards never crash: huge orders, huge numbers, quotes, long and non-ASCII text, many axes")
    func hostile() {
        let attacks = [
            "A_ORDER = 999\nB_ORDER = 999", "A_ORDER = 9\nB_ORDER = 9\nA_9_9  = 1E300", "CRVAL1  = 1E308",
            "CRPIX1  = -1E308",
            "CD1_1   = 1E-300", "CTYPE1  = 'RA---TAN''''", "CTYPE1  = 'RA---Ü'", "WCSAXES = 99", "WCSAXES = -1",
            "WCSAXES = 1E9",
            "PV1_99  = 3", "PV2_999 = 3", "LONPOLE = 1E300", "CUNIT1  = 'parsec'",
            "CUNIT1  = '\(String(repeating: "x", count: 68))'",
            "CTYPE99 = 'RA---TAN'", "CTYPE3  = 'FREQ'\nCD3_1   = 7", "A_ORDER = 2.5\nB_ORDER = 2",
            "WAT1_001= 'wtype=tnx axtype=ra'",
            "CRVAL2  = 95", "LATPOLE = -999", "PC1_1   = 0\nPC2_2   = 0", "AMDX1   = 1E99\nAMDY1   = 1E99",
        ]
        for attack in attacks {
            for base in [tan, sip, tpv] {
                let changed = Set(attack.split(separator: "\n").map { $0.prefix(8) })
                let kept = base.split(separator: "\n").filter { !changed.contains($0.prefix(8)) }.joined(
                    separator: "\n")
                do {
                    let coordinates = try WorldCoordinates(HeaderText.header(attack + "\n" + kept))
                    if let sky = coordinates.position(x: 5, y: 5) { _ = coordinates.pixel(of: sky) }
                } catch {
                    #expect(!error.description.isEmpty)
                }
            }
        }
    }
}
