internal import Glibc
public import Sky

/// A linear world coordinate system in the tangent plane (FITS TAN).
///
///     xi  = cd11 (x - x0) + cd12 (y - y0)      [deg], east
///     eta = cd21 (x - x0) + cd22 (y - y0)      [deg], north
///
/// North is towards the pole everywhere, so LONPOLE is 180; a header must say so where CRVAL2 is 90, because its
/// default is another one there.
/// - Source: Calabretta & Greisen 2002, A&A 395, 1077.
public struct TangentSolution: Sendable, Hashable {
    /// CRVAL.
    public let referencePosition: SkyPosition
    /// Pixel of the reference position, 0-based: CRPIX - 1.
    public let referenceX: Double
    public let referenceY: Double
    /// [deg/px]
    public let cd11: Double
    public let cd12: Double
    public let cd21: Double
    public let cd22: Double

    public init(
        referencePosition: SkyPosition, referenceX: Double, referenceY: Double,
        cd11: Double, cd12: Double, cd21: Double, cd22: Double
    ) {
        self.referencePosition = referencePosition
        (self.referenceX, self.referenceY) = (referenceX, referenceY)
        (self.cd11, self.cd12, self.cd21, self.cd22) = (cd11, cd12, cd21, cd22)
    }

    var determinant: Double { cd11 * cd22 - cd12 * cd21 }

    /// Geometric mean of the two axes [arcsec/px].
    public var scaleArcsecPerPixel: Double { 3600 * abs(determinant).squareRoot() }

    public var parity: Parity { determinant > 0 ? .mirrored : .normal }

    /// Direction of the y axis on the sky [deg], north through east, -180 ... 180.
    public var positionAngleOfYDegrees: Double { atan2(cd12, cd22) * 180 / .pi }

    /// Where a pixel points.
    public func position(x: Double, y: Double) -> SkyPosition {
        let (dx, dy) = (x - referenceX, y - referenceY)
        let (xi, eta) = (cd11 * dx + cd12 * dy, cd21 * dx + cd22 * dy)
        let separation = atan(hypot(xi, eta) * .pi / 180) * 180 / .pi
        return referencePosition.displaced(
            separationDegrees: separation, positionAngleDegrees: atan2(xi, eta) * 180 / .pi)
    }

    /// Where a direction falls; `nil` for one that is 90 degrees away or more, and for a singular matrix.
    public func pixel(of position: SkyPosition) -> (x: Double, y: Double)? {
        let frame = TangentFrame(referencePosition)
        let vector = SkyVector(position)
        guard frame.centre.dot(vector) > 1e-6, determinant != 0 else { return nil }
        let plane = frame.project(vector)
        let (xi, eta) = (plane.xi * 180 / .pi, plane.eta * 180 / .pi)
        let (dx, dy) = ((cd22 * xi - cd12 * eta) / determinant, (cd11 * eta - cd21 * xi) / determinant)
        return dx.isFinite && dy.isFinite ? (referenceX + dx, referenceY + dy) : nil
    }
}
