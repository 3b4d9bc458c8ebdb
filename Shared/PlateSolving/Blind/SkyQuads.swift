internal import Glibc

/// The quads that stars on the sphere make with their nearest neighbours.
///
/// Of the triples of a star's seven nearest neighbours those are taken that are lines of the Fano plane: seven, in
/// which each neighbour stands three times and no two stand together twice. A star that a frame does not show takes few
/// of them away.
struct SkyQuads {
    let directions: [SkyVector]
    /// Seven for each star, the nearest first; -1 where there are not so many.
    private let nearest: [Int32]

    static let neighbours = 7
    static let lines: [SIMD4<Int>] = [(0, 1, 3), (1, 2, 4), (2, 3, 5), (3, 4, 6), (4, 5, 0), (5, 6, 1), (6, 0, 2)].map {
        SIMD4($0.0, $0.1, $0.2, -1)
    }
    /// Of two of the seven, which is the third on their line.
    private static let third: [Int] = {
        var table = [Int](repeating: -1, count: neighbours * neighbours)
        for line in lines {
            for (a, b, c) in [(0, 1, 2), (1, 2, 0), (2, 0, 1)] {
                table[line[a] * neighbours + line[b]] = line[c]
                table[line[b] * neighbours + line[a]] = line[c]
            }
        }
        return table
    }()

    init(_ directions: [SkyVector]) {
        self.directions = directions
        nearest = NearestOnSphere(directions).neighbours(Self.neighbours)
    }

    /// Each set of four once, in canonical order.
    func quads(lengths: ClosedRange<Float>) -> [Quad] {
        var result: [Quad] = []
        result.reserveCapacity(directions.count * 6)
        for star in directions.indices {
            for line in Self.lines {
                let base = star * Self.neighbours
                let others = SIMD4<Int32>(
                    Int32(star), nearest[base + line[0]], nearest[base + line[1]], nearest[base + line[2]])
                guard others[1] >= 0, others[2] >= 0, others[3] >= 0, !isSeenEarlier(others) else { continue }
                SkyQuads.shape(others) { directions[Int($0)] }.quads(slack: 0) { quad in
                    if lengths.contains(quad.length) { result.append(quad) }
                }
            }
        }
        return result
    }

    /// Four stars in the plane that touches the sphere in their middle.
    @inline(__always)
    static func shape(_ stars: SIMD4<Int32>, _ direction: (Int32) -> SkyVector) -> QuadShape {
        let (a, b, c, d) = (direction(stars[0]), direction(stars[1]), direction(stars[2]), direction(stars[3]))
        let sum = SkyVector(x: a.x + b.x + c.x + d.x, y: a.y + b.y + c.y + d.y, z: a.z + b.z + c.z + d.z)
        let inverse = 1 / max(1e-30, sum.dot(sum).squareRoot())
        let frame = TangentFrame(SkyVector(x: sum.x * inverse, y: sum.y * inverse, z: sum.z * inverse))
        let point = { (vector: SkyVector) in
            let plane = frame.project(vector)
            return PlanePoint(x: plane.xi, y: plane.eta)
        }
        return QuadShape(points: (point(a), point(b), point(c), point(d)), stars: stars)
    }

    /// Whether an earlier member makes the same quad.
    private func isSeenEarlier(_ stars: SIMD4<Int32>) -> Bool {
        for member in 1..<4 where stars[member] < stars[0] {
            var places = SIMD4<Int>(repeating: -1)
            var found = 0
            for slot in 0..<Self.neighbours {
                let star = nearest[Int(stars[member]) * Self.neighbours + slot]
                if star == stars[0] || star == stars[1] || star == stars[2] || star == stars[3] {
                    places[found] = slot
                    found += 1
                }
            }
            if found == 3, Self.third[places[0] * Self.neighbours + places[1]] == places[2] { return true }
        }
        return false
    }
}

/// Finds the nearest neighbours of stars on the sphere, by cells of space.
struct NearestOnSphere {
    let directions: [SkyVector]
    private let cells: Int
    private let starts: [UInt32]
    private let order: [Int32]

    init(_ directions: [SkyVector]) {
        self.directions = directions
        // The mean distance of stars, and a half: most neighbourhoods lie in 27 cells.
        let spacing = (4 * Double.pi / Double(max(1, directions.count))).squareRoot()
        cells = max(1, min(256, Int(2 / (1.5 * spacing))))
        var starts = [UInt32](repeating: 0, count: cells * cells * cells + 1)
        let count = cells
        let keys = directions.map { vector in
            let (x, y, z) = Self.place(vector, count)
            return (z * count + y) * count + x
        }
        for key in keys { starts[key + 1] += 1 }
        for index in 1..<starts.count { starts[index] += starts[index - 1] }
        var (next, order) = (starts, [Int32](repeating: 0, count: directions.count))
        for (index, key) in keys.enumerated() {
            order[Int(next[key])] = Int32(index)
            next[key] += 1
        }
        (self.starts, self.order) = (starts, order)
    }

    @inline(__always)
    private static func place(_ v: SkyVector, _ cells: Int) -> (Int, Int, Int) {
        let scale = 0.5 * Double(cells)
        let cell = { (value: Double) in max(0, min(cells - 1, Int((value + 1) * scale))) }
        return (cell(v.x), cell(v.y), cell(v.z))
    }

    /// The k nearest other stars of each, the nearest first; of equally near ones the first; -1 where there are not so
    /// many.
    func neighbours(_ k: Int) -> [Int32] {
        var result = [Int32](repeating: -1, count: directions.count * k)
        var distances = [Double](repeating: .infinity, count: k)
        let side = 2 / Double(cells)
        for star in directions.indices {
            var ring = 1
            while true {
                for slot in 0..<k { (distances[slot], result[star * k + slot]) = (.infinity, -1) }
                search(star, ring: ring, k, &distances, &result)
                let reach = side * Double(ring)
                if distances[k - 1] <= reach * reach || ring > cells { break }
                ring *= 2
            }
        }
        return result
    }

    @inline(__always)
    private func search(_ star: Int, ring: Int, _ k: Int, _ distances: inout [Double], _ result: inout [Int32]) {
        let centre = directions[star]
        let (x, y, z) = Self.place(centre, cells)
        for plane in max(0, z - ring)...min(cells - 1, z + ring) {
            for row in max(0, y - ring)...min(cells - 1, y + ring) {
                let base = (plane * cells + row) * cells
                let (first, last) = (base + max(0, x - ring), base + min(cells - 1, x + ring))
                for entry in Int(starts[first])..<Int(starts[last + 1]) {
                    let other = Int(order[entry])
                    let distance = directions[other].squaredChord(centre)
                    guard other != star, distance < distances[k - 1] else { continue }
                    var slot = k - 1
                    while slot > 0, distances[slot - 1] > distance {
                        distances[slot] = distances[slot - 1]
                        result[star * k + slot] = result[star * k + slot - 1]
                        slot -= 1
                    }
                    (distances[slot], result[star * k + slot]) = (distance, Int32(other))
                }
            }
        }
    }
}
