/// Points of a plane sorted into square cells.
struct PlaneGrid {
    let x: [Double]
    let y: [Double]
    private let left: Double
    private let bottom: Double
    private let side: Double
    private let inverse: Double
    private let columns: Int
    private let rows: Int
    /// `order[start[c] ..< start[c + 1]]` are the points of cell c.
    private let start: [Int32]
    private let order: [Int32]

    /// - Parameter pointsPerCell: on average.
    init(x: [Double], y: [Double], pointsPerCell: Double) {
        (self.x, self.y) = (x, y)
        left = x.min() ?? 0
        bottom = y.min() ?? 0
        let (spanX, spanY) = ((x.max() ?? 0) - left, (y.max() ?? 0) - bottom)
        let count = Double(max(1, x.count))
        let typical = (spanX * spanY * pointsPerCell / count).squareRoot()
        side = max(typical, max(spanX, spanY) / (4 * count + 16), max(spanX, spanY) / 2048, 1e-300)
        inverse = 1 / side
        columns = Int(spanX / side) + 1
        rows = Int(spanY / side) + 1
        var (begin, sorted) = (
            [Int32](repeating: 0, count: columns * rows + 1), [Int32](repeating: 0, count: x.count)
        )
        let (width, height, least, low, scale) = (columns, rows, left, bottom, inverse)
        let cells = x.indices.map { index in
            min(height - 1, Int((y[index] - low) * scale)) * width + min(width - 1, Int((x[index] - least) * scale))
        }
        for cell in cells { begin[cell + 1] += 1 }
        for index in 1..<begin.count { begin[index] += begin[index - 1] }
        var next = begin
        for (index, cell) in cells.enumerated() {
            sorted[Int(next[cell])] = Int32(index)
            next[cell] += 1
        }
        (start, order) = (begin, sorted)
    }

    /// Calls `body` with every point in the cells that a square around (x, y) touches.
    @inline(__always)
    func visit(x px: Double, y py: Double, radius: Double, _ body: (Int) -> Void) {
        let (lowX, highX) = ((px - radius - left) * inverse, (px + radius - left) * inverse)
        let (lowY, highY) = ((py - radius - bottom) * inverse, (py + radius - bottom) * inverse)
        guard highX >= 0, highY >= 0, lowX < Double(columns), lowY < Double(rows) else { return }
        let (firstX, lastX) = (Int(max(0, lowX)), Int(min(Double(columns - 1), highX)))
        let (firstY, lastY) = (Int(max(0, lowY)), Int(min(Double(rows - 1), highY)))
        for row in firstY...lastY {
            let (from, to) = (start[row * columns + firstX], start[row * columns + lastX + 1])
            for place in from..<to { body(Int(order[Int(place)])) }
        }
    }

    /// The k nearest other points of each point, the nearest first; -1 where there are not so many.
    func nearestNeighbours(_ k: Int) -> [Int32] {
        var result = [Int32](repeating: -1, count: x.count * k)
        var distances = [Double](repeating: .infinity, count: k)
        let widest = side * Double(max(columns, rows) + 1)
        for point in x.indices {
            var radius = side * 1.5
            while true {
                for slot in 0..<k { (distances[slot], result[point * k + slot]) = (.infinity, -1) }
                visit(x: x[point], y: y[point], radius: radius) { other in
                    let (dx, dy) = (x[other] - x[point], y[other] - y[point])
                    let distance = dx * dx + dy * dy
                    guard other != point, distance < distances[k - 1] else { return }
                    var slot = k - 1
                    while slot > 0, distances[slot - 1] > distance {
                        distances[slot] = distances[slot - 1]
                        result[point * k + slot] = result[point * k + slot - 1]
                        slot -= 1
                    }
                    (distances[slot], result[point * k + slot]) = (distance, Int32(other))
                }
                if distances[k - 1] <= radius * radius || radius > widest { break }
                radius *= 1.6
            }
        }
        return result
    }
}
