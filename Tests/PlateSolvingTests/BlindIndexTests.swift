import Foundation
import PortableNumbers
import Sky
import StarFields
import Testing

@testable import PlateSolving

@Suite("The index for blind solving")
struct BlindIndexTests {
    private func directions(_ count: Int, seed: UInt64) -> [SkyVector] {
        var words = SplitMix64(seed: seed)
        return (0..<count).map { _ in
            let vector = SkyVector(x: words.gaussian(), y: words.gaussian(), z: words.gaussian())
            let length = vector.dot(vector).squareRoot()
            return SkyVector(x: vector.x / length, y: vector.y / length, z: vector.z / length)
        }
    }

    @Test("no two neighbours of a star stand together in two of its quads, and each stands in three")
    func lines() {
        var (pairs, members) = (Set<Set<Int>>(), [Int](repeating: 0, count: 7))
        for line in SkyQuads.lines {
            for (a, b) in [(0, 1), (0, 2), (1, 2)] { pairs.insert([line[a], line[b]]) }
            for place in 0..<3 { members[line[place]] += 1 }
        }
        #expect(pairs.count == 21)
        #expect(members == [Int](repeating: 3, count: 7))
    }

    @Test("the nearest neighbours on the sphere are those that a comparison of all pairs finds")
    func neighbours() {
        var stars = directions(600, seed: 1)
        // A clump, the poles, and two in one place.
        stars += directions(60, seed: 2).map { vector in
            let moved = SkyVector(x: 0.01 * vector.x, y: 0.01 * vector.y, z: -1)
            let length = moved.dot(moved).squareRoot()
            return SkyVector(x: moved.x / length, y: moved.y / length, z: moved.z / length)
        }
        stars += [SkyVector(x: 0, y: 0, z: 1), SkyVector(x: 0, y: 0, z: -1), SkyVector(x: 0, y: 0, z: 1)]
        let nearest = NearestOnSphere(stars).neighbours(7)
        for star in stars.indices {
            let all = stars.indices.filter { $0 != star }.map { stars[$0].squaredChord(stars[star]) }.sorted()
            let found = (0..<7).map { stars[Int(nearest[star * 7 + $0])].squaredChord(stars[star]) }
            #expect(found == Array(all.prefix(7)))
        }
        #expect(NearestOnSphere(directions(3, seed: 3)).neighbours(7).count { $0 < 0 } == 15)
    }

    @Test("a star is found from a direction near it, and its distance is right")
    func nearestStar() throws {
        let index = try BlindTestSky.index.get()
        index.withLayers { layers in
            for layer in layers {
                var (missed, words) = (0, SplitMix64(seed: 5))
                for _ in 0..<300 {
                    let star = layer.direction(Int(words.uniform() * Double(layer.head.starCount)))
                    let near = TangentFrame(star).direction(
                        xi: 1e-4 * (words.uniform() - 0.5), eta: 1e-4 * (words.uniform() - 0.5))
                    let square = layer.leastSquaredChord(near, within: 1e-4)
                    if square > star.squaredChord(near) + 1e-18 { missed += 1 }
                    #expect(square >= 0)
                }
                // Across the edge of a face it need not be.
                #expect(missed <= 3)
            }
        }
    }

    @Test("every quad of the index is found by its own code, at the tolerance of 12 bits")
    func lookUp() throws {
        let index = try BlindTestSky.index.get()
        #expect(index.quadCount > 50_000)
        index.withLayers { layers in
            for layer in layers {
                let stars = (0..<layer.head.starCount).map { layer.direction($0) }
                let quads = SkyQuads(stars).quads(lengths: layer.head.lengths)
                #expect(abs(quads.count - layer.head.quadCount) <= 2)
                for quad in quads.prefix(500) {
                    var found = false
                    layer.visit(quad.code, tolerance: 0.0005) { sky in
                        if sky == SIMD4<UInt32>(truncatingIfNeeded: quad.stars) { found = true }
                    }
                    #expect(found)
                }
            }
        }
    }

    @Test("layers thin out by half, evenly over the sky, the brightest stars first")
    func layers() throws {
        let index = try BlindTestSky.index.get()
        #expect(index.layerCount >= 6)
        for (dense, thin) in zip(index.heads, index.heads.dropFirst()) {
            #expect(Double(thin.starCount) < 0.9 * Double(dense.starCount))
            #expect(Double(thin.starCount) > 0.35 * Double(dense.starCount))
        }
        #expect(index.catalogueID == "made-up")
        #expect(index.catalogueStars == 41_000)
    }

    @Test("the same stars give the same bytes in any order")
    func sameBytes() {
        #expect(BlindTestSky.bytes(of: BlindTestSky.stars.reversed()) == BlindTestSky.bytes)
    }

    @Test("bytes that are no index, cut, or of another version are refused with the reason")
    func refused() throws {
        let whole = BlindTestSky.bytes
        func reason(_ change: (inout Data) -> Void) -> String {
            var bytes = whole
            change(&bytes)
            do {
                _ = try BlindIndex(bytes)
                return "accepted"
            } catch {
                return error.description
            }
        }
        #expect(reason { $0 = Data() }.contains("before its head"))
        #expect(reason { $0 = $0.prefix(100) }.contains("before its head"))
        #expect(reason { $0[0] = 0 }.contains("no index"))
        #expect(reason { $0[8] = 9 }.contains("version 9"))
        #expect(reason { $0[12] = 77 }.contains("77 layers"))
        #expect(reason { $0.removeLast(64) }.contains("its head says"))
        #expect(reason { $0[128 + 8] ^= 1 << 5 }.contains("layers take"))
        #expect(
            reason {
                $0[128 + 16] = 0
                $0[128 + 17] = 0
            }.contains("cannot be"))
        #expect(reason { _ in } == "accepted")
    }

    @Test("an index whose numbers are damaged is searched without harm and finds nothing false")
    func damaged() throws {
        var recipe = FieldRecipe(name: "7 degrees")
        (recipe.scale, recipe.depth, recipe.catalogueError) = (12, 1, 0)
        let field = try BlindTestSky.field(recipe, seed: 3)
        var bytes = BlindTestSky.bytes
        var words = SplitMix64(seed: 8)
        for _ in 0..<bytes.count / 50 {
            let place = 2048 + Int(words.uniform() * Double(bytes.count - 2048))
            bytes[place] = UInt8(truncatingIfNeeded: words.next())
        }
        let index = try BlindIndex(bytes)
        let result = solveBlind(image: field.image, size: field.size, scaleRange: 11...13, index: index) {
            BlindTestSky.around($0, $1)
        }
        if let solution = result.solution { #expect(field.error(of: solution.tangent) < 1.5) }
    }
}
