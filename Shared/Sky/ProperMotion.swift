internal import Glibc

/// How a star moves on the sky: proper motion and parallax at an epoch.
public struct ProperMotion: Sendable, Hashable {
    /// Along right ascension, `cos(dec) * dRA/dt` [mas/yr].
    public let raMasPerYear: Double
    /// Along declination [mas/yr].
    public let decMasPerYear: Double
    /// Parallax [mas]; 0 where it is not known.
    public let parallaxMas: Double

    /// - Throws: `SkyError.outOfRange` for a value that is not finite or that no star has (60 arcsec/yr, 10 arcsec).
    public init(raMasPerYear: Double, decMasPerYear: Double, parallaxMas: Double = 0) throws(SkyError) {
        for (value, name) in [(raMasPerYear, "right ascension"), (decMasPerYear, "declination")] {
            guard abs(value) <= 60_000 else {
                throw .outOfRange(
                    quantity: "proper motion in \(name) [mas/yr]", value: value, allowed: "-60000 to 60000")
            }
        }
        guard abs(parallaxMas) <= 10_000 else {
            throw .outOfRange(quantity: "parallax [mas]", value: parallaxMas, allowed: "-10000 to 10000")
        }
        self.raMasPerYear = raMasPerYear
        self.decMasPerYear = decMasPerYear
        self.parallaxMas = parallaxMas
    }

    /// Length of the motion on the sky [mas/yr].
    public var totalMasPerYear: Double { hypot(raMasPerYear, decMasPerYear) }
}

extension SkyPosition {
    /// Where a star that was here at one epoch is at another: barycentric direction, the motion in space straight and
    /// uniform, without radial velocity.
    ///
    ///     direction(t) = (r + (t - t0) (mu_ra p + mu_dec q)) / | |
    ///
    /// r, p, q: the star's direction, and those in which right ascension and declination grow. Its distance falls out.
    /// The yearly ellipse of the parallax is not added: below 0.8 arcsec for every star, 0.01 for nearly all.
    /// - Parameters:
    ///   - epoch: Julian year of this position, for example 2016.0.
    ///   - target: Julian year that is asked for.
    /// - Source: ESA 1997, The Hipparcos and Tycho Catalogues, volume 1, section 1.5.5.
    public func moved(by motion: ProperMotion, from epoch: Double, to target: Double) -> SkyPosition {
        guard motion.totalMasPerYear > 0, epoch != target else { return self }
        let (ra, dec) = (raDegrees.radians, decDegrees.radians)
        let (sinRA, cosRA, sinDec, cosDec) = (sin(ra), cos(ra), sin(dec), cos(dec))
        let radians = ((target - epoch) / 3_600_000).radians
        let (east, north) = (motion.raMasPerYear * radians, motion.decMasPerYear * radians)
        let outward = cosDec - sinDec * north
        let there = SkyVector(
            x: cosRA * outward - sinRA * east, y: sinRA * outward + cosRA * east, z: sinDec + cosDec * north)
        let moved = there.direction
        guard moved.raDegrees.isFinite, moved.decDegrees.isFinite else { return self }
        return moved
    }
}
