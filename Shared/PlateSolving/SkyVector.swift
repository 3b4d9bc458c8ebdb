internal import Glibc
internal import Sky

/// A direction as a unit vector.
struct SkyVector {
    var x: Double
    var y: Double
    var z: Double

    init(x: Double, y: Double, z: Double) {
        (self.x, self.y, self.z) = (x, y, z)
    }

    init(_ position: SkyPosition) {
        let (ra, dec) = (position.raDegrees * .pi / 180, position.decDegrees * .pi / 180)
        let cosine = cos(dec)
        self.init(x: cosine * cos(ra), y: cosine * sin(ra), z: sin(dec))
    }

    @inline(__always)
    func dot(_ other: SkyVector) -> Double { x * other.x + y * other.y + z * other.z }

    /// Square of the chord between two directions [rad^2].
    @inline(__always)
    func squaredChord(_ other: SkyVector) -> Double {
        let (dx, dy, dz) = (x - other.x, y - other.y, z - other.z)
        return dx * dx + dy * dy + dz * dz
    }
}

/// The plane that touches the sphere at a point; its axes run east and north.
struct TangentFrame {
    let centre: SkyVector
    let east: SkyVector
    let north: SkyVector

    init(_ position: SkyPosition) {
        let ra = position.raDegrees * .pi / 180
        centre = SkyVector(position)
        east = SkyVector(x: -sin(ra), y: cos(ra), z: 0)
        north = SkyVector(x: -centre.z * cos(ra), y: -centre.z * sin(ra), z: cos(position.decDegrees * .pi / 180))
    }

    /// At a pole itself, where there is no east, the axes are those of right ascension 0.
    init(_ vector: SkyVector) {
        let rho = (vector.x * vector.x + vector.y * vector.y).squareRoot()
        let (cosine, sine) = rho > 1e-15 ? (vector.x / rho, vector.y / rho) : (1, 0)
        centre = vector
        east = SkyVector(x: -sine, y: cosine, z: 0)
        north = SkyVector(x: -vector.z * cosine, y: -vector.z * sine, z: rho)
    }

    /// Gnomonic projection [rad]; only for directions less than 90 degrees away.
    @inline(__always)
    func project(_ vector: SkyVector) -> (xi: Double, eta: Double) {
        let inverse = 1 / centre.dot(vector)
        return (east.dot(vector) * inverse, north.dot(vector) * inverse)
    }

    @inline(__always)
    func direction(xi: Double, eta: Double) -> SkyVector {
        let scale = 1 / (1 + xi * xi + eta * eta).squareRoot()
        return SkyVector(
            x: (centre.x + xi * east.x + eta * north.x) * scale,
            y: (centre.y + xi * east.y + eta * north.y) * scale,
            z: (centre.z + xi * east.z + eta * north.z) * scale)
    }

    /// Lambert's azimuthal equal-area projection [rad]; for all but the antipode.
    @inline(__always)
    func equalArea(_ vector: SkyVector) -> (x: Double, y: Double) {
        let scale = (2 / max(1e-12, 1 + centre.dot(vector))).squareRoot()
        return (east.dot(vector) * scale, north.dot(vector) * scale)
    }
}
