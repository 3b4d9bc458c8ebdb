/// One cell of the HEALPix division of the sky, nested numbering: 12 x 4^order cells of equal area.
///
/// - Source: Górski et al. 2005, ApJ 622, 759. Written from the paper: the HEALPix libraries are under the GPL.
public struct SkyCell: Sendable, Hashable, Comparable {
    /// Depth of the division: 0 has 12 cells of 58.6 deg; each step halves the side; 29 is 0.4 milliarcseconds.
    public let order: Int
    /// Number among the cells of its order, 0 ..< 12 x 4^order.
    public let number: Int64

    public static let maximumOrder = 29

    /// - Returns: `nil` where there is no such cell.
    public init?(order: Int, number: Int64) {
        guard (0...Self.maximumOrder).contains(order), number >= 0, number < Self.count(order: order) else {
            return nil
        }
        self.init(uncheckedOrder: order, number: number)
    }

    /// The cell that a direction lies in.
    public init(containing position: SkyPosition, order: Int) {
        precondition((0...Self.maximumOrder).contains(order), "orders of HEALPix go from 0 to 29")
        self.init(uncheckedOrder: order, number: CellPlace(position, order: order).number(order: order))
    }

    private init(uncheckedOrder order: Int, number: Int64) {
        self.order = order
        self.number = number
    }

    /// Cells on the whole sky.
    public static func count(order: Int) -> Int64 { 12 << Int64(2 * order) }

    /// Side of a square of the same area as a cell [deg].
    public static func sideDegrees(order: Int) -> Double {
        (4 * Double.pi / Double(count(order: order))).squareRoot().degrees
    }

    public static func < (one: SkyCell, other: SkyCell) -> Bool {
        (one.order, one.number) < (other.order, other.number)
    }

    /// The direction of the cell's centre.
    public var centre: SkyPosition {
        CellPlace(number: number, order: order).centre(order: order)
    }

    /// The four cells of the next order that make up this one.
    public var parts: [SkyCell] {
        precondition(order < Self.maximumOrder, "a cell of the last order has no parts")
        return (0..<4).map { SkyCell(uncheckedOrder: order + 1, number: number * 4 + $0) }
    }

    /// The cells of an order that have a part within a radius of a position, in the order of their numbers.
    ///
    /// Complete: no cell that touches the cone is left out; a few that only come near it may be among them.
    /// - Parameter radiusDegrees: radius of the cone [deg]; from 180 on it is the whole sky.
    public static func cells(order: Int, within radiusDegrees: Double, of position: SkyPosition) -> [SkyCell] {
        precondition((0...maximumOrder).contains(order), "orders of HEALPix go from 0 to 29")
        var cells = (0..<12).map { SkyCell(uncheckedOrder: 0, number: $0) }
        for depth in 0...order {
            let reach = radiusDegrees + circumscribedRadiusDegrees(order: depth)
            cells = cells.filter { $0.centre.separationDegrees(from: position) <= reach }
            if depth < order { cells = cells.flatMap(\.parts) }
        }
        return cells
    }

    /// No point of a cell is farther from its centre than this [deg].
    ///
    /// The farthest corners are those of the cells that touch a pole's cap between two base cells: the separation of
    /// `z = 2/3, phi = pi / (4 nside)` and `z = 1 - (1 - 1/nside)^2 / 3, phi = 0` (as healpix_base's max_pixrad).
    public static func circumscribedRadiusDegrees(order: Int) -> Double {
        let side = Double(1 << order)
        let corner = SkyPosition(sineOfDec: 1 - (1 - 1 / side) * (1 - 1 / side) / 3, longitude: 0)
        return SkyPosition(sineOfDec: 2.0 / 3, longitude: .pi / (4 * side)).separationDegrees(from: corner) * (1 + 1e-9)
    }
}
