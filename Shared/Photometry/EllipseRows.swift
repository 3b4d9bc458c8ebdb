internal import CKernels

/// The columns of one row that an ellipse covers.
struct EllipseRow {
    /// Columns that share any area, inside the frame.
    var touched: Range<Int>
    /// Columns that lie inside with their whole square; a part of `touched`.
    var interior: Range<Int>
    /// Crossings of the row's lower and upper edge.
    var bottom: EllipseOverlap.Crossing
    var top: EllipseOverlap.Crossing
}

extension EllipseOverlap {
    /// Rows of a frame that share any area.
    func rows(height: Int) -> Range<Int> {
        pixelRange(y - halfHeight, y + halfHeight, count: height)
    }

    /// Whether any part lies outside a frame.
    func isTruncated(width: Int, height: Int) -> Bool {
        x - halfWidth < -0.5 || y - halfHeight < -0.5 || x + halfWidth > Double(width) - 0.5
            || y + halfHeight > Double(height) - 0.5
    }

    @inline(__always)
    func row(_ row: Int, bottom: Crossing, width: Int) -> EllipseRow {
        let v = Double(row) - 0.5 - y
        let top = crossing(v: v + 1)
        var (low, high) = (min(bottom.low, top.low), max(bottom.high, top.high))
        // The points farthest right and left lie at heights +-xy / halfWidth.
        let rightmost = rightmostHeight
        if rightmost > v, rightmost < v + 1 { high = max(high, halfWidth) }
        if -rightmost > v, -rightmost < v + 1 { low = min(low, -halfWidth) }
        let touched = pixelRange(x + low, x + high, count: width)
        let (insideLow, insideHigh) = (max(bottom.low, top.low), min(bottom.high, top.high))
        let first = ceilingInt(x + insideLow + 0.5, touched.lowerBound, touched.upperBound)
        let end = floorInt(x + insideHigh + 0.5, first, touched.upperBound)
        return EllipseRow(touched: touched, interior: first..<max(first, end), bottom: bottom, top: top)
    }

    /// Calls `rim` for each partly covered pixel (column, row, shared area) and `span` for each stretch of pixels
    /// that are covered whole; each row by row, but pixels of the rim only once many of them have been found.
    @inline(__always)
    func forEachPart(
        width: Int, height: Int, rim: (Int, Int, Double) -> Void, span: (Range<Int>, Int) -> Void
    ) {
        let rows = rows(height: height)
        guard let start = rows.first else { return }
        RimPixels.withRoom { pixels in
            var bottom = crossing(v: Double(start) - 0.5 - y)
            for row in rows {
                let outline = self.row(row, bottom: bottom, width: width)
                bottom = outline.top
                let (touched, interior) = (outline.touched, outline.interior)
                guard !touched.isEmpty else { continue }
                // Where nothing lies inside, the rim falls to both sides of its highest or lowest point.
                let top = Double(row) < y ? x - topmostDistance : x + topmostDistance
                let left =
                    interior.isEmpty
                    ? ceilingInt(top + 0.5, touched.lowerBound, touched.upperBound) : interior.lowerBound
                let right = interior.isEmpty ? left : interior.upperBound
                pixels.add(touched.lowerBound..<left, row: row, self, outline, isRight: false, rim)
                if !interior.isEmpty { span(interior, row) }
                pixels.add(right..<touched.upperBound, row: row, self, outline, isRight: true, rim)
            }
            pixels.finish(self, rim)
        }
    }

    /// The columns of a row that lie inside with their whole square.
    func interior(row: Int, width: Int) -> Range<Int> {
        self.row(row, bottom: crossing(v: Double(row) - 0.5 - y), width: width).interior
    }

    /// Rows of a frame on which centres of pixels lie inside.
    func centreRows(height: Int) -> Range<Int> {
        let first = ceilingInt(y - halfHeight, 0, height)
        return first..<floorInt(y + halfHeight + 1, first, height)
    }

    /// Calls `body` with the stretch of pixels of each row whose centres lie inside.
    @inline(__always)
    func forEachCentreSpan(width: Int, height: Int, _ body: (Range<Int>, Int) -> Void) {
        let rows = centreRows(height: height)
        let atOnce = 64
        var outline = kernelOutline
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: 2 * atOnce) { room in
            guard let starts = room.baseAddress else { return }
            let ends = starts + atOnce
            for first in stride(from: rows.lowerBound, to: rows.upperBound, by: atOnce) {
                let count = min(atOnce, rows.upperBound - first)
                kernel_centre_spans(starts, ends, &outline, first, count, width)
                for index in 0..<count where starts[index] < ends[index] {
                    body(Int(starts[index])..<Int(ends[index]), first + index)
                }
            }
        }
    }
}

/// Pixels of a row of `count` that share any part of an interval of positions.
@inline(__always)
private func pixelRange(_ low: Double, _ high: Double, count: Int) -> Range<Int> {
    let first = floorInt(low + 0.5, 0, count)
    return first..<floorInt(high + 1.5, first, count)
}

/// The largest integer not above a number, within limits, however large the number is; NaN gives the lower limit.
@inline(__always)
private func floorInt(_ value: Double, _ low: Int, _ high: Int) -> Int {
    guard value > Double(low) else { return low }
    // Limits are not negative: conversion cuts towards zero.
    return value < Double(high) ? Int(value) : high
}

/// The smallest integer not below a number, within limits.
@inline(__always)
private func ceilingInt(_ value: Double, _ low: Int, _ high: Int) -> Int {
    guard value > Double(low) else { return low }
    guard value < Double(high) else { return high }
    let whole = Int(value)
    return Double(whole) < value ? whole + 1 : whole
}
