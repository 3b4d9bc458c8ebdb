internal import Sky
internal import Testing

@Suite struct AngleTests {
    @Test(
        "right ascension is read in every common form",
        arguments: [
            ("05:34:31.9", 83.63291666666667), ("05 34 31.9", 83.63291666666667), ("5h34m31.9s", 83.63291666666667),
            ("5h 34m 31.9s", 83.63291666666667), ("83.63291666666667", 83.63291666666667), ("05:34.5", 83.625),
            ("  83.633 ", 83.633), ("83d37m58.5s", 83.63291666666667), ("0", 0.0), ("23:59:60.0", 0.0),
            ("12h", 180.0), ("1e-05", 0.00001), ("359.99999", 359.99999), ("-10", 350.0),
        ])
    func rightAscension(text: String, degrees: Double) throws {
        let position = try SkyPosition(ra: text, dec: "0")
        #expect(abs(position.raDegrees - degrees) < 1e-11)
    }

    @Test(
        "declination keeps its sign, that of a negative zero too",
        arguments: [
            ("+22d00m52s", 22.014444444444444), ("-31 16 24", -31.273333333333333), ("-00:00:01", -1.0 / 3600),
            ("-00 30 00", -0.5), ("\u{2212}00 30", -0.5), ("22°00'52\"", 22.014444444444444), ("+90:00:00", 90.0),
            ("-0.5", -0.5), ("46.68783", 46.68783), ("+22:00:52.20", 22.0145), ("- 31 16 24", -31.273333333333333),
        ])
    func declination(text: String, degrees: Double) throws {
        let position = try SkyPosition(ra: "0", dec: text)
        #expect(abs(position.decDegrees - degrees) < 1e-11)
    }

    @Test(
        "what is no angle is refused with the name of the quantity and the text",
        arguments: [
            "", "  ", "abc", "12:61:00", "12:00:61", "1:2:3:4", "12.5:30:00", "nan", "inf", "0x10", "1..2", "--5",
            "12:", "5h34h",
            "+", ".", "10:00:-5", "91", "-90:00:01", "1e999", "5 34 31.9 N", "12 : 30",
        ])
    func refused(text: String) {
        #expect(throws: SkyError.self) { try SkyPosition(ra: "0", dec: text) }
    }

    @Test("an error says what was read and why it failed")
    func errorText() throws {
        let error = #expect(throws: SkyError.self) { try SkyPosition(ra: "05:75:00", dec: "0") }
        #expect(try #require(error).description == "right ascension \"05:75:00\" cannot be read: minutes reach 60")
    }

    @Test("numbers outside the sphere are refused", arguments: [Double.nan, .infinity, 91, -91])
    func outside(declination: Double) {
        #expect(throws: SkyError.self) { try SkyPosition(raDegrees: 0, decDegrees: declination) }
    }

    @Test("separation follows from geometry: a quarter turn, antipodes, a micro-arcsecond, across RA 0")
    func separation() throws {
        let pole = try SkyPosition(raDegrees: 12, decDegrees: 90)
        let equator = try SkyPosition(raDegrees: 200, decDegrees: 0)
        #expect(abs(pole.separationDegrees(from: equator) - 90) < 1e-12)
        let antipode = try SkyPosition(raDegrees: 20, decDegrees: 0)
        #expect(abs(equator.separationDegrees(from: antipode) - 180) < 1e-12)
        let near = try SkyPosition(raDegrees: 200, decDegrees: 1e-6 / 3600)
        #expect(abs(equator.separationDegrees(from: near) * 3600 - 1e-6) < 1e-12)
        let west = try SkyPosition(raDegrees: 359.9, decDegrees: 60)
        let east = try SkyPosition(raDegrees: 0.1, decDegrees: 60)
        #expect(abs(west.separationDegrees(from: east) - 0.1) < 1e-6)
        #expect(abs(west.offset(to: east).positionAngleDegrees - 90) < 0.1)
    }
}
