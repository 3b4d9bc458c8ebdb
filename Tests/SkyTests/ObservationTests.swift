internal import Sky
internal import Testing

/// One row of astropy 8.0.2 (`Time.tdb + light_travel_time` with the built-in ephemeris; `AltAz` without pressure).
struct AstropyRow: Sendable {
    let time: String
    let (ra, dec): (Double, Double)
    let (latitude, longitude, elevation): (Double, Double, Double)
    let bjd: Double
    let (altitude, azimuth): (Double, Double)
}

private let transit = (31.04283, 46.68783)
private let southern = (210.8, -54.3)
private let whipple = (31.6811, -110.8833, 1268.0)
private let pachon = (-30.24, -70.74, 2663.0)

private func row(
    _ time: String, _ position: (Double, Double), _ site: (Double, Double, Double), _ bjd: Double, _ altitude: Double,
    _ azimuth: Double
) -> AstropyRow {
    AstropyRow(
        time: time, ra: position.0, dec: position.1, latitude: site.0, longitude: site.1, elevation: site.2,
        bjd: 2_400_000 + bjd, altitude: altitude, azimuth: azimuth)
}

private let astropyRows = [
    row("2017-12-20T04:57:00", transit, whipple, 58107.71066753336, 67.93531685383518, 319.18593901579123),
    row("2017-12-20T04:57:00", transit, pachon, 58107.71066728607, -4.674636485301781, 322.9954483819009),
    row("2017-12-20T04:57:00", southern, pachon, 58107.7035463317, 9.696912823414944, 148.75491889524966),
    row("2016-12-31T23:59:60.5", transit, whipple, 57754.50363860987, 55.09700025612174, 52.28109387684546),
    row("1999-06-15T12:00:00", southern, whipple, 51345.00456174283, -43.4000847653799, 223.13269214775926),
    row("2026-03-01T06:07:08.9", transit, whipple, 61100.753754792415, 11.419637386979186, 318.5461020526595),
    row("2026-03-01T06:07:08.9", southern, pachon, 61100.7573397788, 57.124326602645006, 146.3518679314109),
    row("2015-06-30T12:00:00", southern, whipple, 57204.003818606114, -51.73617890479319, 220.53913468266734),
]

@Suite struct ObservationTests {
    @Test("BJD_TDB, altitude and azimuth agree with astropy", arguments: astropyRows)
    func astropy(row: AstropyRow) throws {
        let position = try SkyPosition(raDegrees: row.ra, decDegrees: row.dec)
        let site = try Site(
            latitudeDegrees: row.latitude, longitudeDegrees: row.longitude, elevationMeters: row.elevation)
        let instant = try UTCInstant(iso8601: row.time)
        let bjd = position.barycentricJulianDateTDB(at: instant, from: site)
        #expect(abs(bjd - row.bjd) * 86_400 < 0.0002)
        let geocentric = position.barycentricJulianDateTDB(at: instant, from: nil)
        #expect(abs(geocentric - row.bjd) * 86_400 < 0.0215)
        let horizontal = position.horizontal(at: instant, from: site)
        #expect(abs(horizontal.altitudeDegrees - row.altitude) < 0.005)
        #expect(abs(horizontal.azimuthDegrees - row.azimuth) < 0.01)
    }

    @Test(
        "time scales agree with astropy 8.0.2, also in a leap second, before 1972 and after the leap-second table",
        arguments: [
            ("2017-12-20T04:57:00", 58107.20625, 58107.20667824074, 58107.20705073609),
            ("2016-12-31T23:59:60.500", 57753.99999421303, 57754.000422453704, 57754.00079495313),
            ("2015-06-30T12:00:00", 57203.49999421303, 57203.50040509259, 57203.50077759405),
            ("2045-03-01T06:07:08.9", 68040.25496412037, 68040.25539236111, 68040.25576487718),
            ("1965-05-05T05:05:05", 38885.211863425924, 38885.211907420235, 38885.21227993656),
        ])
    func scales(time: String, utc: Double, tai: Double, tdb: Double) throws {
        let instant = try UTCInstant(iso8601: time)
        #expect(abs(instant.mjd - utc) < 2e-11)
        #expect(abs(instant.mjdTAI - tai) < 2e-11)
        #expect(abs(instant.mjdTT - tai - 32.184 / 86_400) < 2e-11)
        #expect(abs(instant.mjdTDB - tdb) < 5e-11)
        #expect(abs(try UTCInstant(mjdTAI: tai).mjd - utc) < 2e-11)
    }

