import Foundation
import PlateSolving
import ReferenceCatalogue
import Sky
import Testing

@testable import CatalogueTiles

@Suite("What of a tile is read for a cone")
struct ConeSieveTests {
    @Test("rows are taken and left by their coordinates as by the stars' own places, however they move")
    func answers() throws {
        var known = 0
        for (ra, dec) in [(0.0, 0.0), (359.99, 41.8), (12, 89.9), (200, -90), (80, -67)] {
            let centre = try SkyPosition(raDegrees: ra, decDegrees: dec)
            for radius in [0, 0.1, 3, 40, 170, 180.0] {
                let sieve = ConeSieve(try Cone(centre: centre, radiusDegrees: radius, epoch: 2026.5))
                for step in 0..<400 {
                    let start = centre.displaced(
                        separationDegrees: min(180, max(0.2, 1.6 * radius) * (Double(step) / 400)),
                        positionAngleDegrees: 137.508 * Double(step))
                    let speed = Float([0, 20, 900, 50_000][step % 4])
                    let motion = (ra: speed * Float(sin(Double(step))), dec: speed * Float(cos(Double(step))))
                    let answer = sieve.answer(
                        ra: start.raDegrees, dec: start.decDegrees, epoch: 1991.25, motion: motion)
                    let star = try ProperMotion(raMasPerYear: Double(motion.ra), decMasPerYear: Double(motion.dec))
                    let end = start.moved(by: star, from: 1991.25, to: 2026.5)
                    let isIn = end.separationDegrees(from: centre) <= radius
                    #expect(answer == .perhaps || (answer == .inside) == isIn, "\(ra) \(dec) \(radius) \(step)")
                    known += answer == .perhaps ? 0 : 1
                }
            }
        }
        // All but those at the rim, and of cones wider than the half sky.
        #expect(known > 6000)
    }

    @Test("numbers that are none, and motions that no star has, are left to the star itself")
    func hostile() throws {
        let centre = try SkyPosition(raDegrees: 10, decDegrees: 10)
        let sieve = ConeSieve(try Cone(centre: centre, radiusDegrees: 1, epoch: 2020))
        let still = (ra: Float.nan, dec: Float.nan)
        #expect(sieve.answer(ra: .nan, dec: 10, epoch: 2016, motion: still) == .perhaps)
        #expect(sieve.answer(ra: 10, dec: 91, epoch: 2016, motion: still) == .perhaps)
        #expect(sieve.answer(ra: 10, dec: 10, epoch: .nan, motion: (ra: 1, dec: 1)) == .perhaps)
        #expect(sieve.answer(ra: 10, dec: 50, epoch: 2016, motion: (ra: 1e15, dec: 0)) == .perhaps)
        #expect(sieve.answer(ra: 10, dec: 10, epoch: 2016, motion: still) == .inside)
        #expect(sieve.answer(ra: 370, dec: 10, epoch: 2016, motion: still) == .inside)
        #expect(sieve.answer(ra: 10, dec: 12, epoch: 2016, motion: still) == .outside)
        // As if it did not move, for the star that is made of the row does not.
        #expect(sieve.answer(ra: 10, dec: 10, epoch: 2016, motion: (ra: 1e30, dec: 0)) == .inside)
    }
}
