import Foundation
import Sky
import Testing

@Suite("Times, Sun and Moon")
struct ObservingConditionsTests {
    @Test("TAI, BJD_TDB, HJD, altitudes and the Moon agree with astropy", arguments: peerRows)
    func peer(row: PeerRow) throws {
        let position = try SkyPosition(raDegrees: row.position[0], decDegrees: row.position[1])
        let site = try Site(
            latitudeDegrees: row.place[0], longitudeDegrees: row.place[1], elevationMeters: row.place[2])
        let instant = try UTCInstant(iso8601: row.time)
        #expect(abs(instant.mjdTAI - row.tai) * 86_400 < 1e-5)
        let bjd = position.barycentricJulianDateTDB(at: instant, from: site) - 2_400_000.5
        #expect(abs(bjd - row.bjd) * 86_400 < 0.0002)
        let hjd = position.heliocentricJulianDateUTC(at: instant, from: site) - 2_400_000.5
        #expect(abs((hjd - instant.mjd) * 86_400 - row.light) < 0.0002)
        let back = try position.instant(heliocentricJulianDateUTC: hjd + 2_400_000.5, from: site)
        #expect(abs(back.seconds(since: instant)) < 0.0002)
        let conditions = ObservingConditions(position, at: instant, from: site)
        #expect(abs(conditions.target.altitudeDegrees - row.altitude) < 0.0005)
        let across = cos(row.altitude * .pi / 180) * abs(conditions.target.azimuthDegrees - row.azimuth)
        #expect(min(across, 360 * cos(row.altitude * .pi / 180) - across) < 0.0005)
        #expect(abs(conditions.sunAltitudeDegrees - row.sun) < 0.002)
        #expect(abs(conditions.moonAltitudeDegrees - row.moon) < 0.002)
        #expect(abs(conditions.moonSeparationDegrees - row.separation) < 0.012)
        #expect(abs(conditions.moonIlluminatedFraction - row.lit) < 0.0002)
    }

    @Test("a solar eclipse: Moon before the Sun where it is total, beside it far away, and dark")
    func eclipse() throws {
        // Total at Mazatlan on 8 April 2024, 18:09:30 UTC (NASA, 23.25 N 106.42 W).
        let instant = try UTCInstant(iso8601: "2024-04-08T18:09:30Z")
        let mazatlan = try Site(latitudeDegrees: 23.25, longitudeDegrees: -106.42, elevationMeters: 10)
        let apart = mazatlan.sun(at: instant).separationDegrees(from: mazatlan.moon(at: instant))
        #expect(apart < 0.02)
        #expect(mazatlan.moonIlluminatedFraction(at: instant) < 1e-6)
        let lima = try Site(latitudeDegrees: -12.05, longitudeDegrees: -77.04, elevationMeters: 150)
        #expect(lima.sun(at: instant).separationDegrees(from: lima.moon(at: instant)) > 0.5)
    }

    @Test("at a pole the Sun's altitude is its declination, at every longitude and hour")
    func pole() throws {
        for hour in stride(from: 0.0, to: 24, by: 6) {
            for longitude in [-180.0, 0, 77.7, 360] {
                let instant = try UTCInstant(mjd: 60_480.0 + hour / 24)
                let site = try Site(latitudeDegrees: 90, longitudeDegrees: longitude, elevationMeters: 0)
                let conditions = ObservingConditions(site.moon(at: instant), at: instant, from: site)
                #expect(abs(conditions.sunAltitudeDegrees - site.sun(at: instant).decDegrees) < 0.15)
                #expect(conditions.moonSeparationDegrees < 1e-6)
            }
        }
    }

    @Test("every value is finite on every day that a date can name, and a site's coordinates are checked")
    func hostile() throws {
        for mjd in [-678_575.0, -50_000, 0, 41_317, 88_069, 200_000, 2_973_483.5] {
            for place in [(90.0, 180.0, 50_000.0), (-90, -180, -500), (0, 0, 0)] {
                let site = try Site(
                    latitudeDegrees: place.0, longitudeDegrees: place.1, elevationMeters: place.2)
                let conditions = ObservingConditions(
                    try SkyPosition(raDegrees: 0, decDegrees: 90), at: try UTCInstant(mjd: mjd), from: site)
                let values = [
                    conditions.target.altitudeDegrees, conditions.sunAltitudeDegrees, conditions.moonAltitudeDegrees,
                    conditions.moonSeparationDegrees,
                ]
                #expect(values.allSatisfy { $0.isFinite }, "\(mjd) \(place)")
                #expect((0...1).contains(conditions.moonIlluminatedFraction))
            }
        }
        for (latitude, longitude, elevation) in [
            (Double.nan, 0.0, 0.0), (90.0001, 0, 0), (0, -180.1, 0), (0, .infinity, 0), (0, 0, 1e9), (0, 0, -6_378_137),
        ] {
            #expect(throws: SkyError.self) {
                try Site(latitudeDegrees: latitude, longitudeDegrees: longitude, elevationMeters: elevation)
            }
        }
    }
}
