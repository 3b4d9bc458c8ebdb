import Association
import Foundation
import PortableNumbers
import Sky
import Testing

/// A position this far east and north of another [arcsec].
func displaced(_ position: SkyPosition, east: Double, north: Double) -> SkyPosition {
    let angle = SkyAngle.positionAngle(east: east, north: north)
    return position.displaced(
        separationDegrees: (east * east + north * north).squareRoot() / 3600, positionAngleDegrees: angle)
}

func sky(_ ra: Double, _ dec: Double) throws -> SkyPosition { try SkyPosition(raDegrees: ra, decDegrees: dec) }

func object(_ number: Int64, _ position: SkyPosition, error: Double = 0.1) -> SkyObject {
    SkyObject(
        identifier: number, position: position, covariance: PositionCovariance(errorArcsec: error), epoch: 2026)
}

func detection(_ position: SkyPosition, error: Double = 0.1) -> PlacedDetection {
    PlacedDetection(position: position, covariance: PositionCovariance(errorArcsec: error))
}

@Suite("Bringing detections and objects together")
struct AssociateTests {
    @Test("chi^2 is that of the difference with both covariances, also for slanted ellipses, everywhere on the sky")
    func chiSquared() throws {
        let (one, other) = (
            PositionCovariance(eastEast: 0.09, eastNorth: 0.03, northNorth: 0.04),
            PositionCovariance(eastEast: 0.02, eastNorth: -0.01, northNorth: 0.05)
        )
        // (C1 + C2)^-1 for d = (0.4, -0.3), by hand.
        let (a, b, d) = (0.11, 0.02, 0.09)
        let truth = (d * 0.16 + 2 * b * 0.12 + a * 0.09) / (a * d - b * b)
        for (ra, dec) in [(0.0, 0.0), (359.99999, 40), (123, -89.9), (200, 89.0)] {
            let place = try sky(ra, dec)
            let found = associate(
                [PlacedDetection(position: place, covariance: one)],
                with: [
                    SkyObject(
                        identifier: 1, position: displaced(place, east: 0.4, north: -0.3), covariance: other,
                        epoch: 2026)
                ])
            #expect(found[0].object == 0)
            // 6 arcmin from the pole, the two norths are 4 arcmin apart.
            #expect(abs(found[0].chiSquared - truth) < 1e-3 * truth, "at \(ra), \(dec): \(found[0].chiSquared)")
        }
    }

    @Test("near a pole the axes of two positions differ, and the ellipse of each is turned with them")
    func turnedAxes() throws {
        let needle = PositionCovariance(eastEast: 0.0001, eastNorth: 0, northNorth: 0.25)
        // A quarter turn around the pole: the object's north is the detection's east.
        let (seen, known) = (try sky(0, 90 - 0.3 / 3600), try sky(90, 90 - 0.3 / 3600))
        let found = associate(
            [PlacedDetection(position: seen, covariance: needle)],
            with: [SkyObject(identifier: 1, position: known, covariance: needle, epoch: 2026)])
        // Each needle points at the pole; the difference is 0.3 arcsec in the axis of each.
        #expect(abs(found[0].chiSquared - 2 * 0.09 / 0.2501) < 1e-5)
    }

    @Test("beyond the limit of chi^2, or of separation, a detection is a new object")
    func limits() throws {
        let place = try sky(10, 20)
        let limit = 18.42.squareRoot() * 0.02.squareRoot()
        for (distance, known) in [(limit * 0.999, true), (limit * 1.001, false)] {
            let found = associate([detection(place)], with: [object(1, displaced(place, east: 0, north: distance))])
            #expect((found[0].object == 0) == known)
            #expect(found[0].isNew != known)
        }
        let wide = associate(
            [detection(place, error: 50)], with: [object(1, displaced(place, east: 11, north: 0), error: 50)])
        #expect(wide[0].isNew)
    }

    @Test("a cluster around any place on the sky, poles and RA 0 included, finds itself again")
    func everywhere() throws {
        for (ra, dec) in [(0.0, 0.0), (359.9999, 45), (17, 90), (17, -90), (180, -89.999), (0, -66.4)] {
            var words = SplitMix64(seed: 7)
            let centre = try sky(ra, dec)
            let truth = (0..<300).map { _ in
                displaced(centre, east: 1200 * (words.uniform() - 0.5), north: 1200 * (words.uniform() - 0.5))
            }
            let objects = truth.enumerated().map { object(Int64($0.offset), $0.element, error: 0.02) }
            let seen = truth.map { place in
                detection(displaced(place, east: 0.05 * words.gaussian(), north: 0.05 * words.gaussian()), error: 0.05)
            }
            let outcomes = associate(seen, with: objects)
            #expect(outcomes.enumerated().allSatisfy { $0.offset == $0.element.object }, "at \(ra), \(dec)")
            let mean = outcomes.reduce(0) { $0 + $1.chiSquared } / 300
            // Two degrees of freedom, objects without an error of their own.
            #expect(abs(mean - 2 * 0.0025 / 0.0029) < 0.4, "at \(ra), \(dec): \(mean)")
        }
    }

