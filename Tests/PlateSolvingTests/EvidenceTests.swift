import Glibc
import PortableNumbers
import Testing

@testable import PlateSolving

@Suite("Order, fit and odds")
struct EvidenceTests {
    @Test("cells take turns, each with its brightest first")
    func evenOrder() {
        // Cell 0 holds the five brightest; cells 1 and 2 have one and two.
        let cell: [Int32] = [0, 0, 0, 0, 0, 1, 2, 2]
        let even = EvenOrder(brightestFirst: [0, 1, 2, 3, 4, 5, 6, 7], cell: cell, cells: 3)
        #expect(even.order == [0, 5, 6, 1, 7, 2, 3, 4])
        #expect(even.rank == [0, 0, 0, 1, 1, 2, 3, 4])
        #expect([0, 1, 2, 3, 9].map { even.count(below: $0) } == [0, 3, 5, 6, 8])
        #expect(sortedByKey([2, .nan, 1, 1, -.infinity]) == [4, 2, 3, 0, 1])
    }

    @Test("least squares give back the map that made the points")
    func fits() throws {
        var words = SplitMix64(seed: 5)
        let affine = AffineMap(xu: 900, xv: 20, yu: -35, yv: 1100, x0: 1e5, y0: -3e4)
        let similar = AffineMap(xu: 800, xv: -300, yu: 300, yv: 800, x0: 12, y0: 5)
        let mirrored = AffineMap(xu: 800, xv: 300, yu: 300, yv: -800, x0: 12, y0: 5)
        for map in [affine, similar, mirrored] {
            var sums = FitSums()
            for _ in 0..<20 {
                let (u, v) = (5 + words.uniform(), words.uniform() - 9)
                let place = map(u, v)
                sums.add(u: u, v: v, x: place.x, y: place.y, weight: 0.1 + words.uniform())
            }
            var fitted = [try #require(sums.affine)]
            if map.xu != affine.xu { fitted.append(try #require(sums.similarity(mirrored: map.determinant < 0))) }
            for found in fitted {
                let (place, wanted) = (found(5.3, -8.2), map(5.3, -8.2))
                #expect(abs(place.x - wanted.x) < 1e-6 && abs(place.y - wanted.y) < 1e-6)
                let inverse = try #require(found.inverse)
                let back = inverse(wanted.x, wanted.y)
                #expect(abs(back.x - 5.3) < 1e-9 && abs(back.y + 8.2) < 1e-9)
            }
        }
        var line = FitSums()
        for step in 0..<5 { line.add(u: Double(step), v: 2 * Double(step), x: 1, y: 1, weight: 1) }
        #expect(line.affine == nil)
    }

    @Test("the odds of two lists are what the formula gives by hand")
    func byHand() {
        // Three stars, the first and third matched: k!(n-k)!/(n+1)! = 2! 1! / 4! = 1/12.
        let terms = [Evidence.Term(gain: 9, weight: 1), nil, Evidence.Term(gain: 7, weight: 0.5)]
        let odds = Evidence(stars: 3).logOdds(3, totalWeight: 2) { terms[$0] }
        // The first takes 1 of a weight of 2, the second 0.5 of the 1 that is left.
        #expect(abs(odds - (9 + 7 + log(0.5) + log(0.5) + log(1.0 / 12) - log(3.0))) < 1e-12)
        #expect(Evidence(stars: 3).logOdds(3, totalWeight: 2) { _ in nil } == -.infinity)
    }

    @Test("a wider search asks for more: tenfold the radius costs ln 100, twice the parities ln 2")
    func searchVolume() {
        let one = SearchVolume(area: 1e6, rotation: 6.28, scale: 0.4, parities: 1)
        let two = SearchVolume(area: 1e8, rotation: 6.28, scale: 0.4, parities: 2)
        let ratios = [one, two].map { $0.logRatio(stars: 9, variance: 0.1, squaredRadius: 1e5, isAffine: true) }
        #expect(abs(ratios[1] - ratios[0] - log(200.0)) < 1e-12)
        #expect(ratios[0] > 20)
    }

    @Test("in a clump chance matches are worth little, elsewhere as much as on an even frame")
    func densities() {
        var words = SplitMix64(seed: 6)
        var x = (0..<100).map { _ in 1000 * words.uniform() }
        var y = (0..<100).map { _ in 1000 * words.uniform() }
        x += (0..<100).map { _ in 500 + 5 * words.gaussian() }
        y += (0..<100).map { _ in 500 + 5 * words.gaussian() }
        let densities = relativeDensities(x: x, y: y, area: 1e6)
        let outside = (0..<100).filter { abs(x[$0] - 500) > 100 || abs(y[$0] - 500) > 100 }.map { densities[$0] }
        #expect(outside.allSatisfy { $0 < 5 })
        #expect(densities[100...].sorted()[50] > 200)
    }

    @Test("the grid finds the nearest neighbours that looking at every pair finds")
    func neighbours() {
        var words = SplitMix64(seed: 7)
        let x = (0..<300).map { _ in words.uniform() * words.uniform() }
        let y = (0..<300).map { _ in words.uniform() }
        let found = PlaneGrid(x: x, y: y, pointsPerCell: 2).nearestNeighbours(5)
        for point in 0..<300 {
            let wanted = (0..<300).filter { $0 != point }.sorted {
                squared(x[$0] - x[point], y[$0] - y[point]) < squared(x[$1] - x[point], y[$1] - y[point])
            }.prefix(5)
            #expect(found[(5 * point)..<(5 * point + 5)].map { Int($0) } == Array(wanted))
        }
    }
}
