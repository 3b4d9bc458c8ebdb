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
        var astrom = astrometry(at: instant, site: site)
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
        let path = Observer(at: instant, from: site).barycentric.dot(unitVector)
        return mjdZero + (instant.mjdTDB + path * lightSecondsPerAU / 86_400)
    }
}

/// ERFA_AULT: light time for one astronomical unit [s].
let lightSecondsPerAU = 149_597_870_700.0 / 299_792_458.0

private func astrometry(at instant: UTCInstant, site: Site) -> eraASTROM {
    var astrom = eraASTROM()
    var equationOfOrigins = 0.0
    _ = eraApco13(
        mjdZero, instant.mjd, 0, site.longitudeDegrees.radians, site.latitudeDegrees.radians, site.elevationMeters,
        0, 0, 0, 0, 0, 0.55, &astrom, &equationOfOrigins)
    return astrom
}

/// Places of observer, Earth and Sun at a moment, in the directions of the ICRS [au].
struct Observer {
    /// From the barycentre of the solar system: the site, or the geocentre without one.
    let barycentric: SkyVector
    let earthBarycentric: SkyVector
    /// Of the Earth [au/d].
    let earthVelocity: SkyVector
    let sunBarycentric: SkyVector

    /// By ERFA `eraEpv00`: up to 2100 good to 13 km (45 microseconds of light).
    init(at instant: UTCInstant, from site: Site?) {
        let earth = EarthEphemeris(at: instant)
        earthBarycentric = earth.barycentric
        earthVelocity = earth.velocity
        sunBarycentric = earth.barycentric - earth.heliocentric
        guard let site else {
            barycentric = earth.barycentric
            return
        }
        let (x, y, z) = astrometry(at: instant, site: site).eb
        barycentric = SkyVector(x: x, y: y, z: z)
    }
}

private struct EarthEphemeris {
    let heliocentric, barycentric, velocity: SkyVector

    init(at instant: UTCInstant) {
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
        self.heliocentric = SkyVector(x: heliocentric[0], y: heliocentric[1], z: heliocentric[2])
        self.barycentric = SkyVector(x: barycentric[0], y: barycentric[1], z: barycentric[2])
        velocity = SkyVector(x: barycentric[3], y: barycentric[4], z: barycentric[5])
    }
}
