internal import Glibc

/// A vector in the directions of the ICRS.
struct SkyVector {
    var x, y, z: Double

    static func + (left: SkyVector, right: SkyVector) -> SkyVector {
        SkyVector(x: left.x + right.x, y: left.y + right.y, z: left.z + right.z)
    }

    static func - (left: SkyVector, right: SkyVector) -> SkyVector {
        SkyVector(x: left.x - right.x, y: left.y - right.y, z: left.z - right.z)
    }

    static func * (factor: Double, vector: SkyVector) -> SkyVector {
        SkyVector(x: factor * vector.x, y: factor * vector.y, z: factor * vector.z)
    }

    func dot(_ other: SkyVector) -> Double { x * other.x + y * other.y + z * other.z }

    var length: Double { dot(self).squareRoot() }

    /// Of a vector that is not zero.
    var direction: SkyPosition {
        SkyPosition(onSphereRA: atan2(y, x).degrees, dec: atan2(z, hypot(x, y)).degrees)
    }
}

extension SkyPosition {
    var unitVector: SkyVector {
        let (ra, dec) = (raDegrees.radians, decDegrees.radians)
        return SkyVector(x: cos(dec) * cos(ra), y: cos(dec) * sin(ra), z: sin(dec))
    }
}
