internal import CERFA
internal import Glibc

extension SkyPosition {
    /// Heliocentric Julian Date in UTC of light from here that arrives at a moment at a site, or at the geocentre [d].
    ///
    ///     HJD_UTC = JD_UTC + r . n / c
    ///
    /// r: the observer from the Sun (ERFA `eraEpv00` plus the site's geocentric position; the geocentre without a site,
    /// then up to 21 ms off), n: the unit vector to the position. Programs that write HJD use different theories of the
    /// Sun: take others' dates to be good to 0.1 s.
    /// - Source: Eastman, Siverd & Gaudi 2010, PASP 122, 935.
    public func heliocentricJulianDateUTC(at instant: UTCInstant, from site: Site? = nil) -> Double {
        mjdZero + (instant.mjd + heliocentricLightDays(at: instant, from: site))
    }

    /// The moment at the geocentre, or at a site, whose Barycentric Julian Date in TDB is the given one: found by
    /// iteration, to less than 0.1 ms.
    ///
    /// - Throws: `SkyError.outOfRange` when it is no date.
    public func instant(barycentricJulianDateTDB date: Double, from site: Site?) throws(SkyError) -> UTCInstant {
        var instant = try UTCInstant(mjd: date - mjdZero)
        // UTC and TDB are a minute apart, the light time at most 8.4 min, its rate at most 1e-4.
        for _ in 0..<4 {
            let days = date - barycentricJulianDateTDB(at: instant, from: site)
            instant = try instant.adding(seconds: days * 86_400)
        }
        return instant
    }

    /// The moment at the geocentre, or at a site, whose Heliocentric Julian Date in UTC is the given one, by iteration.
    ///
    /// - Throws: `SkyError.outOfRange` when it is no date.
    public func instant(
        heliocentricJulianDateUTC date: Double, from site: Site? = nil
    ) throws(SkyError) -> UTCInstant {
        let heliocentric = date - mjdZero
        var instant = try UTCInstant(mjd: heliocentric)
        for _ in 0..<3 {
            instant = try UTCInstant(mjd: heliocentric - heliocentricLightDays(at: instant, from: site))
        }
        return instant
    }

    /// Light time from the observer to the Sun's centre along the line of sight [d].
    private func heliocentricLightDays(at instant: UTCInstant, from site: Site?) -> Double {
        let place = Observer(at: instant, from: site)
        return (place.barycentric - place.sunBarycentric).dot(unitVector) * lightSecondsPerAU / 86_400
    }
}
