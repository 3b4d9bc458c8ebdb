internal import Glibc
public import Sky

/// The part of the sky that a set of positions covers, as ranges of cells of HEALPix's last order.
///
/// An object's identifier is such a cell, so that a database finds the objects of a frame by ranges of its primary key.
public struct SkyFootprint: Sendable, Hashable {
    /// Half open, in order, neither overlapping nor touching.
    public let ranges: [Range<Int64>]
    /// Cells of order 4 (3.7 deg) that it touches, in order: what writers of the same part of the sky lock.
    public let regions: [Int64]

    /// - Parameter marginArcsec: how far beyond the positions it reaches at least.
    public init(around positions: [SkyPosition], marginArcsec: Double) {
        let margin = max(0, marginArcsec) / 3600
        let order = Self.order(for: positions, margin: margin)
        let occupied = Set(positions.map { SkyCell(containing: $0, order: order) })
        let isNarrow = margin <= Self.narrow * SkyCell.sideDegrees(order: order)
        var touched = Set(occupied.map(\.number))
        for cell in occupied where !isNarrow || !Self.insertNeighbours(of: cell, into: &touched) {
            let reach = SkyCell.circumscribedRadiusDegrees(order: order) + margin
            for near in SkyCell.cells(order: order, within: reach, of: cell.centre) { touched.insert(near.number) }
        }
        let numbers = touched.sorted()
        ranges = Self.ranges(of: numbers, order: order)
        regions = Self.regions(of: numbers, order: order)
    }

    /// The cells around each of the positions, in place of the frame's whole area where that is much larger.
    ///
    /// - Parameters:
    ///   - marginArcsec: how far beyond the positions it reaches at least, and not much farther.
    ///   - frame: the footprint of the same positions, of which it is a part.
    public init(near positions: [SkyPosition], marginArcsec: Double, in frame: SkyFootprint) {
        let margin = max(0, marginArcsec) / 3600
        let order = min(
            SkyCell.maximumOrder, max(0, Int(log2(SkyCell.sideDegrees(order: 0) / max(margin, 1e-6)).rounded())))
        let area = frame.ranges.reduce(0.0) { $0 + Double($1.count) }
        let cells = Double(positions.count) * Self.cellsEach
        guard cells * Double(Int64(1) << Int64(2 * (SkyCell.maximumOrder - order))) < 0.5 * area else {
            self = frame
            return
        }
        var numbers: [Int64] = []
        numbers.reserveCapacity(Int(cells))
        for position in positions
        where !SkyCell.appendNumbers(order: order, within: margin, of: position, to: &numbers) {
            numbers.append(contentsOf: SkyCell.cells(order: order, within: margin, of: position).map(\.number))
        }
        numbers.sort()
        ranges = Self.ranges(of: numbers, order: order)
        regions = frame.regions
    }

    /// That a circle of about a cell's size touches.
    private static let cellsEach = 9.0

    /// - Parameter numbers: of cells, in order; some may be there more than once.
    private static func ranges(of numbers: [Int64], order: Int) -> [Range<Int64>] {
        let shift = Int64(2 * (SkyCell.maximumOrder - order))
        var ranges: [Range<Int64>] = []
        for number in numbers {
            let (lower, upper) = (number << shift, (number + 1) << shift)
            if let last = ranges.last, last.upperBound >= lower {
                ranges[ranges.count - 1] = last.lowerBound..<upper
            } else {
                ranges.append(lower..<upper)
            }
        }
        return ranges
    }

    /// A margin of so much of a cell's side does not reach across any of its neighbours, slanted as they are.
    private static let narrow = 0.2

    /// The cells around one: those of the nested numbering whose column and row differ by one at most.
    ///
    /// - Returns: false, and nothing done, for a cell at the border of its base cell.
    private static func insertNeighbours(of cell: SkyCell, into touched: inout Set<Int64>) -> Bool {
        let (columns, rows) = (Int64(0x5555_5555_5555_5555), Int64(0x2AAA_AAAA_AAAA_AAAA))
        let mask = (Int64(1) << Int64(2 * cell.order)) - 1
        let (base, inside) = (cell.number & ~mask, cell.number & mask)
        let (column, row) = (inside & columns, inside & rows)
        guard column != 0, row != 0, column != mask & columns, row != mask & rows else { return false }
        // Carries and borrows run through the places between the bits of one coordinate.
        let beside = [(column - 1) & columns, column, ((column | ~columns) &+ 1) & columns]
        for one in beside {
            for other in [(row - 1) & rows, row, ((row | ~rows) &+ 1) & rows] { touched.insert(base | one | other) }
        }
        return true
    }

    /// Cells of a tenth of the frame's radius or so, but wider than the margin: larger ones reach far beyond its edges,
    /// of smaller ones there are too many.
    private static func order(for positions: [SkyPosition], margin: Double) -> Int {
        var (x, y, z) = (0.0, 0.0, 0.0)
        for position in positions {
            let (right, declination) = (position.raDegrees * (.pi / 180), position.decDegrees * (.pi / 180))
            x += cos(declination) * cos(right)
            y += cos(declination) * sin(right)
            z += sin(declination)
        }
        let horizontal = (x * x + y * y).squareRoot()
        var radius = 0.0
        if horizontal + abs(z) > 0 {
            do {
                let centre = try SkyPosition(
                    raDegrees: atan2(y, x) * (180 / .pi), decDegrees: atan2(z, horizontal) * (180 / .pi))
                for position in positions { radius = max(radius, centre.separationDegrees(from: position)) }
            } catch {
                radius = 180
            }
        }
        let side = max(radius / 16, margin / narrow, 0.01)
        return min(12, max(0, Int(log2(SkyCell.sideDegrees(order: 0) / side).rounded(.down))))
    }

    private static let regionOrder = 4

    private static func regions(of numbers: [Int64], order: Int) -> [Int64] {
        let steps = Int64(2 * abs(order - regionOrder))
        guard order < regionOrder else { return Set(numbers.map { $0 >> steps }).sorted() }
        return numbers.flatMap { number in (number << steps)..<((number + 1) << steps) }
    }
}

/// Names of objects.
public enum ObjectIdentifier {
    /// The cell of HEALPix's last order, 0.4 mas wide, that an object was first described in: where a catalogue has it,
    /// else where it was first seen. It stays as it is when the position becomes better known.
    ///
    /// - Parameter taken: whether another object has it already; then the next free cell.
    public static func identifier(at position: SkyPosition, taken: (Int64) -> Bool) -> Int64 {
        let count = SkyCell.count(order: SkyCell.maximumOrder)
        var identifier = SkyCell(containing: position, order: SkyCell.maximumOrder).number
        while taken(identifier) { identifier = (identifier + 1) % count }
        return identifier
    }
}
