internal import CERFA
internal import Glibc

extension Site {
    /// Direction of the Sun's centre as seen from here, ICRS, before the observer's own aberration as a catalogue's
    /// direction is.
    ///
    /// - Source: ERFA `eraEpv00`.
    public func sun(at instant: UTCInstant) -> SkyPosition {
        let observer = Observer(at: instant, from: self)
        return (observer.sunBarycentric - observer.barycentric).direction
    }

    /// Direction of the Moon's centre as seen from here (its parallax is up to 1 degree), ICRS, before the observer's
    /// own aberration as a catalogue's direction is.
    ///
    /// - Source: ERFA `eraMoon98` (Meeus 1998, chapter 47): good to 20 arcsec.
    public func moon(at instant: UTCInstant) -> SkyPosition {
        moonVector(Observer(at: instant, from: self), at: instant).direction
    }

    /// The part of the Moon's disc that the Sun lights: (1 + cos i) / 2, with i the angle at the Moon between Sun and
    /// observer.
    ///
    /// - Source: Meeus 1998, Astronomical Algorithms, chapter 48.
    public func moonIlluminatedFraction(at instant: UTCInstant) -> Double {
        let observer = Observer(at: instant, from: self)
        let toMoon = moonVector(observer, at: instant)
        let fromMoonToSun = observer.sunBarycentric - observer.barycentric - toMoon
        let cosine = -fromMoonToSun.dot(toMoon) / (fromMoonToSun.length * toMoon.length)
        return (1 + max(-1, min(1, cosine))) / 2
    }

    /// From the observer to where the Moon was when its light left [au].
    private func moonVector(_ observer: Observer, at instant: UTCInstant) -> SkyVector {
        let offset = observer.earthBarycentric - observer.barycentric
        let now = geocentricMoon(mjdTT: instant.mjdTT) + offset
        let lightDays = now.length * lightSecondsPerAU / 86_400
        return geocentricMoon(mjdTT: instant.mjdTT - lightDays) + offset - lightDays * observer.earthVelocity
    }
}

/// The Moon from the geocentre [au].
private func geocentricMoon(mjdTT: Double) -> SkyVector {
    var values = [Double](repeating: 0, count: 6)
    values.withUnsafeMutableBufferPointer { buffer in
        buffer.withMemoryRebound(to: (Double, Double, Double).self) { moon in
            eraMoon98(mjdZero, mjdTT, moon.baseAddress)
        }
    }
    return SkyVector(x: values[0], y: values[1], z: values[2])
}

/// What stands where when a position is observed from a site.
public struct ObservingConditions: Sendable, Hashable {
    public let target: Horizontal
    /// Of the Sun's centre above the true horizon, without refraction [deg].
    public let sunAltitudeDegrees: Double
    /// Of the Moon's centre above the true horizon, without refraction [deg].
    public let moonAltitudeDegrees: Double
    /// Between target and Moon as seen from the site [deg], 0 ... 180.
    public let moonSeparationDegrees: Double
    /// 0 at new moon, 1 at full moon.
    public let moonIlluminatedFraction: Double

    public init(_ position: SkyPosition, at instant: UTCInstant, from site: Site) {
        let moon = site.moon(at: instant)
        target = position.horizontal(at: instant, from: site)
        sunAltitudeDegrees = site.sun(at: instant).horizontal(at: instant, from: site).altitudeDegrees
        moonAltitudeDegrees = moon.horizontal(at: instant, from: site).altitudeDegrees
        moonSeparationDegrees = position.separationDegrees(from: moon)
        moonIlluminatedFraction = site.moonIlluminatedFraction(at: instant)
    }
}
