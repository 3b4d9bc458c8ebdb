internal import Glibc

/// The image of one star: a profile stretched along one axis, with unit integral over the plane.
public struct StarImage: Sendable, Equatable {
    public var profile: PointSpread
    /// Geometric mean of the widths along both axes, so that ellipticity keeps the peak [px].
    public var fwhmPixels: Double
    /// 1 - b/a
    public var ellipticity: Double
    /// Of the long axis, from +x towards +y [deg].
    public var thetaDegrees: Double

    public init(profile: PointSpread, fwhmPixels: Double, ellipticity: Double = 0, thetaDegrees: Double = 0) {
        precondition(fwhmPixels > 0 && ellipticity >= 0 && ellipticity < 1, "a star image has a width")
        self.profile = profile
        self.fwhmPixels = fwhmPixels
        self.ellipticity = ellipticity
        self.thetaDegrees = thetaDegrees
    }

    /// Radius beyond which less than `fraction` of the light falls in any direction [px].
    public func radius(leavingOut fraction: Double) -> Double {
        profile.radius(fwhmPixels: fwhmPixels / (1 - ellipticity).squareRoot(), leavingOut: fraction)
    }

    /// The form q = a dx^2 + 2 b dx dy + c dy^2 that the profile is a function of: exp(-q/2) or (1 + q)^-beta.
    var form: (a: Double, b: Double, c: Double) {
        let unit: Double
        switch profile {
        case .gaussian: unit = fwhmPixels / 2.354_820_045_030_949
        case .moffat(let beta): unit = PointSpread.moffatAlpha(fwhmPixels, beta)
        }
        let stretch = 1 - ellipticity
        let (long, short) = (stretch / (unit * unit), 1 / (stretch * unit * unit))
        let angle = thetaDegrees * .pi / 180
        let (sine, cosine) = (sin(angle), cos(angle))
        return (
            long * cosine * cosine + short * sine * sine, (long - short) * sine * cosine,
            long * sine * sine + short * cosine * cosine
        )
    }

    /// Central brightness for unit flux [1/px^2].
    var peak: Double {
        let (a, b, c) = form
        let root = (a * c - b * b).squareRoot()
        switch profile {
        case .gaussian: return root / (2 * .pi)
        case .moffat(let beta): return (beta - 1) * root / .pi
        }
    }
}

/// How star images change over a frame; u and v run from -1 to 1 along x and y.
///
///     FWHM        = fwhmPixels * (1 + fwhmGrowth * (u^2 + v^2) / 2)
///     ellipticity = that of the vector e (cos, sin) 2 theta + growth * (u^2 - v^2, 2 u v) / 2
///
/// so that both are polynomials of second order: the images grow towards the corners, and lengthen along the radius.
public struct PointSpreadField: Sendable, Equatable {
    public var profile = PointSpread.gaussian
    public var fwhmPixels = 3.2
    /// Relative, from the centre to a corner.
    public var fwhmGrowth = 0.0
    public var ellipticity = 0.0
    public var thetaDegrees = 0.0
    /// Ellipticity in the corners that is added along the radius.
    public var ellipticityGrowth = 0.0

    public init() {}

    /// The image of a star at a place of a frame of the given size [px].
    public func image(x: Double, y: Double, width: Int, height: Int) -> StarImage {
        let u = 2 * (x + 0.5) / Double(width) - 1
        let v = 2 * (y + 0.5) / Double(height) - 1
        let angle = thetaDegrees * .pi / 180
        let real = ellipticity * cos(2 * angle) + ellipticityGrowth * (u * u - v * v) / 2
        let imaginary = ellipticity * sin(2 * angle) + ellipticityGrowth * u * v
        let fwhm = fwhmPixels * (1 + fwhmGrowth * (u * u + v * v) / 2)
        return StarImage(
            profile: profile, fwhmPixels: max(fwhm, 0.5), ellipticity: min(hypot(real, imaginary), 0.9),
            thetaDegrees: atan2(imaginary, real) / 2 * 180 / .pi)
    }
}
