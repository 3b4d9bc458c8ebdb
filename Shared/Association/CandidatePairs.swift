internal import Glibc
internal import Sky

/// A detection and an object that may be one, by their indices.
struct CandidatePair {
    let chiSquared: Double
    let detection: Int32
    let object: Int32
}

/// Positions in order of declination: two that are within a radius of each other are within it in declination, at the
/// poles and across the end of right ascension as well.
struct DeclinationOrder {
    /// A position's axes: sines and cosines of right ascension and declination.
    struct Axes {
        let sinRA, cosRA, sinDec, cosDec: Double
        var x: Double { cosDec * cosRA }
        var y: Double { cosDec * sinRA }
        var z: Double { sinDec }

        init(_ position: SkyPosition) {
            let (right, declination) = (position.raDegrees * (.pi / 180), position.decDegrees * (.pi / 180))
            (sinRA, cosRA, sinDec, cosDec) = (sin(right), cos(right), sin(declination), cos(declination))
        }
    }

    /// Indices of the positions.
    private(set) var index: [Int32] = []
    /// In order [deg].
    private(set) var declination: [Double] = []
    /// In the same order.
    private(set) var axes: [Axes] = []

    var count: Int { index.count }

    init(_ positions: [SkyPosition]) {
        index = (0..<Int32(positions.count)).sorted {
            (positions[Int($0)].decDegrees, $0) < (positions[Int($1)].decDegrees, $1)
        }
        declination.reserveCapacity(index.count)
        axes.reserveCapacity(index.count)
        for place in index {
            declination.append(positions[Int(place)].decDegrees)
            axes.append(Axes(positions[Int(place)]))
        }
    }

    /// Calls `body` with the places, in this order and in another, of all pairs within a radius [arcsec].
    func pairs(with other: DeclinationOrder, within radius: Double, _ body: (Int, Int) -> Void) {
        let window = radius / 3600 * (1 + 1e-9)
        let chord = 2 * sin(min(radius / 3600, 180) * (.pi / 360))
        let limit = chord * chord * (1 + 1e-9)
        var first = 0
        for place in 0..<count {
            while first < other.count, other.declination[first] < declination[place] - window { first += 1 }
            let (x, y, z) = (axes[place].x, axes[place].y, axes[place].z)
            var candidate = first
            while candidate < other.count, other.declination[candidate] <= declination[place] + window {
                let its = other.axes[candidate]
                let (dx, dy, dz) = (its.x - x, its.y - y, its.z - z)
                if dx * dx + dy * dy + dz * dz <= limit { body(place, candidate) }
                candidate += 1
            }
        }
    }
}

extension PositionCovariance {
    /// chi^2 of the difference between two positions, in the first one's tangent plane.
    ///
    /// The second covariance is turned into the first one's axes: near a pole, north is elsewhere for each.
    static func chiSquared(
        of one: DeclinationOrder.Axes, _ oneCovariance: PositionCovariance, and other: DeclinationOrder.Axes,
        _ otherCovariance: PositionCovariance
    ) -> Double {
        let (dx, dy, dz) = (other.x - one.x, other.y - one.y, other.z - one.z)
        let east = (dy * one.cosRA - dx * one.sinRA) * arcsecPerRadian
        let north =
            (dz * one.cosDec - (dx * one.cosRA + dy * one.sinRA) * one.sinDec) * arcsecPerRadian
        // Cosine and sine of the angle between the two norths: those of the difference in right ascension, for
        // positions this near together; the second turns with the declination.
        let cosine = one.cosRA * other.cosRA + one.sinRA * other.sinRA
        let sine = (other.sinRA * one.cosRA - other.cosRA * one.sinRA) * other.sinDec
        return (oneCovariance + otherCovariance.turned(cosine: cosine, sine: sine)).chiSquared(east: east, north: north)
    }

    private static var arcsecPerRadian: Double { 648_000 / .pi }

    /// In axes of which the other's east is (cosine, sine) and north (-sine, cosine).
    private func turned(cosine: Double, sine: Double) -> PositionCovariance {
        let length = (cosine * cosine + sine * sine).squareRoot()
        guard length > 0 else { return self }
        let (c, s) = (cosine / length, sine / length)
        return PositionCovariance(
            eastEast: c * c * eastEast - 2 * c * s * eastNorth + s * s * northNorth,
            eastNorth: c * s * (eastEast - northNorth) + (c * c - s * s) * eastNorth,
            northNorth: s * s * eastEast + 2 * c * s * eastNorth + c * c * northNorth)
    }
}
