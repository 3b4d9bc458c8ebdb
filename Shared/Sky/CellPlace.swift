internal import Glibc

/// A cell by its base cell and its place there: the arithmetic of HEALPix's nested numbering.
///
/// The sphere is projected so that cells become squares stood on a corner. Twelve base cells lie in three rows of four:
/// 0-3 around the north pole, 4-7 on the equator, 8-11 around the south pole. In each, x runs to the north-east and y
/// to the north-west, both 0 ..< side; their bits in turn are the cell's number.
/// - Source: Górski et al. 2005, ApJ 622, 759, section 5 and appendix; Calabretta & Roukema 2007, MNRAS 381, 865.
struct CellPlace {
    /// 0 ..< 12.
    let base: Int64
    let x: Int64
    let y: Int64

    init(base: Int64, x: Int64, y: Int64) {
        (self.base, self.x, self.y) = (base, x, y)
    }

    init(number: Int64, order: Int) {
        base = number >> Int64(2 * order)
        let inside = UInt64(number & ((1 << Int64(2 * order)) - 1))
        x = Int64(Self.evenBits(inside))
        y = Int64(Self.evenBits(inside >> 1))
    }

    func number(order: Int) -> Int64 {
        base << Int64(2 * order) + Int64(Self.spread(UInt64(x)) | Self.spread(UInt64(y)) << 1)
    }

    init(_ position: SkyPosition, order: Int) {
        let side = Double(1 << order)
        let last = Int64(1 << order) - 1
        let z = sin(position.decDegrees.radians)
        let quarters = position.raDegrees / 90
        guard abs(z) > 2.0 / 3 else {
            // Between the caps z is proportional to the height in the plane: rows and columns are its diagonals.
            let (along, across) = (side * (0.5 + quarters), side * 0.75 * z)
            let (falling, rising) = (Int64((along - across).rounded(.down)), Int64((along + across).rounded(.down)))
            let (fallingBase, risingBase) = (falling >> Int64(order), rising >> Int64(order))
            base =
                if fallingBase == risingBase {
                    (fallingBase & 3) + 4
                } else if fallingBase < risingBase {
                    fallingBase & 3
                } else {
                    (risingBase & 3) + 8
                }
            x = rising & last
            y = last - (falling & last)
            return
        }
        let quarter = min(3, quarters.rounded(.down))
        let part = quarters - quarter
        // side * sqrt(3 (1 - |z|)), which would lose its digits at the pole.
        let distance = side * cos(position.decDegrees.radians) / ((1 + abs(z)) / 3).squareRoot()
        let east = min(last, Int64(part * distance))
        let west = min(last, Int64((1 - part) * distance))
        base = Int64(quarter) + (z > 0 ? 0 : 8)
        (x, y) = z > 0 ? (last - west, last - east) : (east, west)
    }

    /// The direction of the cell's centre.
    func centre(order: Int) -> SkyPosition {
        let side = Int64(1 << order)
        // The row, counted from the north pole: 1 ..< 4 side.
        let row = (2 + base / 4) * side - x - y - 1
        let inCap = min(row, 4 * side - row)
        guard inCap < side else {
            let z = Double(2 * side - row) * 2 / (3 * Double(side))
            return SkyPosition(sineOfDec: z, longitude: longitude(cellsInQuarter: side))
        }
        let fromPole = Double(inCap) * Double(inCap) / (3 * Double(side) * Double(side))
        let cosine = (fromPole * (2 - fromPole)).squareRoot()
        let declination = atan2(1 - fromPole, cosine).degrees
        let right = longitude(cellsInQuarter: inCap).degrees
        return SkyPosition(onSphereRA: right, dec: row < side ? declination : -declination)
    }

    /// [rad], for a row with so many cells in a quarter turn.
    private func longitude(cellsInQuarter count: Int64) -> Double {
        // Eighths of a turn at which the base cells' middles lie.
        let middle = (4..<8).contains(base) ? 2 * (base % 4) : 2 * (base % 4) + 1
        let step = middle * count + x - y
        return Double(step < 0 ? step + 8 * count : step) * (.pi / 4) / Double(count)
    }

    /// Puts the lower 32 bits at the even places.
    private static func spread(_ value: UInt64) -> UInt64 {
        var bits = value & 0xFFFF_FFFF
        for (shift, mask) in zip([16, 8, 4, 2, 1], masks.dropFirst()) { bits = (bits | bits << UInt64(shift)) & mask }
        return bits
    }

    /// Takes the bits at the even places: undoes `spread`.
    private static func evenBits(_ value: UInt64) -> UInt64 {
        var bits = value & masks[5]
        for (shift, mask) in zip([1, 2, 4, 8, 16], masks.dropLast().reversed()) {
            bits = (bits | bits >> UInt64(shift)) & mask
        }
        return bits
    }

    /// Groups of 32, 16, 8, 4, 2 and 1 bits, each with as many empty places above.
    private static let masks: [UInt64] = [
        0x0000_0000_FFFF_FFFF, 0x0000_FFFF_0000_FFFF, 0x00FF_00FF_00FF_00FF, 0x0F0F_0F0F_0F0F_0F0F,
        0x3333_3333_3333_3333, 0x5555_5555_5555_5555,
    ]
}

extension SkyPosition {
    /// From the sine of the declination, -1 ... 1, and a longitude [rad].
    init(sineOfDec: Double, longitude: Double) {
        self.init(onSphereRA: longitude.degrees, dec: asin(sineOfDec).degrees)
    }
}
