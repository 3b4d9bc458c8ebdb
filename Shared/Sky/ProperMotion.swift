internal import CERFA
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
    /// The yearly ellipse of the parallax is not added: below 0.8 arcsec for every star, 0.01 for nearly all.
    /// - Parameters:
    ///   - epoch: Julian year of this position, for example 2016.0.
    ///   - target: Julian year that is asked for.
    /// - Source: ERFA `eraPmsafe` (after SOFA; Hipparcos catalogue, volume 1, section 1.5.5), which also takes
    ///   stars without a parallax.
    public func moved(by motion: ProperMotion, from epoch: Double, to target: Double) -> SkyPosition {
        guard motion.totalMasPerYear > 0, epoch != target else { return self }
        // Towards a pole the rate in right ascension itself grows without limit; 0.1 mas from it there is no direction.
        let cosine = max(cos(decDegrees.radians), 1e-9)
        let radiansPerMas = (1 / 3_600_000.0).radians
        var (ra, dec, raRate, decRate, parallax, velocity) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        let status = eraPmsafe(
            raDegrees.radians, decDegrees.radians, motion.raMasPerYear * radiansPerMas / cosine,
            motion.decMasPerYear * radiansPerMas, max(0, motion.parallaxMas) / 1000, 0,
            Self.julianDayOf2000, (epoch - 2000) * 365.25, Self.julianDayOf2000, (target - 2000) * 365.25,
            &ra, &dec, &raRate, &decRate, &parallax, &velocity)
        guard status >= 0, ra.isFinite, dec.isFinite else { return self }
        return SkyPosition(onSphereRA: ra.degrees, dec: max(-90, min(90, dec.degrees)))
    }

    private static let julianDayOf2000 = 2_451_545.0
}
