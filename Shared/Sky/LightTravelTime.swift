internal import CERFA
internal import Glibc

extension SkyPosition {
    /// Heliocentric Julian Date in UTC of light from here that arrives at the geocentre at a moment [d].
    ///
    ///     HJD_UTC = JD_UTC + r . n / c
    ///
    /// r: the Earth from the Sun (ERFA `eraEpv00`), n: the unit vector to the position. Programs that write HJD use
    /// different theories of the Sun, and the light time from the observer to the geocentre (up to 21 ms) is left out:
    /// take it to be good to 0.1 s.
    /// - Source: Eastman, Siverd & Gaudi 2010, PASP 122, 935.
    public func heliocentricJulianDateUTC(at instant: UTCInstant) -> Double {
        mjdZero + (instant.mjd + heliocentricLightDays(at: instant))
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

    /// The moment at the geocentre whose Heliocentric Julian Date in UTC is the given one, by iteration.
    ///
    /// - Throws: `SkyError.outOfRange` when it is no date.
    public func instant(heliocentricJulianDateUTC date: Double) throws(SkyError) -> UTCInstant {
        let heliocentric = date - mjdZero
        var instant = try UTCInstant(mjd: heliocentric)
        for _ in 0..<3 { instant = try UTCInstant(mjd: heliocentric - heliocentricLightDays(at: instant)) }
        return instant
    }

    /// Light time from the geocentre to the Sun's centre along the line of sight [d].
    private func heliocentricLightDays(at instant: UTCInstant) -> Double {
        var heliocentric = [Double](repeating: 0, count: 6)
        var barycentric = [Double](repeating: 0, count: 6)
        heliocentric.withUnsafeMutableBufferPointer { first in
            barycentric.withUnsafeMutableBufferPointer { second in
                first.withMemoryRebound(to: (Double, Double, Double).self) { earthSun in
                    second.withMemoryRebound(to: (Double, Double, Double).self) { earthBarycentre in
                        _ = eraEpv00(mjdZero, instant.mjdTT, earthSun.baseAddress, earthBarycentre.baseAddress)
                    }
                }
            }
        }
        let (ra, dec) = (raDegrees.radians, decDegrees.radians)
        let path =
            heliocentric[0] * cos(dec) * cos(ra) + heliocentric[1] * cos(dec) * sin(ra) + heliocentric[2] * sin(dec)
        return path * daysPerLightAU
    }
}

/// ERFA_AULT, in days: light time for one astronomical unit.
private let daysPerLightAU = 149_597_870_700.0 / 299_792_458.0 / 86_400
