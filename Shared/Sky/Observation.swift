internal import CERFA
internal import Glibc

/// Where a position stands above a site's horizon.
public struct Horizontal: Sendable, Hashable {
    /// Altitude above the true horizon without refraction [deg], -90 ... 90.
    public let altitudeDegrees: Double
    /// Azimuth, north through east [deg], 0 ..< 360.
    public let azimuthDegrees: Double

    /// Airmass by Pickering's formula for the apparent altitude h [deg]; `nil` below the horizon.
    ///
    ///     X = 1 / sin(h + 244 / (165 + 47 h^1.1))
    ///
    /// h is the true altitude raised by refraction (Saemundsson's formula, 1010 hPa, 10 C). X is 1.000 at the zenith,
    /// 38.7 at apparent altitude 0.
    /// - Source: Pickering 2002, DIO 12, 20; Saemundsson 1986, Sky & Telescope 72, 70.
    public var airmass: Double? {
        guard altitudeDegrees >= 0 else { return nil }
        let refractionArcminutes = 1.02 / tan((altitudeDegrees + 10.3 / (altitudeDegrees + 5.11)).radians)
        let apparent = min(90, altitudeDegrees + max(0, refractionArcminutes) / 60)
        return max(1, 1 / sin((apparent + 244 / (165 + 47 * pow(apparent, 1.1))).radians))
    }
}

extension SkyPosition {
    /// Altitude and azimuth at a moment and a place: ERFA's full chain (IAU 2006/2000A precession and
    /// nutation, aberration, light deflection) without refraction. UT1 is taken as UTC and polar motion as zero: at
    /// most 0.004 deg.
    public func horizontal(at instant: UTCInstant, from site: Site) -> Horizontal {
        var astrom = observer(at: instant, site: site)
        var (ra, dec) = (0.0, 0.0)
        eraAtciq(raDegrees.radians, decDegrees.radians, 0, 0, 0, 0, &astrom, &ra, &dec)
        var (azimuth, zenith, hourAngle, observedDec, observedRA) = (0.0, 0.0, 0.0, 0.0, 0.0)
        eraAtioq(ra, dec, &astrom, &azimuth, &zenith, &hourAngle, &observedDec, &observedRA)
        return Horizontal(altitudeDegrees: 90 - zenith.degrees, azimuthDegrees: normalised(azimuth.degrees))
    }

    /// Barycentric Julian Date in TDB of light from here that arrives at a moment and a place [d].
    ///
    ///     BJD_TDB = JD_TDB + r . n / c
    ///
    /// r: the observer from the solar-system barycentre (ERFA `eraEpv00` plus the site's geocentric position; the
    /// geocentre without a site, then up to 21 ms off), n: the unit vector to the position, at infinite distance.
    /// The `Double` resolves 40 microseconds.
    /// - Source: Eastman, Siverd & Gaudi 2010, PASP 122, 935.
    public func barycentricJulianDateTDB(at instant: UTCInstant, from site: Site?) -> Double {
        let (x, y, z) = site.map { observer(at: instant, site: $0).eb } ?? geocentre(at: instant)
        let (ra, dec) = (raDegrees.radians, decDegrees.radians)
        let path = x * cos(dec) * cos(ra) + y * cos(dec) * sin(ra) + z * sin(dec)
        return mjdZero + (instant.mjdTDB + path * lightSecondsPerAU / 86_400)
    }
}

/// ERFA_AULT: light time for one astronomical unit [s].
private let lightSecondsPerAU = 149_597_870_700.0 / 299_792_458.0

private func observer(at instant: UTCInstant, site: Site) -> eraASTROM {
    var astrom = eraASTROM()
    var equationOfOrigins = 0.0
    _ = eraApco13(
        mjdZero, instant.mjd, 0, site.longitudeDegrees.radians, site.latitudeDegrees.radians, site.elevationMeters,
        0, 0, 0, 0, 0, 0.55, &astrom, &equationOfOrigins)
    return astrom
}

/// The Earth from the solar-system barycentre [au].
private func geocentre(at instant: UTCInstant) -> (Double, Double, Double) {
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
    return (barycentric[0], barycentric[1], barycentric[2])
}
