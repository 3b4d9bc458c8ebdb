/// From a plane to pixels: `x = xu u + xv v + x0`, `y = yu u + yv v + y0`.
struct AffineMap {
    var xu: Double
    var xv: Double
    var yu: Double
    var yv: Double
    var x0: Double
    var y0: Double

    @inline(__always)
    func callAsFunction(_ u: Double, _ v: Double) -> (x: Double, y: Double) {
        (xu * u + xv * v + x0, yu * u + yv * v + y0)
    }

    var determinant: Double { xu * yv - xv * yu }

    /// `nil` for a singular map.
    var inverse: AffineMap? {
        let d = determinant
        guard d != 0, d.isFinite else { return nil }
        return AffineMap(
            xu: yv / d, xv: -xv / d, yu: -yu / d, yv: xu / d,
            x0: (xv * y0 - yv * x0) / d, y0: (yu * x0 - xu * y0) / d)
    }
}

/// Weighted sums over pairs of points from which maps are fitted; moments about the weighted mean.
struct FitSums {
    private var (weight, u, v, x, y) = (0.0, 0.0, 0.0, 0.0, 0.0)
    private var (uu, uv, vv) = (0.0, 0.0, 0.0)
    private var (ux, uy, vx, vy) = (0.0, 0.0, 0.0, 0.0)

    /// Adds a pair; the mean is followed as it moves (Welford), so that nothing is lost to large coordinates.
    @inline(__always)
    mutating func add(u pu: Double, v pv: Double, x px: Double, y py: Double, weight w: Double) {
        weight += w
        let share = w / weight
        let (du, dv) = (pu - u, pv - v)
        u += du * share
        v += dv * share
        x += (px - x) * share
        y += (py - y) * share
        let (ru, rv) = (w * (pu - u), w * (pv - v))
        uu += ru * du
        uv += ru * dv
        vv += rv * dv
        ux += du * w * (px - x)
        uy += du * w * (py - y)
        vx += dv * w * (px - x)
        vy += dv * w * (py - y)
    }

    /// Least squares with six free numbers.
    var affine: AffineMap? {
        let d = uu * vv - uv * uv
        guard d > 1e-9 * uu * vv else { return nil }
        let (xu, xv) = ((ux * vv - vx * uv) / d, (vx * uu - ux * uv) / d)
        let (yu, yv) = ((uy * vv - vy * uv) / d, (vy * uu - uy * uv) / d)
        return through(xu, xv, yu, yv)
    }

    /// Least squares with four: shift, rotation and scale, mirrored or not.
    func similarity(mirrored: Bool) -> AffineMap? {
        let spread = uu + vv
        guard spread > 0 else { return nil }
        if mirrored {
            let (a, b) = ((ux - vy) / spread, (uy + vx) / spread)
            return through(a, b, b, -a)
        }
        let (a, b) = ((ux + vy) / spread, (uy - vx) / spread)
        return through(a, -b, b, a)
    }

    private func through(_ xu: Double, _ xv: Double, _ yu: Double, _ yv: Double) -> AffineMap {
        AffineMap(xu: xu, xv: xv, yu: yu, yv: yv, x0: x - xu * u - xv * v, y0: y - yu * u - yv * v)
    }
}
