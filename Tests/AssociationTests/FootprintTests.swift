import Association
import Foundation
import PortableNumbers
import Sky
import Testing

@Suite("The cells of a frame")
struct FootprintTests {
    private func holds(_ footprint: SkyFootprint, _ position: SkyPosition) -> Bool {
        let cell = SkyCell(containing: position, order: SkyCell.maximumOrder).number
        return footprint.ranges.contains { $0.contains(cell) }
    }

    @Test("every position within the margin of a detection is in the ranges, at poles, borders of base cells and RA 0")
    func complete() throws {
        var words = SplitMix64(seed: 11)
        let places = [
            (0.0, 0.0), (45, 41.81), (90, -41.8), (0, 90), (200, -90), (359.9999, 10), (123.4, -56.7), (91, 80),
            (5, 88),
        ]
        for (ra, dec) in places {
            let centre = try sky(ra, dec)
            for (radius, margin) in [(1800.0, 30.0), (5000, 80), (20, 100), (0, 3), (36_000, 20)] {
                let frame = (0..<40).map { _ in
                    displaced(
                        centre, east: 2 * radius * (words.uniform() - 0.5), north: 2 * radius * (words.uniform() - 0.5))
                }
                let footprint = SkyFootprint(around: frame, marginArcsec: margin)
                for place in frame {
                    #expect(holds(footprint, place))
                    let near = place.displaced(
                        separationDegrees: 0.999 * margin / 3600, positionAngleDegrees: 360 * words.uniform())
                    #expect(holds(footprint, near), "\(margin) arcsec from \(place)")
                }
            }
        }
    }

    @Test("ranges are in order and apart, and little more sky than the frame")
    func tight() throws {
        var words = SplitMix64(seed: 12)
        let centre = try sky(83.6, 22)
        let frame = (0..<3000).map { _ in
            displaced(centre, east: 3600 * (words.uniform() - 0.5), north: 3600 * (words.uniform() - 0.5))
        }
        let footprint = SkyFootprint(around: frame, marginArcsec: 20)
        for (one, next) in zip(footprint.ranges, footprint.ranges.dropFirst()) {
            #expect(one.upperBound < next.lowerBound)
        }
        let cells = footprint.ranges.reduce(0.0) { $0 + Double($1.count) }
        let area = cells / Double(SkyCell.count(order: SkyCell.maximumOrder)) * 41_252.96
        #expect(area > 1 && area < 1.6, "\(area) square degrees for one")
        #expect(footprint.ranges.count < 150)
        #expect(footprint.regions.count <= 4 && footprint.regions == footprint.regions.sorted())
    }

    @Test("around each position alone there is every cell within the margin, everywhere on the sky, and little more")
    func near() throws {
        var words = SplitMix64(seed: 14)
        let places = [
            (0.0, 0.0), (45, 41.81), (44.9, 41.9), (90, -41.8), (0, 90), (200, -90), (359.9999, 10), (123.4, -56.7),
            (91, 80), (5, 88), (30.95, 46.8), (300, 89.9), (275, -65),
        ]
        for (ra, dec) in places {
            let centre = try sky(ra, dec)
            let frame = (0..<300).map { _ in
                displaced(centre, east: 5400 * (words.uniform() - 0.5), north: 5400 * (words.uniform() - 0.5))
            }
            let whole = SkyFootprint(around: frame, marginArcsec: 30)
            for margin in [12.0, 3.1] {
                let near = SkyFootprint(near: frame, marginArcsec: margin, in: whole)
                for place in frame {
                    for _ in 0..<4 {
                        let other = place.displaced(
                            separationDegrees: 0.9999 * margin / 3600, positionAngleDegrees: 360 * words.uniform())
                        #expect(holds(near, other), "\(margin) arcsec from \(place)")
                    }
                }
                let cells = near.ranges.reduce(0.0) { $0 + Double($1.count) }
                let area = cells / Double(SkyCell.count(order: SkyCell.maximumOrder)) * 41_252.96 * 3600 * 3600
                #expect(area < 300 * 20 * margin * margin, "\(area) square arcseconds")
                #expect(near.regions == whole.regions)
            }
            #expect(SkyFootprint(near: frame, marginArcsec: 400, in: whole) == whole, "nothing is won")
        }
    }

    @Test("nothing has no footprint, the whole sky has all of it")
    func extremes() throws {
        #expect(SkyFootprint(around: [], marginArcsec: 10).ranges.isEmpty)
        var words = SplitMix64(seed: 13)
        let everywhere = try (0..<2000).map { _ in
            try sky(360 * words.uniform(), asin(2 * words.uniform() - 1) * (180 / .pi))
        }
        let whole = SkyFootprint(around: everywhere, marginArcsec: 10)
        #expect(whole.ranges == [0..<SkyCell.count(order: SkyCell.maximumOrder)])
        #expect(whole.regions.count == 3072)
    }

    @Test("an identifier is the cell of the position; a cell that is taken gives the next free one")
    func identifiers() throws {
        let place = try sky(0, 90)
        let cell = SkyCell(containing: place, order: 29).number
        #expect(ObjectIdentifier.identifier(at: place) { _ in false } == cell)
        #expect(ObjectIdentifier.identifier(at: place) { $0 < cell + 3 && $0 >= cell } == cell + 3)
        let last = SkyCell.count(order: 29) - 1
        let centre = try #require(SkyCell(order: 29, number: last)).centre
        #expect(ObjectIdentifier.identifier(at: centre) { $0 == last } == 0)
    }
}
