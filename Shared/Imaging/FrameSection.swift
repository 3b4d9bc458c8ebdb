/// A rectangle of pixels of a frame, 0-based, half open: x0 <= x < x1 and y0 <= y < y1.
public struct FrameSection: Sendable, Hashable, Codable {
    public var x0: Int
    public var x1: Int
    public var y0: Int
    public var y1: Int

    public init(x0: Int, x1: Int, y0: Int, y1: Int) {
        self.x0 = x0
        self.x1 = x1
        self.y0 = y0
        self.y1 = y1
    }

    /// Reads the IRAF notation of BIASSEC, DATASEC and TRIMSEC: "[x1:x2,y1:y2]", counted from 1, both ends included.
    ///
    /// Nil for anything else; a descending range ("[50:1,1:9]", a flipped read-out) is the same rectangle.
    public init?(fits text: String) {
        let trimmed = text.filter { !$0.isWhitespace }
        guard trimmed.hasPrefix("["), trimmed.hasSuffix("]") else { return nil }
        let ranges = trimmed.dropFirst().dropLast().split(separator: ",", omittingEmptySubsequences: false)
        guard ranges.count == 2, let x = Self.range(ranges[0]), let y = Self.range(ranges[1]) else { return nil }
        self.init(x0: x.lowerBound, x1: x.upperBound, y0: y.lowerBound, y1: y.upperBound)
    }

    private static func range(_ text: Substring) -> Range<Int>? {
        let ends = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard ends.count == 2, let a = ends[0], let b = ends[1] else { return nil }
        let (low, high) = (min(a, b), max(a, b))
        return low >= 1 && high < 1 << 20 ? (low - 1)..<high : nil
    }

    public var width: Int { x1 - x0 }
    public var height: Int { y1 - y0 }
    public var columns: Range<Int> { x0..<x1 }
    public var rows: Range<Int> { y0..<y1 }

    /// Whether it holds pixels, and only pixels of a frame of this size.
    public func fits(width: Int, height: Int) -> Bool {
        x0 >= 0 && y0 >= 0 && x0 < x1 && y0 < y1 && x1 <= width && y1 <= height
    }

    public func overlaps(_ other: FrameSection) -> Bool {
        x0 < other.x1 && other.x0 < x1 && y0 < other.y1 && other.y0 < y1
    }

    /// As FITS headers write it.
    public var fitsText: String { "[\(x0 + 1):\(x1),\(y0 + 1):\(y1)]" }
}
