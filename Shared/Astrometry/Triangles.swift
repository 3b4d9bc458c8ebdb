/// Three stars, named by the sides they face: `vertices[0]` faces the longest side.
struct Triangle {
    var vertices: (Int, Int, Int)
    /// Longest side [px].
    var longest: Double
    /// Middle and shortest side over the longest.
    var ratios: (Double, Double)
    /// Sense of the vertices in the given order.
    var isClockwise: Bool

    /// `nil` for triangles whose sides do not tell the vertices apart, or that are too small or too thin to carry a
    /// map.
    init?(_ a: Int, _ b: Int, _ c: Int, of stars: [StarPosition], minimumSide: Double) {
        let (first, second, third) = (stars[a], stars[b], stars[c])
        var sides = [
            (Self.distance(second, third), a), (Self.distance(first, third), b), (Self.distance(first, second), c),
        ]
        if sides[0].0 < sides[1].0 { sides.swapAt(0, 1) }
        if sides[1].0 < sides[2].0 { sides.swapAt(1, 2) }
        if sides[0].0 < sides[1].0 { sides.swapAt(0, 1) }
        longest = sides[0].0
        guard longest >= minimumSide, sides[2].0 > 0.1 * longest else { return nil }
        ratios = (sides[1].0 / longest, sides[2].0 / longest)
        guard ratios.0 < 0.98, ratios.1 < 0.98 * ratios.0 else { return nil }
        vertices = (sides[0].1, sides[1].1, sides[2].1)
        let (p, q, r) = (stars[vertices.0], stars[vertices.1], stars[vertices.2])
        let area = (q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x)
        guard abs(area) > 0.02 * longest * longest else { return nil }
        isClockwise = area < 0
    }

    private static func distance(_ a: StarPosition, _ b: StarPosition) -> Double {
        ((a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y)).squareRoot()
    }

    static func all(of list: StarList) -> [Triangle] {
        let indices = list.bright
        let minimum = max(12, 0.05 * list.area.squareRoot())
        var triangles: [Triangle] = []
        triangles.reserveCapacity(indices.count * indices.count * indices.count / 6)
        for i in indices.indices.dropLast(2) {
            for j in (i + 1)..<(indices.count - 1) {
                for k in (j + 1)..<indices.count {
                    if let triangle = Triangle(indices[i], indices[j], indices[k], of: list.stars, minimumSide: minimum)
                    {
                        triangles.append(triangle)
                    }
                }
            }
        }
        return triangles
    }
}

/// Triangles in cells of their two ratios.
struct TriangleIndex {
    private static let cells = 128
    private let start: [Int32]
    private let order: [Int32]
    let triangles: [Triangle]

    init(_ triangles: [Triangle]) {
        self.triangles = triangles
        let cell = triangles.map { Self.cell($0.ratios.0) * Self.cells + Self.cell($0.ratios.1) }
        var start = [Int32](repeating: 0, count: Self.cells * Self.cells + 1)
        for index in cell { start[index + 1] += 1 }
        for index in 1..<start.count { start[index] += start[index - 1] }
        var next = start
        var order = [Int32](repeating: 0, count: triangles.count)
        for (triangle, index) in cell.enumerated() {
            order[Int(next[index])] = Int32(triangle)
            next[index] += 1
        }
        (self.start, self.order) = (start, order)
    }

    private static func cell(_ ratio: Double) -> Int { max(0, min(cells - 1, Int(ratio * Double(cells)))) }

    /// Calls `body` with every triangle of the same shape within the uncertainty that a pixel of centroid error gives.
    func forEach(like wanted: Triangle, pixels: Double, _ body: (Triangle) -> Void) {
        let widest = min(0.02, 2 * pixels / wanted.longest)
        let columns = Self.cell(wanted.ratios.1 - widest)...Self.cell(wanted.ratios.1 + widest)
        for row in Self.cell(wanted.ratios.0 - widest)...Self.cell(wanted.ratios.0 + widest) {
            let slots = start[row * Self.cells + columns.lowerBound]..<start[row * Self.cells + columns.upperBound + 1]
            for slot in slots {
                let triangle = triangles[Int(order[Int(slot)])]
                let tolerance = min(widest, pixels / wanted.longest + pixels / triangle.longest)
                if abs(triangle.ratios.0 - wanted.ratios.0) <= tolerance,
                    abs(triangle.ratios.1 - wanted.ratios.1) <= tolerance
                {
                    body(triangle)
                }
            }
        }
    }
}
