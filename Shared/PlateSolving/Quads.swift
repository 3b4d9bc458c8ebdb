internal import Glibc

/// Four stars in canonical order, and how they lie.
///
/// A and B are the two farthest apart; C and D in the frame in which A is (0, 0) and B is (1, 0). A and B are ordered
/// so that `xC + xD <= 1`, C and D so that `xC <= xD`: four numbers that shift, rotation and scale do not change. Of a
/// mirrored quad both y change sign.
/// - Source: Lang et al. 2010, AJ 139, 1782, section 2.1 (there B is (1, 1)).
struct Quad {
    /// A, B, C, D.
    var stars: SIMD4<Int32>
    /// xC, yC, xD, yD.
    var code: SIMD4<Float>
    /// Distance from A to B, in the unit of its plane.
    var length: Float
}

/// A place of a star near another one.
struct PlanePoint {
    var x: Double
    var y: Double

    @inline(__always)
    func squaredDistance(_ other: PlanePoint) -> Double {
        let (dx, dy) = (x - other.x, y - other.y)
        return dx * dx + dy * dy
    }
}

/// Four points and all the orders that may be the canonical one within their errors.
struct QuadShape {
    var points: (PlanePoint, PlanePoint, PlanePoint, PlanePoint)
    var stars: SIMD4<Int32>

    private static let pairs: [(a: Int, b: Int, c: Int, d: Int)] = [
        (0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2), (1, 2, 0, 3), (1, 3, 0, 2), (2, 3, 0, 1),
    ]

    @inline(__always)
    private func point(_ index: Int) -> PlanePoint {
        switch index {
        case 0: points.0
        case 1: points.1
        case 2: points.2
        default: points.3
        }
    }

    @inline(__always)
    private var squares: (Double, Double, Double, Double, Double, Double) {
        (
            points.0.squaredDistance(points.1), points.0.squaredDistance(points.2),
            points.0.squaredDistance(points.3), points.1.squaredDistance(points.2),
            points.1.squaredDistance(points.3), points.2.squaredDistance(points.3)
        )
    }

    /// Calls `body` with the canonical quad; with `slack` above 0 also with those that errors of the code up to it
    /// would have made canonical.
    @inline(__always)
    func quads(slack: Double, _ body: (Quad) -> Void) {
        let all = squares
        let longest = max(max(all.0, all.1, all.2), max(all.3, all.4, all.5))
        guard longest > 0 else { return }
        let limit = slack > 0 ? longest * (1 - 2 * slack) : longest
        for (index, square) in [all.0, all.1, all.2, all.3, all.4, all.5].enumerated() where square >= limit {
            emit(Self.pairs[index], square, slack, body)
            if slack == 0 { return }
        }
    }

    @inline(__always)
    private func emit(
        _ roles: (a: Int, b: Int, c: Int, d: Int), _ square: Double, _ slack: Double, _ body: (Quad) -> Void
    ) {
        let (a, b, c, d) = (point(roles.a), point(roles.b), point(roles.c), point(roles.d))
        let (bx, by) = ((b.x - a.x) / square, (b.y - a.y) / square)
        let (cx, cy) = ((c.x - a.x) * bx + (c.y - a.y) * by, (c.y - a.y) * bx - (c.x - a.x) * by)
        let (dx, dy) = ((d.x - a.x) * bx + (d.y - a.y) * by, (d.y - a.y) * bx - (d.x - a.x) * by)
        let length = Float(square.squareRoot())
        let (sum, difference) = (cx + dx - 1, cx - dx)
        for swapsAB in [false, true] where swapsAB ? sum > -2 * slack : sum <= 2 * slack {
            // Seen from B the order of C and D is the other way round.
            let lead = swapsAB ? -difference : difference
            for swapsCD in [false, true] where swapsCD ? lead > -2 * slack : lead <= 2 * slack {
                let code = SIMD4<Float>(Float(cx), Float(cy), Float(dx), Float(dy))
                let turned = swapsAB ? SIMD4<Float>(1 - code.x, -code.y, 1 - code.z, -code.w) : code
                let (first, second) = swapsAB ? (roles.b, roles.a) : (roles.a, roles.b)
                let (third, fourth) = swapsCD ? (roles.d, roles.c) : (roles.c, roles.d)
                body(
                    Quad(
                        stars: SIMD4(stars[first], stars[second], stars[third], stars[fourth]),
                        code: swapsCD ? SIMD4(turned.z, turned.w, turned.x, turned.y) : turned, length: length))
            }
        }
    }
}

/// Every set of four that a star makes with three of its nearest neighbours, once.
struct Neighbourhoods {
    let count: Int
    let k: Int
    /// k for each star; -1 where there are not so many.
    let nearest: [Int32]

    init(x: [Double], y: [Double], k: Int) {
        count = x.count
        self.k = min(k, max(0, x.count - 1))
        nearest = self.k >= 3 ? PlaneGrid(x: x, y: y, pointsPerCell: 2).nearestNeighbours(self.k) : []
    }

    /// - Parameters:
    ///   - place: of the second star as seen from the first.
    ///   - body: is called with the four stars, the one whose neighbourhood it is first, and their places.
    @inline(__always)
    func sets(place: (_ star: Int, _ anchor: Int) -> PlanePoint, _ body: (QuadShape) -> Void) {
        guard k >= 3 else { return }
        var local = [PlanePoint](repeating: PlanePoint(x: 0, y: 0), count: k)
        for anchor in 0..<count {
            let base = anchor * k
            for slot in 0..<k { local[slot] = place(Int(nearest[base + slot]), anchor) }
            for one in 0..<(k - 2) {
                for two in (one + 1)..<(k - 1) {
                    for three in (two + 1)..<k {
                        let stars = SIMD4<Int32>(
                            Int32(anchor), nearest[base + one], nearest[base + two], nearest[base + three])
                        guard !isSeenEarlier(stars) else { continue }
                        body(
                            QuadShape(
                                points: (PlanePoint(x: 0, y: 0), local[one], local[two], local[three]), stars: stars))
                    }
                }
            }
        }
    }

    /// Whether the neighbourhood of an earlier member holds the other three as well.
    @inline(__always)
    private func isSeenEarlier(_ stars: SIMD4<Int32>) -> Bool {
        for member in 1..<4 where stars[member] < stars[0] {
            let base = Int(stars[member]) * k
            var found = 0
            for slot in 0..<k {
                let star = nearest[base + slot]
                if star == stars[0] || star == stars[1] || star == stars[2] || star == stars[3] { found += 1 }
            }
            if found == 3 { return true }
        }
        return false
    }
}
