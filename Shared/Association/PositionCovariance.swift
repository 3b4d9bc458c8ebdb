/// Covariance of a position in its own tangent plane, east and north [arcsec^2].
public struct PositionCovariance: Sendable, Hashable {
    public var eastEast: Double
    public var eastNorth: Double
    public var northNorth: Double

    public init(eastEast: Double, eastNorth: Double, northNorth: Double) {
        self.eastEast = eastEast
        self.eastNorth = eastNorth
        self.northNorth = northNorth
    }

    /// The same error in all directions, of one coordinate [arcsec].
    public init(errorArcsec: Double) {
        self.init(eastEast: errorArcsec * errorArcsec, eastNorth: 0, northNorth: errorArcsec * errorArcsec)
    }

    public static func + (one: PositionCovariance, other: PositionCovariance) -> PositionCovariance {
        PositionCovariance(
            eastEast: one.eastEast + other.eastEast, eastNorth: one.eastNorth + other.eastNorth,
            northNorth: one.northNorth + other.northNorth)
    }

    /// Error of one coordinate, root mean square of both [arcsec].
    public var errorArcsec: Double { (0.5 * (eastEast + northNorth)).squareRoot() }

    /// Not below the larger eigenvalue [arcsec^2].
    var trace: Double { eastEast + northNorth }

    /// Finite, and of an ellipse that has an area.
    public var isUsable: Bool {
        let determinant = eastEast * northNorth - eastNorth * eastNorth
        return determinant.isFinite && eastEast > 0 && northNorth > 0 && determinant > 0
    }

    /// d^T C^-1 d for a difference of positions [arcsec].
    func chiSquared(east: Double, north: Double) -> Double {
        let determinant = eastEast * northNorth - eastNorth * eastNorth
        let sum = northNorth * east * east - 2 * eastNorth * east * north + eastEast * north * north
        return sum / determinant
    }
}
