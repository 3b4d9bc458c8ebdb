internal import Astrometry
internal import PortableNumbers
internal import Sky
internal import Testing

@Suite struct NearestNeighboursTests {
    @Test("the grid finds what a search through all points finds")
    func bruteForce() {
        var random = SplitMix64(seed: 1)
        let points = (0..<400).map { _ in
            (x: Double.random(in: -50..<300, using: &random), y: Double.random(in: 0..<90, using: &random))
        }
        let grid = PointGrid(points, radius: 4)
        for _ in 0..<500 {
            let x = Double.random(in: -70..<320, using: &random)
            let y = Double.random(in: -20..<110, using: &random)
            let radius = Double.random(in: 0..<30, using: &random)
            let square = { (index: Int) in
                (points[index].x - x) * (points[index].x - x) + (points[index].y - y) * (points[index].y - y)
            }
            let expected = points.indices.filter { square($0) <= radius * radius }.min { square($0) < square($1) }
            #expect(grid.nearest(x: x, y: y, within: radius) == expected)
        }
    }

    @Test("each catalogue entry is used once, by the closest position")
    func oneToOne() {
        let catalogue = [(x: 10.0, y: 10.0), (x: 20, y: 10), (x: .nan, y: 3)]
        let positions = [(x: 10.9, y: 10.0), (x: 10.1, y: 10), (x: 20.5, y: 10), (x: 50, y: 50), (x: .nan, y: 0)]
        #expect(match(positions, to: catalogue, radius: 2) == [nil, 0, 1, nil, nil])
        #expect(match(positions, to: [], radius: 2) == [nil, nil, nil, nil, nil])
        #expect(match([], to: catalogue, radius: 2) == [])
    }

    @Test("sky positions match across RA 0 and at the pole")
    func sky() throws {
        let catalogue = [
            try SkyPosition(raDegrees: 359.9999, decDegrees: 10), try SkyPosition(raDegrees: 10, decDegrees: 89.9999),
            try SkyPosition(raDegrees: 180, decDegrees: -10),
        ]
        let positions = [
            try SkyPosition(raDegrees: 0.0001, decDegrees: 10), try SkyPosition(raDegrees: 190, decDegrees: 89.9999),
            try SkyPosition(raDegrees: 180.01, decDegrees: -10),
        ]
        #expect(match(positions, to: catalogue, radiusArcsec: 1) == [0, 1, nil])
    }
}