    @Test("airmass follows Pickering: 1 at the zenith, 2 near 30 degrees, high at the horizon, none below")
    func airmass() throws {
        func airmass(_ altitude: Double) throws -> Double? {
            // A star that culminates at the given altitude, seen at 1 Jan 2000 from the meridian of its hour angle
            // zero.
            let site = try Site(latitudeDegrees: 90, longitudeDegrees: 0, elevationMeters: 0)
            let instant = try UTCInstant(iso8601: "2000-01-01T00:00:00")
            return try SkyPosition(raDegrees: 0, decDegrees: altitude).horizontal(at: instant, from: site).airmass
        }
        #expect(abs(try #require(try airmass(90)) - 1) < 1e-6)
        #expect(abs(try #require(try airmass(30)) - 1.993) < 0.004)
        #expect(abs(try #require(try airmass(10)) - 5.58) < 0.05)
        #expect((25.0...40).contains(try #require(try airmass(0.01))))
        #expect(try airmass(-0.02) == nil)
        #expect(try airmass(-90) == nil)
    }

    @Test("the night is that of the evening at the site")
    func night() throws {
        let arizona = try Site(latitudeDegrees: 31.7, longitudeDegrees: -110.9, elevationMeters: 1268)
        let zealand = try Site(latitudeDegrees: -44, longitudeDegrees: 170.5, elevationMeters: 1029)
        let instant = try UTCInstant(dateObserved: "2017-12-19T18:33:43.317-0700")
        #expect(ObservingNight(containing: instant, at: arizona).date == "2017-12-19")
        #expect(ObservingNight(containing: instant, at: nil).date == "2017-12-19")
        #expect(ObservingNight(containing: instant, at: zealand).date == "2017-12-20")
        let dawn = try UTCInstant(dateObserved: "2018-01-01T12:30:00Z")
        #expect(ObservingNight(containing: dawn, at: arizona).date == "2017-12-31")
        #expect(ObservingNight(containing: dawn, at: nil).date == "2018-01-01")
    }

    @Test("a night runs from noon to noon, and its end begins the next one")
    func nightBounds() throws {
        let site = try Site(latitudeDegrees: -30, longitudeDegrees: 289.26, elevationMeters: 2663)
        let night = try ObservingNight(date: "2024-02-28", at: site)
        #expect(abs(night.startMJD - (60_368.5 + 70.74 / 360)) < 1e-9)
        #expect(abs(night.endMJD - night.startMJD - 1) < 1e-9)
        let lastMoment = try UTCInstant(mjd: night.endMJD - 1e-6)
        #expect(ObservingNight(containing: lastMoment, at: site) == night)
        let next = ObservingNight(containing: try UTCInstant(mjd: night.endMJD + 1e-6), at: site)
        #expect(next.date == "2024-02-29")
        #expect(night < next)
        #expect(throws: SkyError.self) { try ObservingNight(date: "2024-02-30", at: nil) }
    }

    @Test("a site outside the Earth's coordinates is refused")
    func site() throws {
        #expect(throws: SkyError.self) { try Site(latitudeDegrees: 91, longitudeDegrees: 0, elevationMeters: 0) }
        #expect(throws: SkyError.self) { try Site(latitudeDegrees: 0, longitudeDegrees: 361, elevationMeters: 0) }
        #expect(throws: SkyError.self) { try Site(latitudeDegrees: 0, longitudeDegrees: 0, elevationMeters: .nan) }
        #expect(try Site(latitudeDegrees: 0, longitudeDegrees: 249.1167, elevationMeters: 0).longitudeDegrees < 0)
    }
}
