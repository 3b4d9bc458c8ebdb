internal import Glibc

/// A linear map between the pixels of two frames.
///
///     x' = xx x + xy y + x0
///     y' = yx x + yy y + y0
public struct PixelTransform: Sendable, Equatable {
    public var xx: Double
    public var xy: Double
    public var x0: Double
    public var yx: Double
    public var yy: Double
    public var y0: Double

    public init(xx: Double, xy: Double, x0: Double, yx: Double, yy: Double, y0: Double) {
        self.xx = xx
        self.xy = xy
        self.x0 = x0
        self.yx = yx
        self.yy = yy
        self.y0 = y0
    }

    public static let identity = PixelTransform(xx: 1, xy: 0, x0: 0, yx: 0, yy: 1, y0: 0)

    public func callAsFunction(x: Double, y: Double) -> (x: Double, y: Double) {
        (xx * x + xy * y + x0, yx * x + yy * y + y0)
    }

    var determinant: Double { xx * yy - xy * yx }

    /// Geometric mean scale: pixels of the second frame per pixel of the first.
    public var scale: Double { abs(determinant).squareRoot() }

    /// True when one frame shows the sky mirrored with respect to the other.
    public var isMirrored: Bool { determinant < 0 }

    /// Rotation of the x axis [deg], -180 ... 180, counter-clockwise from x to y; for a mirrored map, after the
    /// mirroring of y.
    public var rotationDegrees: Double {
        let sign = isMirrored ? -1.0 : 1.0
        return atan2(yx - sign * xy, xx + sign * yy) * 180 / .pi
    }

    /// The map back; `nil` when it is degenerate.
    public func inverse() -> PixelTransform? {
        let area = determinant
        guard area.isFinite, abs(area) > 1e-12 else { return nil }
        let (ixx, ixy, iyx, iyy) = (yy / area, -xy / area, -yx / area, xx / area)
        return PixelTransform(
            xx: ixx, xy: ixy, x0: -(ixx * x0 + ixy * y0), yx: iyx, yy: iyy, y0: -(iyx * x0 + iyy * y0))
    }
}

/// A pair of points that belong together.
struct PointPair {
    var from: (x: Double, y: Double)
    var to: (x: Double, y: Double)
}

extension PixelTransform {
    /// Least-squares shift, rotation and scale, mirrored or not; `nil` when the points coincide.
    ///
    /// In complex numbers z' = A z + B, with z conjugated for a mirror.
    static func similarity(_ pairs: [PointPair], mirrored: Bool) -> PixelTransform? {
        guard pairs.count >= 2, let centre = centroids(pairs) else { return nil }
        let flip = mirrored ? -1.0 : 1.0
        var (real, imaginary, norm) = (0.0, 0.0, 0.0)
        for pair in pairs {
            let (u, v) = (pair.from.x - centre.from.x, flip * (pair.from.y - centre.from.y))
            let (p, q) = (pair.to.x - centre.to.x, pair.to.y - centre.to.y)
            real += u * p + v * q
            imaginary += u * q - v * p
            norm += u * u + v * v
        }
        guard norm > 0 else { return nil }
        let (a, b) = (real / norm, imaginary / norm)
        return through(centre, xx: a, xy: -flip * b, yx: b, yy: flip * a)
    }

    /// Least-squares affine map; `nil` when the points lie on a line.
    static func affine(_ pairs: [PointPair]) -> PixelTransform? {
        guard pairs.count >= 3, let centre = centroids(pairs) else { return nil }
        var (uu, uv, vv, up, vp, uq, vq) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        for pair in pairs {
            let (u, v) = (pair.from.x - centre.from.x, pair.from.y - centre.from.y)
            let (p, q) = (pair.to.x - centre.to.x, pair.to.y - centre.to.y)
            uu += u * u
            uv += u * v
            vv += v * v
            up += u * p
            vp += v * p
            uq += u * q
            vq += v * q
        }
        let area = uu * vv - uv * uv
        guard area > 1e-6 * (uu + vv) * (uu + vv) else { return nil }
        return through(
            centre, xx: (up * vv - vp * uv) / area, xy: (vp * uu - up * uv) / area,
            yx: (uq * vv - vq * uv) / area, yy: (vq * uu - uq * uv) / area)
    }

    private static func centroids(_ pairs: [PointPair]) -> PointPair? {
        guard !pairs.isEmpty else { return nil }
        let count = Double(pairs.count)
        var sum = PointPair(from: (0, 0), to: (0, 0))
        for pair in pairs {
            sum.from.x += pair.from.x
            sum.from.y += pair.from.y
            sum.to.x += pair.to.x
            sum.to.y += pair.to.y
        }
        return PointPair(from: (sum.from.x / count, sum.from.y / count), to: (sum.to.x / count, sum.to.y / count))
    }

    private static func through(_ centre: PointPair, xx: Double, xy: Double, yx: Double, yy: Double) -> PixelTransform {
        PixelTransform(
            xx: xx, xy: xy, x0: centre.to.x - xx * centre.from.x - xy * centre.from.y,
            yx: yx, yy: yy, y0: centre.to.y - yx * centre.from.x - yy * centre.from.y)
    }

    func distance(_ pair: PointPair) -> Double {
        let mapped = self(x: pair.from.x, y: pair.from.y)
        return hypot(mapped.x - pair.to.x, mapped.y - pair.to.y)
    }
}
