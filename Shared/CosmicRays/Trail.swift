internal import Foundation
public import Imaging

/// The straight trail of a satellite, an aeroplane or a meteor.
public struct Trail: Sendable, Equatable {
    /// Ends of the middle line on the frame [px]; (0, 0) is the centre of the first pixel.
    public let startX: Double
    public let startY: Double
    public let endX: Double
    public let endY: Double
    /// Full width at half maximum across the trail [px].
    public let fwhmPixels: Double
    /// Of the band that `mark` marks [px].
    public let maskWidthPixels: Double
    /// Median along the trail of the light in its middle above the sky [e-/px].
    public let peakElectrons: Double
    /// Of the line's sum against the sums of all lines of the frame.
    public let significance: Double

    public var lengthPixels: Double { hypot(endX - startX, endY - startY) }

    /// Adds `PixelFlags.trail` to every pixel within half of `maskWidthPixels` of the line from end to end.
    public func mark(_ mask: inout Mask) {
        let line = Line(startX, startY, endX, endY)
        let reach = maskWidthPixels / 2
        for y in Self.rows(line, reach, mask.height) {
            for x in line.columns(row: y, reach: reach, width: mask.width)
            where line.distance(Double(x), Double(y)) <= reach {
                mask.bits[y * mask.width + x] |= PixelFlags.trail.rawValue
            }
        }
    }

    private static func rows(_ line: Line, _ reach: Double, _ height: Int) -> Range<Int> {
        let low = max(Int((min(line.startY, line.endY) - reach).rounded(.down)), 0)
        let high = min(Int((max(line.startY, line.endY) + reach).rounded(.up)), height - 1)
        return low..<max(low, high + 1)
    }
}

/// A straight line from one place to another.
struct Line: Sendable, Equatable {
    var startX: Double
    var startY: Double
    var endX: Double
    var endY: Double

    init(_ startX: Double, _ startY: Double, _ endX: Double, _ endY: Double) {
        (self.startX, self.startY, self.endX, self.endY) = (startX, startY, endX, endY)
    }

    var length: Double { hypot(endX - startX, endY - startY) }
    /// Unit vector from start to end; along x for a point.
    var direction: (x: Double, y: Double) {
        length > 0 ? ((endX - startX) / length, (endY - startY) / length) : (1, 0)
    }

    /// The place so far along the line, and so far to the left of it.
    func place(along: Double, across: Double = 0) -> (x: Double, y: Double) {
        let unit = direction
        return (startX + along * unit.x - across * unit.y, startY + along * unit.y + across * unit.x)
    }

    /// How far along the line, and to the left of it, a place lies.
    func coordinates(_ x: Double, _ y: Double) -> (along: Double, across: Double) {
        let unit = direction
        let (dx, dy) = (x - startX, y - startY)
        return (dx * unit.x + dy * unit.y, dy * unit.x - dx * unit.y)
    }

    /// From the nearest place between the ends [px].
    func distance(_ x: Double, _ y: Double) -> Double {
        let (along, across) = coordinates(x, y)
        let beyond = max(-along, along - length, 0)
        return hypot(across, beyond)
    }

    /// Columns of a row that may lie within `reach` of the line.
    func columns(row: Int, reach: Double, width: Int) -> Range<Int> {
        let unit = direction
        var low = min(startX, endX)
        var high = max(startX, endX)
        if abs(unit.y) > 1e-6 {
            let middle = startX + (Double(row) - startY) * unit.x / unit.y
            let spread = (reach + 1) / abs(unit.y)
            (low, high) = (max(low, middle - spread), min(high, middle + spread))
        }
        let first = min(max((low - reach - 1).rounded(.down), 0), Double(width))
        let last = min(max((high + reach + 1).rounded(.up), -1), Double(width - 1))
        return Int(first)..<max(Int(first), Int(last) + 1)
    }

    /// The longest piece of the endless line that lies on a frame; nil where none does.
    func extended(width: Int, height: Int) -> Line? {
        let unit = direction
        var (low, high) = (-1e9, 1e9)
        for (start, step, size) in [(startX, unit.x, Double(width)), (startY, unit.y, Double(height))] {
            if abs(step) < 1e-9 {
                if start < -0.5 || start > size - 0.5 { return nil }
                continue
            }
            let ends = [(-0.5 - start) / step, (size - 0.5 - start) / step]
            (low, high) = (max(low, ends.min()!), min(high, ends.max()!))
        }
        guard low < high else { return nil }
        let (first, last) = (place(along: low), place(along: high))
        return Line(first.x, first.y, last.x, last.y)
    }
}
