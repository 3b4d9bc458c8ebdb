internal import Glibc
internal import Sky

/// A matrix of two rows and columns.
///
///     x' = xx x + xy y,  y' = yx x + yy y
struct PlaneMatrix: Equatable {
    var xx: Double
    var xy: Double
    var yx: Double
    var yy: Double

    static let identity = PlaneMatrix(xx: 1, xy: 0, yx: 0, yy: 1)

    var determinant: Double { xx * yy - xy * yx }

    /// Of a matrix whose determinant is not zero.
    var inverse: PlaneMatrix {
        let area = determinant
        return PlaneMatrix(xx: yy / area, xy: -xy / area, yx: -yx / area, yy: xx / area)
    }

    static func * (matrix: PlaneMatrix, vector: SIMD2<Double>) -> SIMD2<Double> {
        SIMD2(matrix.xx * vector.x + matrix.xy * vector.y, matrix.yx * vector.x + matrix.yy * vector.y)
    }

    static func * (left: PlaneMatrix, right: PlaneMatrix) -> PlaneMatrix {
        PlaneMatrix(
            xx: left.xx * right.xx + left.xy * right.yx, xy: left.xx * right.xy + left.xy * right.yy,
            yx: left.yx * right.xx + left.yy * right.yx, yy: left.yx * right.xy + left.yy * right.yy)
    }

    static func * (matrix: PlaneMatrix, factor: Double) -> PlaneMatrix {
        PlaneMatrix(
            xx: matrix.xx * factor, xy: matrix.xy * factor, yx: matrix.yx * factor, yy: matrix.yy * factor)
    }

    /// M diag(variances) M^T: xx, xy = yx and yy of it.
    func spread(_ variances: SIMD2<Double>) -> PlaneMatrix {
        let across = xx * yx * variances.x + xy * yy * variances.y
        return PlaneMatrix(
            xx: xx * xx * variances.x + xy * xy * variances.y, xy: across, yx: across,
            yy: yx * yx * variances.x + yy * yy * variances.y)
    }
}

/// The plane that touches the sphere at one point: xi to the east, eta to the north [rad].
///
///     (xi, eta) = (s . east, s . north) / (s . centre)
/// - Source: Calabretta & Greisen 2002, A&A 395, 1077, section 5.1.3.
struct TangentPlane {
    let raDegrees: Double
    let decDegrees: Double
    let centre: SIMD3<Double>
    let east: SIMD3<Double>
    let north: SIMD3<Double>

    init(raDegrees: Double, decDegrees: Double) {
        (self.raDegrees, self.decDegrees) = (raDegrees, decDegrees)
        let (ra, dec) = (raDegrees * .pi / 180, decDegrees * .pi / 180)
        centre = SIMD3(cos(dec) * cos(ra), cos(dec) * sin(ra), sin(dec))
        east = SIMD3(-sin(ra), cos(ra), 0)
        north = SIMD3(-sin(dec) * cos(ra), -sin(dec) * sin(ra), cos(dec))
    }

    /// - Parameter direction: of any length but zero.
    init(at direction: SIMD3<Double>) {
        let ra = atan2(direction.y, direction.x) * 180 / .pi
        self.init(
            raDegrees: ra < 0 ? min(ra + 360, 360.0.nextDown) : ra,
            decDegrees: atan2(direction.z, hypot(direction.x, direction.y)) * 180 / .pi)
    }

    static func direction(_ position: SkyPosition) -> SIMD3<Double> {
        TangentPlane(raDegrees: position.raDegrees, decDegrees: position.decDegrees).centre
    }

    /// nil for directions 84 degrees and more from the centre.
    func project(_ direction: SIMD3<Double>) -> SIMD2<Double>? {
        let height = (direction * centre).sum()
        guard height > 0.1 else { return nil }
        return SIMD2((direction * east).sum(), (direction * north).sum()) / height
    }

    /// Not normalised.
    func direction(_ point: SIMD2<Double>) -> SIMD3<Double> { centre + east * point.x + north * point.y }

    func position(_ point: SIMD2<Double>) -> SkyPosition? {
        let there = TangentPlane(at: direction(point))
        do {
            return try SkyPosition(raDegrees: there.raDegrees, decDegrees: there.decDegrees)
        } catch {
            // Only a point that is not finite has no place on the sphere.
            return nil
        }
    }

    /// How a vector along this plane's axes is seen along those of another plane near it.
    func turn(to other: TangentPlane) -> PlaneMatrix {
        PlaneMatrix(
            xx: (east * other.east).sum(), xy: (north * other.east).sum(),
            yx: (east * other.north).sum(), yy: (north * other.north).sum())
    }

    /// Steps on the sky (east, north [rad]) of a step on the plane at `point`, and the direction there.
    func skyPerPlane(at point: SIMD2<Double>) -> PlaneMatrix {
        let there = TangentPlane(at: direction(point))
        let shrink = 1 / (1 + (point * point).sum()).squareRoot()
        let (alongXi, alongEta) = (east * shrink, north * shrink)
        return PlaneMatrix(
            xx: (alongXi * there.east).sum(), xy: (alongEta * there.east).sum(),
            yx: (alongXi * there.north).sum(), yy: (alongEta * there.north).sum())
    }
}
