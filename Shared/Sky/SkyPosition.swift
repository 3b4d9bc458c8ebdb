internal import CERFA
internal import Glibc

/// A direction on the sky, ICRS, in degrees.
public struct SkyPosition: Sendable, Hashable {
    /// Right ascension [deg], 0 <= value < 360.
    public let raDegrees: Double
    /// Declination [deg], -90 ... +90.
    public let decDegrees: Double

    /// - Parameters:
    ///   - raDegrees: right ascension [deg]; any finite value from -360 to 720, taken modulo 360.
    ///   - decDegrees: declination [deg].
    /// - Throws: `SkyError.outOfRange` naming the coordinate.
    public init(raDegrees: Double, decDegrees: Double) throws(SkyError) {
        guard raDegrees >= -360, raDegrees <= 720 else {
            throw .outOfRange(quantity: "right ascension [deg]", value: raDegrees, allowed: "0 to 360")
        }
        guard decDegrees >= -90, decDegrees <= 90 else {
            throw .outOfRange(quantity: "declination [deg]", value: decDegrees, allowed: "-90 to 90")
        }
        self.init(onSphereRA: raDegrees, dec: decDegrees)
    }

    /// From angles that are known to be finite and on the sphere.
    init(onSphereRA raDegrees: Double, dec decDegrees: Double) {
        self.raDegrees = normalised(raDegrees)
        self.decDegrees = decDegrees
    }

    /// Reads a position as people and headers write it.
    ///
    /// A plain number is degrees in both coordinates. Sexagesimal right ascension is in hours ("05:34:31.9") unless its
    /// letters say degrees ("83d38m"); sexagesimal declination is in degrees.
    /// - Throws: `SkyError` naming the coordinate and the text.
    public init(ra: String, dec: String) throws(SkyError) {
        let right = try Angle.degrees(from: ra, plain: .degrees, sexagesimal: .hours, quantity: "right ascension")
        let declination = try Angle.degrees(from: dec, plain: .degrees, sexagesimal: .degrees, quantity: "declination")
        try self.init(raDegrees: right, decDegrees: declination)
    }

    /// Angle between two directions [deg], 0 ... 180, exact for small and large angles alike (ERFA `eraSeps`).
    public func separationDegrees(from other: SkyPosition) -> Double {
        eraSeps(raDegrees.radians, decDegrees.radians, other.raDegrees.radians, other.decDegrees.radians).degrees
    }

    /// Offset of `other` as seen from here: separation [deg] and position angle [deg], north through east, 0 ..< 360.
    public func offset(to other: SkyPosition) -> (separationDegrees: Double, positionAngleDegrees: Double) {
        let angle = eraPas(raDegrees.radians, decDegrees.radians, other.raDegrees.radians, other.decDegrees.radians)
        return (separationDegrees(from: other), normalised(angle.degrees))
    }

    /// The direction at a separation [deg] and a position angle [deg], north through east: undoes `offset(to:)`.
    public func displaced(separationDegrees: Double, positionAngleDegrees: Double) -> SkyPosition {
        let (distance, angle, latitude) = (separationDegrees.radians, positionAngleDegrees.radians, decDegrees.radians)
        let north = sin(latitude) * cos(distance) + cos(latitude) * sin(distance) * cos(angle)
        let east = sin(distance) * sin(angle)
        let inward = cos(latitude) * cos(distance) - sin(latitude) * sin(distance) * cos(angle)
        let declination = atan2(north, hypot(east, inward)).degrees
        return SkyPosition(onSphereRA: raDegrees + atan2(east, inward).degrees, dec: declination)
    }
}

/// Brings an angle into 0 ..< 360 [deg].
func normalised(_ degrees: Double) -> Double {
    let rest = degrees.truncatingRemainder(dividingBy: 360)
    let positive = rest < 0 ? rest + 360 : rest
    return positive >= 360 ? 0 : positive + 0
}

extension Double {
    var radians: Double { self * (.pi / 180) }
    var degrees: Double { self * (180 / .pi) }
}