    @Test("two stars one arcsecond apart keep their own detections, whichever comes first")
    func pair() throws {
        let one = try sky(0, 60)
        let other = displaced(one, east: 1, north: 0)
        let objects = [object(5, one), object(6, other)]
        let seen = [
            detection(displaced(one, east: 0.2, north: 0)), detection(displaced(other, east: -0.1, north: 0.1)),
        ]
        #expect(associate(seen, with: objects).map(\.object) == [0, 1])
        #expect(associate(seen.reversed(), with: objects).map(\.object) == [1, 0])
        #expect(associate(seen, with: objects.reversed()).map(\.object) == [1, 0])
        #expect(associate(seen, with: objects).allSatisfy { $0.flags.isEmpty }, "7 sigma apart")
    }

    @Test("the nearest in chi^2 wins, not the nearest in arcseconds, and doubtful ones are flagged")
    func nearestInSigmas() throws {
        let place = try sky(200, -30)
        let objects = [
            object(1, displaced(place, east: 0.5, north: 0), error: 0.1),
            object(2, displaced(place, east: -0.7, north: 0), error: 0.5),
        ]
        let found = associate([detection(place)], with: objects)
        #expect(found[0].object == 1)
        #expect(found[0].flags == .ambiguous)
    }

    @Test("of two detections of one object the nearer has it; the other is new, or a duplicate where none can be")
    func contested() throws {
        let place = try sky(359.9999, 0)
        let seen = [
            detection(displaced(place, east: 0.3, north: 0)), detection(displaced(place, east: -0.05, north: 0)),
        ]
        let apart = associate(seen, with: [object(9, place)])
        #expect(apart.map(\.object) == [nil, 0])
        #expect(apart.map(\.flags) == [.contested, .contested])
        #expect(apart[0].isNew)
        let limits = AssociationLimits(resolutionArcsec: 0.6)
        let blurred = associate(seen, with: [object(9, place)], limits: limits)
        #expect(blurred.map(\.object) == [nil, 0])
        #expect(blurred[0].flags == .duplicate && !blurred[0].isNew)
    }

    @Test("of the same place three times, without an object, the first is new")
    func duplicates() throws {
        let place = try sky(77, 89.99999)
        let outcomes = associate(
            [detection(place), detection(place), detection(place)], with: [],
            limits: AssociationLimits(resolutionArcsec: 0.5))
        #expect(outcomes.map(\.isNew) == [true, false, false])
        #expect(outcomes.map(\.flags) == [[], .duplicate, .duplicate])
    }

    @Test("the order of detections and objects does not matter in a crowded field")
    func orders() throws {
        var words = SplitMix64(seed: 3)
        let centre = try sky(0, -45)
        let places = (0..<400).map { _ in
            displaced(centre, east: 60 * (words.uniform() - 0.5), north: 60 * (words.uniform() - 0.5))
        }
        let objects = places.prefix(300).enumerated().map { object(Int64($0.offset), $0.element, error: 0.4) }
        let seen = places.suffix(300).map { place in
            detection(displaced(place, east: 0.3 * words.gaussian(), north: 0.3 * words.gaussian()), error: 0.3)
        }
        let expected = associate(seen, with: objects)
        let names = expected.map { $0.object.map { objects[$0].identifier } }
        #expect(names.contains(nil) && names.contains { $0 != nil })
        #expect(Set(names.compactMap { $0 }).count == names.compactMap { $0 }.count, "an object has one detection")
        for _ in 0..<3 {
            let shuffledObjects = objects.shuffled(using: &words)
            let order = seen.indices.shuffled(using: &words)
            let found = associate(order.map { seen[$0] }, with: shuffledObjects)
            for (place, outcome) in zip(order, found) {
                #expect(outcome.object.map { shuffledObjects[$0].identifier } == names[place])
                #expect(outcome.flags == expected[place].flags && outcome.chiSquared == expected[place].chiSquared)
            }
        }
    }

    @Test("no detections, no objects, errors that are no numbers: an answer all the same")
    func hostile() throws {
        let place = try sky(1, 1)
        #expect(associate([], with: [object(1, place)]).isEmpty)
        #expect(associate([detection(place)], with: [])[0].isNew)
        for error in [Double.nan, .infinity, 0] {
            let found = associate([detection(place, error: error)], with: [object(1, place, error: 0)])
            #expect(found[0].object == nil)
        }
    }
}

@Suite("Objects that move")
struct MotionTests {
    @Test("Barnard's star is found where it is after ten years, with the error of its motion, and not where it was")
    func barnard() throws {
        let motion = try ProperMotion(raMasPerYear: -802.8, decMasPerYear: 10_362.5, parallaxMas: 547)
        let star = SkyObject(
            identifier: 1, position: try sky(269.452, 4.693), covariance: PositionCovariance(errorArcsec: 0.001),
            epoch: 2016, motion: motion, motionErrorMasPerYear: 3)
        let now = star.moved(to: 2026)
        #expect(abs(now.position.separationDegrees(from: star.position) * 3600 - 103.94) < 0.1)
        #expect(abs(now.covariance.errorArcsec - (0.001 * 0.001 + 0.03 * 0.03).squareRoot()) < 1e-9)
        #expect(associate([detection(now.position)], with: [now])[0].object == 0)
        #expect(associate([detection(star.position)], with: [now])[0].isNew)
        #expect(star.wanders(beyond: 20, during: 1990...2060))
        #expect(!star.wanders(beyond: 500, during: 1990...2060))
        #expect(object(1, star.position).moved(to: 1950) == object(1, star.position))
    }
}

/// Angles of test positions.
enum SkyAngle {
    /// North through east [deg].
    static func positionAngle(east: Double, north: Double) -> Double { atan2(east, north) * (180 / .pi) }
}
