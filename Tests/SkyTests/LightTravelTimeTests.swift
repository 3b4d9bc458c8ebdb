import Sky
import Testing

@Suite("Light travel time")
struct LightTravelTimeTests {
    /// astropy 8.0.2, `Time.light_travel_time(coord, 'heliocentric', ephemeris='builtin')` at the geocentre.
    @Test(
        "heliocentric dates equal astropy's to a millisecond",
        arguments: [
            (31.0428, 46.6879, 58107.2001, 310.125410), (31.0428, 46.6879, 51544.5, 244.389119),
            (31.0428, 46.6879, 60500.123456, -210.209844), (31.0428, 46.6879, 40000.0, -410.648123),
            (267.555, -6.7079, 58107.2001, -470.185512), (267.555, -6.7079, 60500.123456, 457.733034),
            (269.0, 66.56, 51544.5, 0.632502), (90.0, -66.5, 40000.0, -0.444839),
        ])
    func heliocentric(ra: Double, dec: Double, mjd: Double, seconds: Double) throws {
        let date = try SkyPosition(raDegrees: ra, decDegrees: dec).heliocentricJulianDateUTC(at: UTCInstant(mjd: mjd))
        #expect(abs((date - 2_400_000.5 - mjd) * 86_400 - seconds) < 0.001)
    }

    @Test(
        "the way back from heliocentric and barycentric dates ends where it began, also beside a leap second",
        arguments: [(31.0428, 46.6879), (267.555, -6.7079), (90.0, 89.9)],
        [58107.2001, 51544.5, 57753.999, 57754.0001, 15021.5, 88000.25])
    func back(position: (Double, Double), mjd: Double) throws {
        let star = try SkyPosition(raDegrees: position.0, decDegrees: position.1)
        let instant = try UTCInstant(mjd: mjd)
        let site = try Site(latitudeDegrees: 40, longitudeDegrees: -110, elevationMeters: 2000)
        let hjd = star.heliocentricJulianDateUTC(at: instant)
        #expect(abs(try star.instant(heliocentricJulianDateUTC: hjd).mjd - mjd) * 86_400 < 1e-4)
        for place in [nil, site] {
            let bjd = star.barycentricJulianDateTDB(at: instant, from: place)
            let found = try star.instant(barycentricJulianDateTDB: bjd, from: place)
            #expect(abs(found.seconds(since: instant)) < 1e-4)
        }
    }
}
