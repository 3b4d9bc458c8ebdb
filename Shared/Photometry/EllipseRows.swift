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

    /// Calls `body` with each column of a stretch of rim pixels and its shared area.
    ///
    /// - Parameter isRight: whether the stretch lies at the right end of the row.
    @inline(__always)
    func forEachRimPixel(
        _ columns: Range<Int>, row: Int, _ outline: EllipseRow, isRight: Bool, _ body: (Int, Double) -> Void
    ) {
        guard !columns.isEmpty else { return }
        let v = Double(row) - 0.5 - y
        // Above or below the outermost point the outline only falls or only rises from pixel to pixel.
        let height = isRight ? rightmostHeight : -rightmostHeight
        let isMonotone = v >= height || v + 1 <= height
        var left = crossing(u: Double(columns.lowerBound) - 0.5 - x)
        for column in columns {
            let u = Double(column) - 0.5 - x
            let right = crossing(u: u + 1)
            let share =
                isMonotone
                ? cornerOverlap(u: u, v: v, outline, left: left, right: right, isRight: isRight, isUpper: v >= height)
                : nil
            body(
                column,
                share ?? overlap(u: u, v: v, bottom: outline.bottom, top: outline.top, left: left, right: right))
            left = right
        }
    }

    /// `overlap` for a pixel through which one arc goes that falls away from the centre; nil when it may not be so.
    ///
    /// Mirrored so that the arc is the upper right one, the area is a rectangle, a trapezium and one segment, without
    /// asking which edges are crossed.
    @inline(__always)
    private func cornerOverlap(
        u: Double, v: Double, _ outline: EllipseRow, left: Crossing, right: Crossing, isRight: Bool, isUpper: Bool
    ) -> Double? {
        let (near, far) = isUpper ? (outline.bottom, outline.top) : (outline.top, outline.bottom)
        let (inner, outer) = isRight ? (left, right) : (right, left)
        // Distances from the centre, growing outwards.
        let (u0, v0) = (isRight ? u : -u - 1, isUpper ? v : -v - 1)
        let nearEnd = isRight ? near.high : -near.low
        let farEnd = isRight ? far.high : -far.low
        let innerEnd = isUpper ? inner.high : -inner.low
        let outerEnd = isUpper ? outer.high : -outer.low
        // The corner nearest to the centre lies inside, and on this side of the highest point.
        let other = isRight ? near.low : -near.high
        let lower = isUpper ? inner.low : -inner.high
        guard u0 >= other, u0 < nearEnd, v0 >= lower, v0 < innerEnd,
            u0 >= (isRight == isUpper ? topmostDistance : -topmostDistance)
        else { return nil }
        let startX = min(max(farEnd, u0), u0 + 1)
        let endX = min(nearEnd, u0 + 1)
        let startY = min(innerEnd, v0 + 1)
        let endY = max(outerEnd, v0)
        let (dx, dy) = (max(0, endX - startX), max(0, startY - endY))
        let sign = isRight == isUpper ? -1.0 : 1.0
        let chord = cxx * dx * dx + sign * cxy * dx * dy + cyy * dy * dy
        let segment = axes * circularSegment(squaredSine: min(1, chord / 4))
        return min(1, (startX - u0) + dx * ((startY + endY) / 2 - v0) + segment)
    }

    /// Calls `rim` for each partly covered pixel (column, row, shared area) and `span` for each stretch of pixels
    /// that are covered whole, row by row.
    @inline(__always)
    func forEachPart(
        width: Int, height: Int, rim: (Int, Int, Double) -> Void, span: (Range<Int>, Int) -> Void
    ) {
        let rows = rows(height: height)
        guard let start = rows.first else { return }
        var bottom = crossing(v: Double(start) - 0.5 - y)
        for row in rows {
            let outline = self.row(row, bottom: bottom, width: width)
            bottom = outline.top
            guard !outline.touched.isEmpty else { continue }
            let interior = outline.interior
            let split = interior.isEmpty ? outline.touched.upperBound : interior.lowerBound
            forEachRimPixel(outline.touched.lowerBound..<split, row: row, outline, isRight: false) { rim($0, row, $1) }
            guard !interior.isEmpty else { continue }
            span(interior, row)
            forEachRimPixel(interior.upperBound..<outline.touched.upperBound, row: row, outline, isRight: true) {
                rim($0, row, $1)
            }
        }
    }

    /// Calls `body` with the stretch of pixels of each row whose centres lie inside.
    @inline(__always)
    func forEachCentreSpan(width: Int, height: Int, _ body: (Range<Int>, Int) -> Void) {
        let first = ceilingInt(y - halfHeight, 0, height)
        let end = floorInt(y + halfHeight + 1, first, height)
        for row in first..<max(first, end) {
            let columns = centres(of: crossing(v: Double(row) - y), width: width)
            if !columns.isEmpty { body(columns, row) }
        }
    }

    /// Columns whose centres lie within a crossing.
    @inline(__always)
    func centres(of crossing: Crossing, width: Int) -> Range<Int> {
        let left = ceilingInt(x + crossing.low, 0, width)
        let right = floorInt(x + crossing.high + 1, left, width)
        return left..<right
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
