import PortableNumbers
import Testing

@testable import PlateSolving

@Suite("Quads")
struct QuadTests {
    private func shape(_ points: [PlanePoint], order: [Int] = [0, 1, 2, 3]) -> QuadShape {
        let sorted = order.map { points[$0] }
        let stars = SIMD4<Int32>(Int32(order[0]), Int32(order[1]), Int32(order[2]), Int32(order[3]))
        return QuadShape(points: (sorted[0], sorted[1], sorted[2], sorted[3]), stars: stars)
    }

    private func canonical(_ shape: QuadShape) -> Quad? {
        var found: Quad?
        shape.quads(slack: 0) { found = $0 }
        return found
    }

    private func random(_ words: inout SplitMix64) -> [PlanePoint] {
        (0..<4).map { _ in PlanePoint(x: words.uniform(), y: words.uniform()) }
    }

    @Test("a quad of known shape has the code that geometry gives it")
    func knownCode() throws {
        // A (0, 0), B (10, 0), C (2, 1), D (5, -3): the longest side is AB.
        let points = [(5.0, -3.0), (10, 0), (2, 1), (0, 0)].map { PlanePoint(x: $0.0, y: $0.1) }
        let quad = try #require(canonical(shape(points)))
        #expect(quad.stars == SIMD4(3, 1, 2, 0))
        let difference = quad.code - SIMD4<Float>(0.2, 0.1, 0.5, -0.3)
        #expect(max(difference.max(), -difference.min()) < 1e-6)
        #expect(quad.length == 10)
    }

    @Test("shift, rotation, scale and the order of the stars leave the code alone; a mirror turns both y")
    func invariance() throws {
        var words = SplitMix64(seed: 1)
        for _ in 0..<200 {
            let points = random(&words)
            let quad = try #require(canonical(shape(points)))
            let (a, b) = (3 * words.uniform() - 1, 3 * words.uniform() - 1)
            let moved = points.map { PlanePoint(x: a * $0.x - b * $0.y + 7, y: b * $0.x + a * $0.y - 2) }
            let same = try #require(canonical(shape(moved, order: [2, 0, 3, 1])))
            #expect(same.stars == quad.stars)
            #expect(abs((same.code - quad.code).max()) < 1e-4)
            let mirrored = try #require(canonical(shape(points.map { PlanePoint(x: -$0.x, y: $0.y) })))
            #expect(abs((mirrored.code - quad.code * SIMD4(1, -1, 1, -1)).max()) < 1e-4)
            #expect(quad.code.x <= quad.code.z)
            #expect(quad.code.x + quad.code.z <= 1.000_001)
        }
    }

    @Test("with slack, a noisy quad offers the code that the true one has, however its order may have flipped")
    func slack() throws {
        var words = SplitMix64(seed: 2)
        var flipped = 0
        for _ in 0..<1000 {
            let points = random(&words)
            let truth = try #require(canonical(shape(points)))
            guard truth.length > 0.5 else { continue }
            let noisy = points.map {
                PlanePoint(x: $0.x + 0.001 * words.gaussian(), y: $0.y + 0.001 * words.gaussian())
            }
            if let other = canonical(shape(noisy)), other.stars != truth.stars { flipped += 1 }
            var isOffered = false
            shape(noisy).quads(slack: 0.02) { quad in
                let difference = quad.code - truth.code
                let greatest = max(difference.max(), -difference.min())
                if quad.stars == truth.stars, greatest < 0.02 { isOffered = true }
            }
            #expect(isOffered)
        }
        #expect(flipped > 3)
    }

    @Test("the table finds exactly the quads within the tolerance")
    func table() {
        var words = SplitMix64(seed: 3)
        var list: [Quad] = []
        while list.count < 1500 {
            let points = random(&words)
            shape(points).quads(slack: 0) { quad in
                var numbered = quad
                numbered.stars[0] = Int32(list.count)
                list.append(numbered)
            }
        }
        let table = QuadTable(list)
        for tolerance in [Float(0.003), 0.02, 0.031] {
            for quad in list.prefix(30) {
                let code = quad.code + SIMD4<Float>(0.01, -0.01, 0.005, 0)
                var found: Set<Int32> = []
                table.visit(code, tolerance: tolerance) { other in
                    found.insert(other.stars[0])
                    return true
                }
                let wanted = list.filter { other in
                    let difference = other.code - code
                    return max(difference.max(), -difference.min()) <= tolerance
                }
                #expect(found == Set(wanted.map { $0.stars[0] }))
            }
        }
    }

    @Test("every set of four that a neighbourhood holds is made once")
    func neighbourhoods() {
        var words = SplitMix64(seed: 4)
        let x = (0..<60).map { _ in words.uniform() }
        let y = (0..<60).map { _ in words.uniform() }
        let hoods = Neighbourhoods(x: x, y: y, k: 6)
        var made: [Set<Int32>] = []
        let place = { (star: Int, anchor: Int) in PlanePoint(x: x[star] - x[anchor], y: y[star] - y[anchor]) }
        hoods.sets(place: place) { shape in
            made.append([shape.stars[0], shape.stars[1], shape.stars[2], shape.stars[3]])
        }
        var wanted: Set<Set<Int32>> = []
        for anchor in 0..<60 {
            let near = (0..<60).filter { $0 != anchor }.sorted {
                squared(x[$0] - x[anchor], y[$0] - y[anchor]) < squared(x[$1] - x[anchor], y[$1] - y[anchor])
            }.prefix(6).map { Int32($0) }
            for one in 0..<6 {
                for two in (one + 1)..<6 {
                    for three in (two + 1)..<6 { wanted.insert([Int32(anchor), near[one], near[two], near[three]]) }
                }
            }
        }
        #expect(Set(made) == wanted)
        #expect(made.count == wanted.count)
    }
}
