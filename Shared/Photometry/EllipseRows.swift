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
        let rightmost = xy / halfWidth
        if rightmost > v, rightmost < v + 1 { high = max(high, halfWidth) }
        if -rightmost > v, -rightmost < v + 1 { low = min(low, -halfWidth) }
        let touched = pixelRange(x + low, x + high, count: width)
        let (insideLow, insideHigh) = (max(bottom.low, top.low), min(bottom.high, top.high))
        let first = clampedInt((x + insideLow + 0.5).rounded(.up), touched.lowerBound, touched.upperBound)
        let end = clampedInt((x + insideHigh + 0.5).rounded(.down), first, touched.upperBound)
        return EllipseRow(touched: touched, interior: first..<max(first, end), bottom: bottom, top: top)
    }

    /// Calls `body` with each column of a stretch of rim pixels and its shared area.
    @inline(__always)
    func forEachRimPixel(_ columns: Range<Int>, row: Int, _ outline: EllipseRow, _ body: (Int, Double) -> Void) {
        guard !columns.isEmpty else { return }
        let v = Double(row) - 0.5 - y
        var left = crossing(u: Double(columns.lowerBound) - 0.5 - x)
        for column in columns {
            let u = Double(column) - 0.5 - x
            let right = crossing(u: u + 1)
            body(column, overlap(u: u, v: v, bottom: outline.bottom, top: outline.top, left: left, right: right))
            left = right
        }
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
            forEachRimPixel(outline.touched.lowerBound..<split, row: row, outline) { rim($0, row, $1) }
            guard !interior.isEmpty else { continue }
            span(interior, row)
            forEachRimPixel(interior.upperBound..<outline.touched.upperBound, row: row, outline) { rim($0, row, $1) }
        }
    }

    /// Calls `body` with the stretch of pixels of each row whose centres lie inside.
    @inline(__always)
    func forEachCentreSpan(width: Int, height: Int, _ body: (Range<Int>, Int) -> Void) {
        let first = clampedInt((y - halfHeight).rounded(.up), 0, height)
        let end = clampedInt((y + halfHeight).rounded(.down) + 1, first, height)
        for row in first..<max(first, end) {
            let columns = centres(of: crossing(v: Double(row) - y), width: width)
            if !columns.isEmpty { body(columns, row) }
        }
    }

    /// Columns whose centres lie within a crossing.
    @inline(__always)
    func centres(of crossing: Crossing, width: Int) -> Range<Int> {
        let left = clampedInt((x + crossing.low).rounded(.up), 0, width)
        let right = clampedInt((x + crossing.high).rounded(.down) + 1, left, width)
        return left..<right
    }
}

/// Pixels of a row of `count` that share any part of an interval of positions.
@inline(__always)
private func pixelRange(_ low: Double, _ high: Double, count: Int) -> Range<Int> {
    let first = clampedInt((low + 0.5).rounded(.down), 0, count)
    return first..<clampedInt((high + 0.5).rounded(.down) + 1, first, count)
}

/// A number as an integer within limits, however large it is; NaN gives the lower limit.
@inline(__always)
private func clampedInt(_ value: Double, _ low: Int, _ high: Int) -> Int {
    value > Double(low) ? (value < Double(high) ? Int(value) : high) : low
}
