import Association
import PortableNumbers
import Sky
import Testing

@Suite("Positions near others")
struct PositionGridTests {
    @Test(
        "none within the radius is missed and none is named twice, at the poles and across the end of right ascension")
    func complete() throws {
        var words = SplitMix64(seed: 21)
        for (ra, dec) in [(0.0, 0.0), (359.9999, 30), (10, 90), (200, -89.9995), (123, -45)] {
            let centre = try sky(ra, dec)
            for radius in [0.5, 11, 3600] {
                var grid = PositionGrid(radiusArcsec: radius)
                var all: [SkyPosition] = []
                for _ in 0..<300 {
                    let place = centre.displaced(
                        separationDegrees: 4 * radius / 3600 * words.uniform().squareRoot(),
                        positionAngleDegrees: 360 * words.uniform())
                    all.append(place)
                    grid.append(place)
                }
                #expect(grid.count == 300)
                for place in all {
                    var found: [Int] = []
                    grid.near(place) { found.append($0) }
                    #expect(Set(found).count == found.count)
                    let within = all.indices.filter { 3600 * all[$0].separationDegrees(from: place) <= radius }
                    #expect(Set(found).isSuperset(of: within))
                    #expect(found.allSatisfy { 3600 * all[$0].separationDegrees(from: place) <= 7 * radius })
                }
            }
        }
    }

    @Test("an empty grid has nothing, and a radius as wide as the sky finds all")
    func extremes() throws {
        var grid = PositionGrid(radiusArcsec: 180 * 3600)
        grid.near(try sky(1, 2)) { _ in Issue.record("there is nothing") }
        for dec in [-90.0, -10, 0, 45, 90] { grid.append(try sky(77, dec)) }
        var found: Set<Int> = []
        grid.near(try sky(257, 3)) { found.insert($0) }
        #expect(found == [0, 1, 2, 3, 4])
    }
}
