internal import Glibc

extension SkyCell {
    /// Adds the numbers of the cells of an order that have a part within a radius of a position, and of some that only
    /// come near it: for many small circles, where `cells(order:within:of:)` would take most of the time.
    ///
    /// A cell is left out when it lies wholly beyond the line along its rows or columns that is a radius away from the
    /// position. Cells are taken for the parallelograms they are near by (Calabretta & Roukema 2007, MNRAS 381, 865).
    ///
    /// - Returns: false, and nothing added, where that is not so: within a few radii of a border of base cells, of the
    ///   polar caps or of a pole, or for a radius that is not small.
    public static func appendNumbers(
        order: Int, within radiusDegrees: Double, of position: SkyPosition, to numbers: inout [Int64]
    ) -> Bool {
        let place = CellPlace(position, order: order)
        let side = Double(1 << order)
        let dec = position.decDegrees.radians
        let (z, cosine) = (sin(dec), cos(dec))
        let radius = radiusDegrees.radians
        let border = 3 * (radius + 4 / side)
        guard radius >= 0, radius < 0.01, cosine > 10 * border, abs(abs(z) - 2.0 / 3) > border else { return false }
        let cell = abs(z) < 2.0 / 3 ? equatorial(position, z, cosine, side) : polar(position, z, cosine, side)
        // Distance between a cell's sides along x and along y: its area over the length of the other side.
        let area = Double.pi / 3 / (side * side)
        let (reachX, reachY) = (radius * cell.lengthY / area * 1.02 + 0.01, radius * cell.lengthX / area * 1.02 + 0.01)
        let (x, y) = (Double(place.x) + cell.x, Double(place.y) + cell.y)
        guard x - reachX >= 0, y - reachY >= 0, x + reachX < side, y + reachY < side else { return false }
        for column in Int64(x - reachX)...Int64(x + reachX) {
            for row in Int64(y - reachY)...Int64(y + reachY) {
                numbers.append(CellPlace(base: place.base, x: column, y: row).number(order: order))
            }
        }
        return true
    }

    /// Where in its cell a position is, 0 ..< 1, and the lengths of the cell's sides [rad].
    private typealias Shape = (x: Double, y: Double, lengthX: Double, lengthY: Double)

    /// Between the caps.
    private static func equatorial(_ position: SkyPosition, _ z: Double, _ cosine: Double, _ side: Double) -> Shape {
        let (along, across) = (side * (0.5 + position.raDegrees / 90), side * 0.75 * z)
        let length = hypot(cosine * .pi / 4, 2 / (3 * cosine)) / side
        return (fraction(along + across), fraction(across - along), length, length)
    }

    /// In a cap, where x and y change with a quarter's share t and the distance D from the pole in rows:
    /// D dt/dx = t, D dt/dy = t - 1 in the north.
    private static func polar(_ position: SkyPosition, _ z: Double, _ cosine: Double, _ side: Double) -> Shape {
        let quarters = position.raDegrees / 90
        let part = quarters - min(3, quarters.rounded(.down))
        let root = cosine / ((1 + abs(z)) / 3).squareRoot()
        let (east, west) = (part * side * root, (1 - part) * side * root)
        let north = 2 * root / (3 * cosine)
        let turn = cosine * (.pi / 2) / root
        let (long, short) = (hypot(turn * part, north) / side, hypot(turn * (1 - part), north) / side)
        return z > 0 ? (fraction(-west), fraction(-east), long, short) : (fraction(east), fraction(west), short, long)
    }

    private static func fraction(_ value: Double) -> Double { value - value.rounded(.down) }
}
